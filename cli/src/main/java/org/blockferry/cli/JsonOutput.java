package org.blockferry.cli;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.StreamWriteFeature;
import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.core.util.Separators;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;

/** JSON, one value a line. The library behind it is loaded when the first one is written. */
final class JsonOutput {
    private static final JsonFactory FACTORY =
            JsonFactory.builder().disable(StreamWriteFeature.AUTO_CLOSE_TARGET).disable(StreamWriteFeature.FLUSH_PASSED_TO_STREAM).build();

    /** Writes the fields of an object. */
    @FunctionalInterface
    interface Body {
        void write(JsonGenerator json) throws IOException;
    }

    private JsonOutput() {
    }

    /** Prints one object as one line, whole: lines of several threads do not mix. */
    static void line(PrintWriter to, Body body) {
        StringWriter line = new StringWriter();
        try (JsonGenerator json = FACTORY.createGenerator(line)) {
            json.writeStartObject();
            body.write(json);
            json.writeEndObject();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        to.println(line);
    }

    /** Prints one object that may be too long to be held. */
    static void stream(PrintWriter to, Body body) throws IOException {
        try (JsonGenerator json = FACTORY.createGenerator(to)) {
            json.writeStartObject();
            body.write(json);
            json.writeEndObject();
        }
        to.println();
    }

    /** Prints a value over several lines, as qemu-img does. */
    static void pretty(PrintWriter to, Body body) throws IOException {
        DefaultIndenter indenter = new DefaultIndenter("    ", "\n");
        DefaultPrettyPrinter printer = new DefaultPrettyPrinter(
                Separators.createDefaultInstance().withObjectFieldValueSpacing(Separators.Spacing.AFTER));
        printer.indentObjectsWith(indenter);
        printer.indentArraysWith(indenter);
        try (JsonGenerator json = FACTORY.createGenerator(to)) {
            json.setPrettyPrinter(printer);
            body.write(json);
        }
        to.println();
    }

    /** Seconds with a millisecond's precision: more digits say nothing. */
    static double seconds(java.time.Duration duration) {
        return duration.toMillis() / 1000.0;
    }
}

package org.blockferry.cli;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * One run of the command line within this process.
 *
 * @param code exit code
 * @param out everything on stdout; not what a stream target writes, which goes past it
 * @param err everything on stderr
 */
public record CliRun(int code, String out, String err) {

    /** {@code blockferry ARGS}, without a terminal. */
    public static CliRun of(String... args) {
        return of(Optional.empty(), args);
    }

    /** {@code blockferry ARGS} with a terminal of 80 columns behind stderr. */
    public static CliRun onTerminal(String... args) {
        return of(Optional.of(new Terminal(80)), args);
    }

    private static CliRun of(Optional<Terminal> terminal, String... args) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        int code = new Launcher(new PrintWriter(out), new PrintWriter(err), terminal, Signals.NONE).run(args);
        return new CliRun(code, out.toString(), err.toString());
    }

    /** Fails with both outputs unless the exit code is this one. */
    public CliRun expect(int expected) {
        if (code != expected) {
            throw new AssertionError("exit code " + code + ", not " + expected + "\nstdout: " + out + "\nstderr: " + err);
        }
        return this;
    }

    /** The single JSON value on stdout: maps, lists, strings, numbers, booleans. */
    public Map<String, Object> json() {
        return object(out);
    }

    /** A JSON object as a tree. */
    @SuppressWarnings("unchecked")
    public static Map<String, Object> object(String text) {
        try (JsonParser parser = new JsonFactory().createParser(text)) {
            parser.nextToken();
            Map<String, Object> tree = (Map<String, Object>) value(parser);
            if (parser.nextToken() != null) {
                throw new AssertionError("more than one value: " + text);
            }
            return tree;
        } catch (IOException e) {
            throw new UncheckedIOException("not JSON: " + text, e);
        }
    }

    private static Object value(JsonParser parser) throws IOException {
        switch (parser.currentToken()) {
            case START_OBJECT -> {
                Map<String, Object> object = new LinkedHashMap<>();
                while (parser.nextToken() != JsonToken.END_OBJECT) {
                    String name = parser.currentName();
                    parser.nextToken();
                    object.put(name, value(parser));
                }
                return object;
            }
            case START_ARRAY -> {
                List<Object> array = new ArrayList<>();
                while (parser.nextToken() != JsonToken.END_ARRAY) {
                    array.add(value(parser));
                }
                return array;
            }
            case VALUE_NUMBER_INT -> {
                return parser.getLongValue();
            }
            case VALUE_NUMBER_FLOAT -> {
                return parser.getDoubleValue();
            }
            case VALUE_TRUE, VALUE_FALSE -> {
                return parser.getBooleanValue();
            }
            default -> {
                return parser.getText();
            }
        }
    }
}

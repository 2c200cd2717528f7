package org.blockferry.cli.soak;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.util.Map;
import java.util.TreeMap;

/** What was done so far. */
final class SoakFigures {
    private final long seed;
    private final Map<String, Integer> sources = new TreeMap<>();
    private final Map<String, Integer> targets = new TreeMap<>();
    private final Map<String, Integer> servers = new TreeMap<>();
    private final Map<String, Integer> kills = new TreeMap<>();
    private int rounds;
    private int resumable;
    private int endedBefore;
    private long bytes;

    SoakFigures(long seed) {
        this.seed = seed;
    }

    void resumable() {
        resumable++;
    }

    void server(String name) {
        servers.merge(name, 1, Integer::sum);
    }

    /** @param cut whether the copy was cut short by it; otherwise it had ended before */
    void killed(String signal, boolean cut) {
        kills.merge(signal, 1, Integer::sum);
        endedBefore += cut ? 0 : 1;
    }

    void round(SoakSource source, SoakTarget target, long length) {
        rounds++;
        bytes += length;
        sources.merge(source.kind(), 1, Integer::sum);
        targets.merge(target.kind(), 1, Integer::sum);
    }

    String json(double seconds, String failure) {
        StringWriter text = new StringWriter();
        try (JsonGenerator json = new JsonFactory().createGenerator(text)) {
            json.writeStartObject();
            json.writeNumberField("seed", seed);
            json.writeNumberField("seconds", Math.round(seconds * 10) / 10.0);
            json.writeNumberField("rounds", rounds);
            json.writeNumberField("bytes", bytes);
            write(json, "sources", sources);
            write(json, "servers", servers);
            write(json, "targets", targets);
            json.writeNumberField("resumable", resumable);
            write(json, "signals", kills);
            json.writeNumberField("ended_before_the_signal", endedBefore);
            json.writeStringField("failure", failure);
            json.writeEndObject();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return text.toString();
    }

    private static void write(JsonGenerator json, String name, Map<String, Integer> counts) throws IOException {
        json.writeObjectFieldStart(name);
        for (Map.Entry<String, Integer> count : counts.entrySet()) {
            json.writeNumberField(count.getKey(), count.getValue());
        }
        json.writeEndObject();
    }
}

package org.blockferry.cli;

import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.io.PrintWriter;
import org.blockferry.engine.job.Progress;

/** For programs: one object a line. */
final class JsonProgress implements ProgressView {
    private final PrintWriter err;

    JsonProgress(PrintWriter err) {
        this.err = err;
    }

    @Override
    public void show(Progress progress) {
        JsonOutput.line(err, json -> {
            json.writeStringField("type", "progress");
            writeFields(json, progress);
            Pace pace = Pace.of(progress);
            json.writeNumberField("bytes_per_second", pace.bytesPerSecond());
            if (pace.left().isPresent()) {
                json.writeNumberField("seconds_left", JsonOutput.seconds(pace.left().get()));
            }
        });
    }

    @Override
    public void finish(Progress progress) {
        show(progress);
    }

    /** The fields that every report of bytes has. The five kinds do not overlap; an unknown total is left out. */
    static void writeFields(JsonGenerator json, Progress progress) throws IOException {
        if (progress.total() != Progress.UNKNOWN) {
            json.writeNumberField("total", progress.total());
        }
        json.writeNumberField("done", progress.done());
        json.writeNumberField("copied", progress.copied());
        json.writeNumberField("offloaded", progress.offloaded());
        json.writeNumberField("zeroed", progress.zeroed());
        json.writeNumberField("zero_detected", progress.zeroDetected());
        json.writeNumberField("skipped", progress.skipped());
        json.writeNumberField("seconds", JsonOutput.seconds(progress.elapsed()));
    }
}

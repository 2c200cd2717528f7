package org.blockferry.cli;

import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalLong;
import org.blockferry.engine.job.Progress;
import org.blockferry.engine.mirror.MirrorEvent;
import org.blockferry.engine.mirror.MirrorProgress;
import org.blockferry.engine.util.ByteSize;

/** Says how a mirror job is getting on, to people and to programs. */
final class MirrorReport {
    private MirrorReport() {
    }

    /** As progress of a copy whose length grows. */
    static Progress asCopy(MirrorProgress progress, Duration elapsed) {
        return new Progress(progress.length(), Math.min(progress.offset(), progress.length()), 0, 0, 0, 0, elapsed);
    }

    /** One line: {@code running, pass 2: 9 GiB of 10 GiB, copying 800 MiB/s, written 20 MiB/s, ready in 2 s}. */
    static String line(MirrorProgress progress) {
        StringBuilder line = new StringBuilder(progress.status().word()).append(", pass ").append(progress.pass()).append(": ")
                .append(ByteSize.format(progress.offset())).append(" of ").append(ByteSize.format(progress.length()))
                .append(", copying ").append(ByteSize.format(progress.copyRate())).append("/s, written ")
                .append(ByteSize.format(progress.dirtyRate())).append("/s");
        OptionalLong seconds = progress.secondsToReady();
        return line.append(seconds.isPresent() ? ", ready in " + seconds.getAsLong() + " s"
                : ", not ready as long as the guest writes faster than that").toString();
    }

    /** The members that QEMU gives an event. */
    static Map<String, Object> data(MirrorEvent event, String id, long speed) {
        Map<String, Object> data = new LinkedHashMap<>();
        if (event.name() == MirrorEvent.Name.JOB_STATUS_CHANGE) {
            data.put("id", id);
            data.put("status", event.status().word());
            return data;
        }
        data.put("device", id);
        if (event.name() == MirrorEvent.Name.BLOCK_JOB_ERROR) {
            data.put("operation", event.operation());
            data.put("action", event.action());
        } else {
            data.put("type", "mirror");
            data.put("len", event.length());
            data.put("offset", event.offset());
            data.put("speed", speed);
        }
        if (!event.error().isEmpty()) {
            // QEMU leaves it out of BLOCK_JOB_ERROR, where it is of most use.
            data.put("error", ErrorReport.oneLine(event.error()));
        }
        return data;
    }

    /** An event as QEMU writes it, on a line. */
    static void print(PrintWriter err, MirrorEvent event) {
        JsonOutput.line(err, json -> {
            json.writeStringField("event", event.name().name());
            json.writeObjectFieldStart("data");
            for (Map.Entry<String, Object> member : data(event, MirrorControl.ID, 0).entrySet()) {
                json.writePOJOField(member.getKey(), member.getValue());
            }
            json.writeEndObject();
        });
        err.flush();
    }

    /** Progress on a line. */
    static void print(PrintWriter err, MirrorProgress progress) {
        JsonOutput.line(err, json -> {
            json.writeStringField("type", "progress");
            json.writeStringField("status", progress.status().word());
            json.writeNumberField("pass", progress.pass());
            json.writeNumberField("offset", progress.offset());
            json.writeNumberField("len", progress.length());
            json.writeNumberField("dirty", progress.dirty());
            json.writeNumberField("copied_per_second", progress.copyRate());
            json.writeNumberField("dirtied_per_second", progress.dirtyRate());
            if (progress.secondsToReady().isPresent()) {
                json.writeNumberField("seconds_to_ready", progress.secondsToReady().getAsLong());
            }
        });
        err.flush();
    }

    /** The result, as JSON. */
    static void write(JsonGenerator json, MirrorProgress progress, String ending, String targetState) throws IOException {
        json.writeStringField("result", ending);
        json.writeNumberField("passes", progress.pass());
        json.writeNumberField("offset", progress.offset());
        json.writeNumberField("len", progress.length());
        json.writeStringField("target", targetState);
    }
}

package org.blockferry.cli;

import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.List;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.ByteRange;
import org.blockferry.engine.job.CopyResult;
import org.blockferry.engine.job.Verification;
import org.blockferry.engine.pipeline.StageReport;

/** The JSON that {@code copy --json} ends with: one object, whatever happened. */
final class CopyReport {
    private CopyReport() {
    }

    static void print(PrintWriter to, CopyRequest request, CopyResult result) {
        JsonOutput.line(to, json -> {
            json.writeStringField("type", "result");
            json.writeStringField("status", result.cancelled() ? "cancelled" : "done");
            writeNames(json, request);
            json.writeStringField("target_state", result.targetState());
            JsonProgress.writeFields(json, result.progress());
            json.writeArrayFieldStart("salvaged");
            for (ByteRange range : result.salvagedRanges()) {
                json.writeStartObject();
                writeRange(json, range);
                json.writeEndObject();
            }
            json.writeEndArray();
            json.writeNumberField("salvaged_bytes", result.salvaged());
            if (result.falseHole().isPresent()) {
                json.writeObjectFieldStart("false_hole");
                writeRange(json, result.falseHole().get());
                json.writeEndObject();
            }
            if (result.verification().isPresent()) {
                Verification verified = result.verification().get();
                json.writeObjectFieldStart("verification");
                json.writeStringField("algorithm", verified.source().algorithm().word());
                json.writeStringField("source", verified.source().hex());
                json.writeStringField("target", verified.target().hex());
                json.writeBooleanField("past_page_cache", verified.pastCache());
                json.writeEndObject();
            }
            if (result.statistics().isPresent()) {
                writeStatistics(json, result.statistics().get());
            }
        });
    }

    /** What was chosen: lines for people, or one object for programs. */
    static void choice(PrintWriter err, CopyRequest request, List<String> lines) {
        if (request.json()) {
            JsonOutput.line(err, json -> {
                json.writeStringField("type", "choice");
                json.writeArrayFieldStart("reasons");
                for (String line : lines) {
                    json.writeString(line);
                }
                json.writeEndArray();
            });
        } else {
            lines.forEach(err::println);
        }
        err.flush();
    }

    private static void writeStatistics(JsonGenerator json, StageReport report) throws IOException {
        json.writeObjectFieldStart("statistics");
        json.writeStringField("shape", report.shape());
        json.writeStringField("bottleneck", report.bottleneck());
        json.writeNumberField("threads", report.threads());
        json.writeNumberField("slots", report.slots());
        json.writeNumberField("mean_slots_in_use", Math.round(report.meanSlotsInUse() * 10) / 10.0);
        json.writeNumberField("max_slots_in_use", report.maxSlotsInUse());
        json.writeArrayFieldStart("operations");
        for (StageReport.Operation operation : report.operations()) {
            json.writeStartObject();
            json.writeStringField("name", operation.name());
            json.writeNumberField("requests", operation.count());
            json.writeNumberField("bytes", operation.bytes());
            json.writeNumberField("busy_seconds", JsonOutput.seconds(operation.busy()));
            json.writeNumberField("p50_nanos", operation.p50Nanos());
            json.writeNumberField("p99_nanos", operation.p99Nanos());
            json.writeNumberField("max_nanos", operation.maxNanos());
            json.writeEndObject();
        }
        json.writeEndArray();
        json.writeEndObject();
    }

    /** A copy that failed: the same object with what is known of the failure. */
    static void print(PrintWriter to, CopyRequest request, Exception failure, String targetState) {
        JsonOutput.line(to, json -> {
            json.writeStringField("type", "result");
            json.writeStringField("status", "failed");
            writeNames(json, request);
            json.writeStringField("target_state", targetState);
            json.writeObjectFieldStart("error");
            json.writeStringField("message", ErrorReport.message(failure));
            if (failure instanceof BlockException block) {
                json.writeStringField("kind", block.kind().name());
                json.writeStringField("node", block.node());
                if (block.range().isPresent()) {
                    writeRange(json, block.range().get());
                }
            }
            json.writeEndObject();
        });
    }

    private static void writeNames(JsonGenerator json, CopyRequest request) throws IOException {
        json.writeArrayFieldStart("sources");
        for (String source : request.options().sources()) {
            json.writeString(source);
        }
        json.writeEndArray();
        json.writeStringField("target", request.options().target());
    }

    static void writeRange(JsonGenerator json, ByteRange range) throws IOException {
        json.writeNumberField("start", range.offset());
        json.writeNumberField("length", range.length());
    }
}

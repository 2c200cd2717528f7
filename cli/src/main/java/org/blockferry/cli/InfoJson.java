package org.blockferry.cli;

import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.blockferry.engine.block.BackingReference;
import org.blockferry.engine.block.FormatDetails;
import org.blockferry.engine.block.FormatDetails.Bitmap;
import org.blockferry.engine.block.FormatDetails.Property;
import org.blockferry.engine.block.FormatDetails.Snapshot;
import org.blockferry.engine.inspect.ImageInfo;

/** The JSON of {@code qemu-img info}: the fields of QEMU's {@code ImageInfo}. */
final class InfoJson {
    private InfoJson() {
    }

    /** @param list whether a chain was asked for: then it is a list, however short */
    static void print(PrintWriter out, List<ImageInfo> all, boolean list) throws IOException {
        JsonOutput.pretty(out, json -> {
            if (list) {
                json.writeStartArray();
            }
            for (ImageInfo info : all) {
                image(json, info);
            }
            if (list) {
                json.writeEndArray();
            }
        });
    }

    private static void image(JsonGenerator json, ImageInfo info) throws IOException {
        FormatDetails details = info.details();
        json.writeStartObject();
        if (!details.snapshots().isEmpty()) {
            json.writeArrayFieldStart("snapshots");
            for (Snapshot snapshot : details.snapshots()) {
                snapshot(json, snapshot);
            }
            json.writeEndArray();
        }
        Optional<BackingReference> backing = info.backing();
        if (backing.isPresent() && backing.get().format().isPresent()) {
            json.writeStringField("backing-filename-format", backing.get().format().get());
        }
        json.writeNumberField("virtual-size", info.virtualSize());
        json.writeStringField("filename", info.image());
        if (details.clusterSize().isPresent()) {
            json.writeNumberField("cluster-size", details.clusterSize().getAsLong());
        }
        json.writeStringField("format", info.format());
        if (info.actualSize().isPresent()) {
            json.writeNumberField("actual-size", info.actualSize().getAsLong());
        }
        if (!details.properties().isEmpty()) {
            json.writeObjectFieldStart("format-specific");
            json.writeStringField("type", info.format());
            json.writeObjectFieldStart("data");
            specific(json, details);
            json.writeEndObject();
            json.writeEndObject();
        }
        if (backing.isPresent()) {
            json.writeStringField("full-backing-filename", info.backingPath().orElse(backing.get().file()));
            json.writeStringField("backing-filename", backing.get().file());
        }
        json.writeBooleanField("dirty-flag", details.dirty());
        json.writeEndObject();
    }

    private static void specific(JsonGenerator json, FormatDetails details) throws IOException {
        for (Property property : details.properties()) {
            if (property.value() instanceof Boolean flag) {
                json.writeBooleanField(property.name(), flag);
            } else if (property.value() instanceof Long number) {
                json.writeNumberField(property.name(), number);
            } else {
                json.writeStringField(property.name(), property.value().toString());
            }
        }
        List<Bitmap> bitmaps = details.bitmaps().orElse(List.of());
        if (!bitmaps.isEmpty()) {
            json.writeArrayFieldStart("bitmaps");
            for (Bitmap bitmap : bitmaps) {
                json.writeStartObject();
                json.writeArrayFieldStart("flags");
                for (String flag : flags(bitmap)) {
                    json.writeString(flag);
                }
                json.writeEndArray();
                json.writeStringField("name", bitmap.name());
                json.writeNumberField("granularity", bitmap.granularity());
                json.writeEndObject();
            }
            json.writeEndArray();
        }
    }

    static List<String> flags(Bitmap bitmap) {
        return bitmap.inUse() ? bitmap.auto() ? List.of("in-use", "auto") : List.of("in-use")
                : bitmap.auto() ? List.of("auto") : List.of();
    }

    private static void snapshot(JsonGenerator json, Snapshot snapshot) throws IOException {
        json.writeStartObject();
        if (snapshot.instructions().isPresent()) {
            json.writeNumberField("icount", snapshot.instructions().getAsLong());
        }
        long second = TimeUnit.SECONDS.toNanos(1);
        json.writeNumberField("vm-clock-nsec", Long.remainderUnsigned(snapshot.guestNanos(), second));
        json.writeStringField("name", snapshot.name());
        json.writeNumberField("date-sec", snapshot.seconds());
        json.writeNumberField("date-nsec", snapshot.nanos());
        json.writeNumberField("vm-clock-sec", Long.divideUnsigned(snapshot.guestNanos(), second));
        json.writeStringField("id", snapshot.id());
        json.writeNumberField("vm-state-size", snapshot.stateSize());
        json.writeEndObject();
    }
}

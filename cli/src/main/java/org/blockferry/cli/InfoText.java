package org.blockferry.cli;

import java.io.PrintWriter;
import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Locale;
import org.blockferry.engine.block.BackingReference;
import org.blockferry.engine.block.FormatDetails;
import org.blockferry.engine.block.FormatDetails.Bitmap;
import org.blockferry.engine.block.FormatDetails.Property;
import org.blockferry.engine.block.FormatDetails.Snapshot;
import org.blockferry.engine.inspect.ImageInfo;

/** The text of {@code qemu-img info}, for the scripts that read it. */
final class InfoText {
    private static final String UNITS = "KMGTPE";
    private static final String INDENT = "    ";
    /** After this property QEMU shows the bitmaps. */
    private static final String BEFORE_BITMAPS = "lazy-refcounts";

    private InfoText() {
    }

    static void print(PrintWriter out, List<ImageInfo> all) {
        for (int i = 0; i < all.size(); i++) {
            if (i > 0) {
                out.println();
            }
            print(out, all.get(i));
        }
    }

    private static void print(PrintWriter out, ImageInfo info) {
        FormatDetails details = info.details();
        line(out, "image: " + info.image());
        line(out, "file format: " + info.format());
        line(out, "virtual size: " + size(info.virtualSize()) + " (" + info.virtualSize() + " bytes)");
        line(out, "disk size: " + (info.actualSize().isPresent() ? size(info.actualSize().getAsLong()) : "unavailable"));
        if (details.dirty()) {
            line(out, "cleanly shut down: no");
        }
        if (details.clusterSize().isPresent()) {
            line(out, "cluster_size: " + details.clusterSize().getAsLong());
        }
        if (info.backing().isPresent()) {
            backing(out, info, info.backing().get());
        }
        if (!details.snapshots().isEmpty()) {
            snapshots(out, details.snapshots());
        }
        if (!details.properties().isEmpty()) {
            specific(out, details);
        }
    }

    private static void backing(PrintWriter out, ImageInfo info, BackingReference backing) {
        String path = info.backingPath().orElse(backing.file());
        line(out, "backing file: " + backing.file() + (path.equals(backing.file()) ? "" : " (actual path: " + path + ")"));
        backing.format().ifPresent(format -> line(out, "backing file format: " + format));
    }

    private static void specific(PrintWriter out, FormatDetails details) {
        line(out, "Format specific information:");
        for (Property property : details.properties()) {
            line(out, INDENT + property.name().replace('-', ' ') + ": " + property.value());
            if (property.name().equals(BEFORE_BITMAPS)) {
                bitmaps(out, details.bitmaps().orElse(List.of()));
            }
        }
    }

    private static void bitmaps(PrintWriter out, List<Bitmap> bitmaps) {
        if (bitmaps.isEmpty()) {
            return;
        }
        line(out, INDENT + "bitmaps:");
        for (int i = 0; i < bitmaps.size(); i++) {
            line(out, INDENT + INDENT + "[" + i + "]:");
            line(out, INDENT + INDENT + INDENT + "flags:");
            List<String> flags = InfoJson.flags(bitmaps.get(i));
            for (int j = 0; j < flags.size(); j++) {
                line(out, INDENT + INDENT + INDENT + INDENT + "[" + j + "]: " + flags.get(j));
            }
            line(out, INDENT + INDENT + INDENT + "name: " + bitmaps.get(i).name());
            line(out, INDENT + INDENT + INDENT + "granularity: " + bitmaps.get(i).granularity());
        }
    }

    static void snapshots(PrintWriter out, List<Snapshot> snapshots) {
        line(out, "Snapshot list:");
        line(out, row("ID", "TAG", "VM SIZE", "DATE", "VM CLOCK", "ICOUNT"));
        for (Snapshot snapshot : snapshots) {
            line(out, row(snapshot.id(), snapshot.name(), size(snapshot.stateSize()),
                    DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss", Locale.ROOT).withZone(ZoneId.systemDefault())
                            .format(Instant.ofEpochSecond(snapshot.seconds())),
                    clock(snapshot.guestNanos()),
                    snapshot.instructions().isPresent() ? Long.toString(snapshot.instructions().getAsLong()) : ""));
        }
    }

    private static String row(String id, String tag, String size, String date, String clock, String instructions) {
        return String.format(Locale.ROOT, "%-9s %-16s %8s%20s%13s%11s", id, tag, size, date, clock, instructions);
    }

    private static String clock(long nanos) {
        long millis = Long.divideUnsigned(nanos, 1_000_000);
        return String.format(Locale.ROOT, "%02d:%02d:%02d.%03d", millis / 3_600_000, millis / 60_000 % 60, millis / 1000 % 60, millis % 1000);
    }

    /** What comes from an image may hold anything, and stays on its line. */
    private static void line(PrintWriter out, String text) {
        out.println(ErrorReport.oneLine(text));
    }

    /** A size in QEMU's way: three significant digits, the next unit from 1000 on. */
    static String size(long bytes) {
        int unit = 0;
        BigDecimal value = BigDecimal.valueOf(bytes);
        while (value.compareTo(BigDecimal.valueOf(1000)) >= 0 && unit < UNITS.length()) {
            value = value.divide(BigDecimal.valueOf(1024));
            unit++;
        }
        BigDecimal rounded = value.round(new MathContext(3, RoundingMode.HALF_EVEN));
        // C's %.3g: from 1000 on with an exponent.
        String text = rounded.compareTo(BigDecimal.valueOf(1000)) >= 0 ? "1e+03"
                : rounded.signum() == 0 ? "0" : rounded.stripTrailingZeros().toPlainString();
        return text + " " + (unit == 0 ? "" : UNITS.charAt(unit - 1) + "i") + "B";
    }
}

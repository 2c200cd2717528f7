package org.blockferry.cli;

import java.io.PrintWriter;
import java.nio.charset.Charset;
import java.util.List;
import org.blockferry.engine.inspect.DiskPicture;
import org.blockferry.engine.inspect.DiskPicture.Cell;
import org.blockferry.engine.inspect.DiskPicture.Kind;
import org.blockferry.engine.util.ByteSize;

/** Draws a disk in a terminal: rows of cells, each row after the offset where it begins, and a legend. */
final class PictureText {
    private static final int ROWS = 16;
    /** Room for {@code  1023 MiB }, a frame at both ends, and one column that stays free. */
    private static final int MARGIN = 13;
    private static final int LEAST_CELLS = 8;
    private static final String BLOCKS = "\u2588\u2593\u2592\u2591\u00b7";
    private static final String PLAIN = "#CBz.";

    private final int columns;
    private final String glyphs;

    /** @param columns width of the terminal */
    PictureText(int columns) {
        this(columns, Charset.defaultCharset());
    }

    PictureText(int columns, Charset charset) {
        this.columns = Math.max(LEAST_CELLS, columns - MARGIN);
        this.glyphs = charset.canEncode() && charset.newEncoder().canEncode(BLOCKS) ? BLOCKS : PLAIN;
    }

    /** The cells that there is room for. */
    int cells() {
        return columns * ROWS;
    }

    void print(PrintWriter out, String image, long start, DiskPicture picture) {
        out.println(ErrorReport.oneLine(image) + ": " + ByteSize.format(picture.length())
                + (picture.cells().isEmpty() ? "" : ", each cell " + ByteSize.format(picture.cellBytes())));
        List<Cell> cells = picture.cells();
        for (int row = 0; row < cells.size(); row += columns) {
            StringBuilder line = new StringBuilder();
            String offset = ByteSize.format(start + row * picture.cellBytes());
            line.append(" ".repeat(Math.max(0, MARGIN - 4 - offset.length()))).append(offset).append(" |");
            for (Cell cell : cells.subList(row, Math.min(cells.size(), row + columns))) {
                line.append(glyphs.charAt(cell.kind().ordinal()));
            }
            out.println(line.append('|'));
        }
        for (Kind kind : Kind.values()) {
            long bytes = picture.totals().get(kind);
            if (bytes > 0) {
                out.println("  " + glyphs.charAt(kind.ordinal()) + " " + name(kind) + "  " + ByteSize.format(bytes) + "  "
                        + percent(bytes, picture.length()));
            }
        }
    }

    static String name(Kind kind) {
        return switch (kind) {
            case DATA -> "data";
            case COMPRESSED -> "compressed";
            case BACKING -> "backing";
            case ZERO -> "zero";
            case HOLE -> "hole";
        };
    }

    static String percent(long bytes, long length) {
        long permille = Math.round(1000.0 * bytes / length);
        return permille == 0 ? "< 0.1 %" : permille / 10 + "." + permille % 10 + " %";
    }
}

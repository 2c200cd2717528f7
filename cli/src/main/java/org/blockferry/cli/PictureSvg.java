package org.blockferry.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.blockferry.engine.block.ImageLocation;
import org.blockferry.engine.graph.Layer;
import org.blockferry.engine.inspect.DiskPicture;
import org.blockferry.engine.inspect.DiskPicture.Cell;
import org.blockferry.engine.inspect.DiskPicture.Kind;
import org.blockferry.engine.inspect.ImageMap;
import org.blockferry.engine.util.ByteSize;

/** Draws a disk as SVG, for a report: a raster of cells, read like text, and a legend. Runs of like cells are one rectangle. */
final class PictureSvg {
    private static final int PER_ROW = 128;
    private static final int CELL = 7;
    private static final int LEFT = 80;
    private static final int TOP = 34;
    private static final int LEGEND = 150;

    private PictureSvg() {
    }

    /**
     * Writes the file.
     *
     * @throws IOException also if it would replace an image that is drawn
     */
    static void write(Path file, ImageMap map, String image, long start, DiskPicture picture) throws IOException {
        for (Layer layer : map.layers()) {
            ImageLocation location = layer.location();
            if (Files.exists(file) && location.protocol().equals("file") && Files.isSameFile(file, Path.of(location.rest()))) {
                throw new IOException(file + ": the picture would replace the image");
            }
        }
        try {
            Files.writeString(file, draw(image, start, picture), StandardCharsets.UTF_8);
        } catch (FileSystemException e) {
            throw new IOException(file + ": cannot be written: " + (e.getReason() == null ? e.toString() : e.getReason()), e);
        }
    }

    static String draw(String image, long start, DiskPicture picture) {
        int rows = (picture.cells().size() + PER_ROW - 1) / PER_ROW;
        int width = LEFT + PER_ROW * CELL + 10;
        int height = TOP + rows * CELL + 40;
        StringBuilder svg = new StringBuilder(1 << 16);
        svg.append("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"").append(width).append("\" height=\"").append(height)
                .append("\" viewBox=\"0 0 ").append(width).append(' ').append(height)
                .append("\" font-family=\"sans-serif\" font-size=\"11\">\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n");
        svg.append("<text x=\"10\" y=\"20\" font-size=\"14\">").append(escape(image)).append(": ")
                .append(ByteSize.format(picture.length())).append(", each cell ").append(ByteSize.format(picture.cellBytes()))
                .append("</text>\n");
        for (int row = 0; row < rows; row++) {
            row(svg, picture, start, row);
        }
        legend(svg, picture, TOP + rows * CELL + 14);
        return svg.append("</svg>\n").toString();
    }

    private static void row(StringBuilder svg, DiskPicture picture, long start, int row) {
        List<Cell> cells = picture.cells();
        int first = row * PER_ROW;
        int end = Math.min(cells.size(), first + PER_ROW);
        int y = TOP + row * CELL;
        if (row % 4 == 0) {
            svg.append("<text x=\"").append(LEFT - 6).append("\" y=\"").append(y + CELL).append("\" text-anchor=\"end\">")
                    .append(ByteSize.format(start + first * picture.cellBytes())).append("</text>\n");
        }
        for (int from = first; from < end;) {
            int to = from + 1;
            while (to < end && cells.get(to).equals(cells.get(from))) {
                to++;
            }
            Cell cell = cells.get(from);
            svg.append("<rect x=\"").append(LEFT + (from - first) * CELL).append("\" y=\"").append(y).append("\" width=\"")
                    .append((to - from) * CELL).append("\" height=\"").append(CELL - 1).append("\" fill=\"")
                    .append(color(cell.kind())).append(cell.mixed() ? "\" fill-opacity=\"0.7\"/>\n" : "\"/>\n");
            from = to;
        }
    }

    private static void legend(StringBuilder svg, DiskPicture picture, int y) {
        int x = 10;
        for (Kind kind : Kind.values()) {
            long bytes = picture.totals().get(kind);
            svg.append("<rect x=\"").append(x).append("\" y=\"").append(y - 8).append("\" width=\"9\" height=\"9\" fill=\"")
                    .append(color(kind)).append("\"/>\n<text x=\"").append(x + 14).append("\" y=\"").append(y).append("\">")
                    .append(PictureText.name(kind)).append(' ').append(ByteSize.format(bytes)).append("</text>\n");
            x += LEGEND;
        }
    }

    /** Told apart by people who see few colours, and in grey. */
    private static String color(Kind kind) {
        return switch (kind) {
            case DATA -> "#0072b2";
            case COMPRESSED -> "#009e73";
            case BACKING -> "#e69f00";
            case ZERO -> "#b9c4cc";
            case HOLE -> "#eef1f3";
        };
    }

    private static String escape(String text) {
        return ErrorReport.oneLine(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\"", "&quot;");
    }
}

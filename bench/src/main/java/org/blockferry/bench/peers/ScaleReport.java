package org.blockferry.bench.peers;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/** Writes the scale series: {@code scale.md} with the figures, {@code scale.svg} with a chart for each, on logarithmic axes. */
final class ScaleReport {
    private static final int WIDTH = 420;
    private static final int HEIGHT = 260;
    private static final int LEFT = 56;
    private static final int TOP = 44;
    private static final int PLOT_WIDTH = 340;
    private static final int PLOT_HEIGHT = 160;
    private static final double LEAST = 0.01;
    private static final double MOST = 100;

    private ScaleReport() {
    }

    static void write(Machine machine, List<Scale.Series> all, Path folder) throws IOException {
        Files.createDirectories(folder);
        StringBuilder text = new StringBuilder("# Cost against what grows\n\n");
        machine.facts().forEach((name, value) -> text.append("- ").append(name).append(": ").append(value).append('\n'));
        text.append("\nMedians of whole processes; every output was compared with its source. The peer is `qemu-img convert -W -m 16`.\n");
        for (Scale.Series series : all) {
            text.append("\n## ").append(series.name()).append("\n\n| ").append(series.unit())
                    .append(" | ours s | peer s | ratio | CPU s ours / peer | peak MiB |\n| --- | --- | --- | --- | --- | --- |\n");
            for (Scale.Point point : series.points()) {
                text.append(String.format(Locale.ROOT, "| %s | %.3f | %.3f | %.2f | %.2f / %.2f | %.0f |%n", point.label(),
                        point.ours(), point.peer(), point.ours() / point.peer(), point.oursCpu(), point.peerCpu(),
                        point.oursPeakMib()));
            }
        }
        Files.writeString(folder.resolve("scale.md"), text.toString());
        Files.writeString(folder.resolve("scale.svg"), draw(all));
    }

    static String draw(List<Scale.Series> all) {
        int rows = (all.size() + 1) / 2;
        StringBuilder svg = new StringBuilder(String.format(Locale.ROOT, """
                <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %1$d %2$d" width="%1$d" height="%2$d" font-family="sans-serif" font-size="12">
                <rect width="100%%" height="100%%" fill="#ffffff"/>
                <text x="12" y="20" font-size="14" font-weight="bold" fill="#222">Wall seconds: blockferry (green), qemu-img -W (brown)</text>
                """, 2 * WIDTH, rows * HEIGHT + 24));
        for (int i = 0; i < all.size(); i++) {
            chart(svg, all.get(i), i % 2 * WIDTH, 24 + i / 2 * HEIGHT);
        }
        return svg.append("</svg>\n").toString();
    }

    private static void chart(StringBuilder svg, Scale.Series series, int x, int y) {
        svg.append(String.format(Locale.ROOT, "<g transform=\"translate(%d %d)\">%n<text x=\"%d\" y=\"24\" fill=\"#222\">%s: %s</text>%n",
                x, y, LEFT, series.name(), series.unit()));
        for (double seconds = LEAST; seconds <= MOST; seconds *= 10) {
            svg.append(String.format(Locale.ROOT, """
                    <line x1="%d" y1="%.1f" x2="%d" y2="%.1f" stroke="#ddd"/>
                    <text x="%d" y="%.1f" text-anchor="end" fill="#666">%s</text>
                    """, LEFT, down(seconds), LEFT + PLOT_WIDTH, down(seconds), LEFT - 6, down(seconds) + 4,
                    seconds < 1 ? String.valueOf(seconds) : String.valueOf(Math.round(seconds))));
        }
        for (Scale.Point point : series.points()) {
            svg.append(String.format(Locale.ROOT, "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\" fill=\"#666\">%s</text>%n",
                    across(series, point), TOP + PLOT_HEIGHT + 18, point.label()));
        }
        line(svg, series, false, "#9a6a3a");
        line(svg, series, true, "#2f7d4f");
        svg.append("</g>\n");
    }

    private static void line(StringBuilder svg, Scale.Series series, boolean ours, String colour) {
        StringBuilder points = new StringBuilder();
        for (Scale.Point point : series.points()) {
            double seconds = ours ? point.ours() : point.peer();
            if (!Double.isNaN(seconds)) {
                points.append(String.format(Locale.ROOT, "%.1f,%.1f ", across(series, point), down(seconds)));
                svg.append(String.format(Locale.ROOT, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3\" fill=\"%s\"/>%n",
                        across(series, point), down(seconds), colour));
            }
        }
        svg.append(String.format(Locale.ROOT, "<polyline points=\"%s\" fill=\"none\" stroke=\"%s\" stroke-width=\"2\"/>%n",
                points.toString().trim(), colour));
    }

    private static double across(Scale.Series series, Scale.Point point) {
        double first = Math.log(series.points().get(0).x());
        double last = Math.log(series.points().get(series.points().size() - 1).x());
        return LEFT + 12 + (last == first ? 0 : (Math.log(point.x()) - first) / (last - first) * (PLOT_WIDTH - 24));
    }

    private static double down(double seconds) {
        double clipped = Math.max(LEAST, Math.min(MOST, seconds));
        return TOP + PLOT_HEIGHT * (1 - Math.log(clipped / LEAST) / Math.log(MOST / LEAST));
    }
}

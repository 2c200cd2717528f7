package org.blockferry.bench.peers;

import java.util.List;
import java.util.Locale;

/** Draws our time over the best peer's, one bar a workload, as SVG that reads on light and dark pages. */
final class RatioChart {
    private static final int ROW = 24;
    private static final int LABELS = 300;
    private static final int BARS = 480;
    private static final int TOP = 56;
    private static final double MOST = 2.0;

    private RatioChart() {
    }

    static String draw(List<Results> results) {
        List<Results> shown = results.stream().filter(result -> !Double.isNaN(result.ratio())).toList();
        int height = TOP + ROW * shown.size() + 28;
        int width = LABELS + BARS + 70;
        StringBuilder svg = new StringBuilder(String.format(Locale.ROOT, """
                <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" font-family="sans-serif" font-size="13">
                <rect width="100%%" height="100%%" fill="#ffffff"/>
                <text x="12" y="22" font-size="15" font-weight="bold" fill="#222">Wall time ÷ the best peer's (shorter is better)</text>
                <text x="12" y="41" fill="#666">median of whole processes; the line is the peer</text>
                """, width, height, width, height));
        int y = TOP;
        for (Results result : shown) {
            double ratio = result.ratio();
            double length = Math.min(ratio, MOST) / MOST * BARS;
            String colour = ratio <= 1 ? "#2f7d4f" : "#b3502d";
            svg.append(String.format(Locale.ROOT, """
                    <text x="%d" y="%d" text-anchor="end" fill="#222">%s, %s</text>
                    <rect x="%d" y="%d" width="%.1f" height="%d" fill="%s"/>
                    <text x="%.1f" y="%d" fill="#222">%.2f%s</text>
                    """, LABELS - 8, y + 15, result.workload().name(), result.place(), LABELS, y + 3, length, ROW - 8, colour,
                    LABELS + length + 6, y + 15, ratio, ratio > MOST ? " (cut)" : ""));
            y += ROW;
        }
        double one = LABELS + BARS / MOST;
        svg.append(String.format(Locale.ROOT, """
                <line x1="%.1f" y1="%d" x2="%.1f" y2="%d" stroke="#222" stroke-dasharray="4 3"/>
                <text x="%.1f" y="%d" text-anchor="middle" fill="#222">1.0</text>
                </svg>
                """, one, TOP - 4, one, y + 4, one, y + 20));
        return svg.toString();
    }
}

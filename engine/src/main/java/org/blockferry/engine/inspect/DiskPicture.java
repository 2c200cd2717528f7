package org.blockferry.engine.inspect;

import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.ByteRange;

/**
 * A disk in a few cells, each an equal share of it, for drawing.
 *
 * @param length bytes of the disk
 * @param cellBytes bytes of a cell, a power of two; the last one may be shorter
 * @param cells the cells, in order; none for an empty disk
 * @param totals bytes of each kind on the whole disk
 */
public record DiskPicture(long length, long cellBytes, List<Cell> cells, Map<Kind, Long> totals) {
    /** A cell is at least so large: less has no status of its own anywhere. */
    private static final int LEAST = 512;

    /** What a run is, in the order in which a legend shows them. */
    public enum Kind {
        /** Stored in the image itself. */
        DATA,
        /** Stored in the image itself, compressed. */
        COMPRESSED,
        /** Stored in an image below. */
        BACKING,
        /** Known to be zeroes: a zero cluster, or space that was taken and never written. */
        ZERO,
        /** Stored nowhere. */
        HOLE;

        private static Kind of(MapEntry entry, boolean raw) {
            if (!entry.present() || entry.zero() && raw && !entry.data()) {
                return HOLE;
            }
            if (entry.zero()) {
                return ZERO;
            }
            return entry.depth() > 0 ? BACKING : entry.compressed() ? COMPRESSED : DATA;
        }
    }

    /**
     * One share of the disk.
     *
     * @param kind what most of it is
     * @param mixed whether it also holds something else
     */
    public record Cell(Kind kind, boolean mixed) {
    }

    public DiskPicture {
        cells = List.copyOf(cells);
        totals = Collections.unmodifiableMap(new EnumMap<>(totals));
    }

    /**
     * Looks at a part of a disk.
     *
     * @param most cells at most, at least 1
     */
    public static DiskPicture of(ImageMap map, ByteRange part, int most) throws BlockException {
        ByteRange seen = part.intersect(map.range());
        long share = Math.max(LEAST, (seen.length() + most - 1) / most);
        // A power of two: on the boundaries of clusters, and an offset that can be read.
        Collector collector = new Collector(Long.highestOneBit(2 * share - 1), map);
        map.forEach(seen, collector::add);
        return collector.finish(seen.length());
    }

    /** Sums up what each cell holds. */
    private static final class Collector {
        private final long cellBytes;
        private final ImageMap map;
        private final long[] inCell = new long[Kind.values().length];
        private final long[] inAll = new long[Kind.values().length];
        private final List<Cell> cells = new ArrayList<>();
        private long filled;

        Collector(long cellBytes, ImageMap map) {
            this.cellBytes = cellBytes;
            this.map = map;
        }

        void add(MapEntry entry) {
            int kind = Kind.of(entry, map.layers().get(entry.depth()).format().equals("raw")).ordinal();
            inAll[kind] += entry.length();
            long left = entry.length();
            while (left > 0) {
                long piece = Math.min(left, cellBytes - filled);
                inCell[kind] += piece;
                filled += piece;
                left -= piece;
                if (filled == cellBytes) {
                    endCell();
                }
            }
        }

        private void endCell() {
            int most = 0;
            int kinds = 0;
            for (int i = 0; i < inCell.length; i++) {
                kinds += inCell[i] > 0 ? 1 : 0;
                most = inCell[i] > inCell[most] ? i : most;
            }
            cells.add(new Cell(Kind.values()[most], kinds > 1));
            java.util.Arrays.fill(inCell, 0);
            filled = 0;
        }

        DiskPicture finish(long length) {
            if (filled > 0) {
                endCell();
            }
            Map<Kind, Long> totals = new EnumMap<>(Kind.class);
            for (Kind kind : Kind.values()) {
                totals.put(kind, inAll[kind.ordinal()]);
            }
            return new DiskPicture(length, cellBytes, cells, totals);
        }
    }
}

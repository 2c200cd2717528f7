package org.blockferry.drivers.qcow2;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.Map;
import java.util.SplittableRandom;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.testing.ArrayDisk;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Space goes out from the front, and the refcounts in the file say exactly what went out. */
class HostSpaceTest {
    private final ArrayDisk disk = ArrayDisk.growing("disk");

    private HostSpace space(Qcow2Layout layout) {
        return new HostSpace(new FreshFile(disk), layout);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 3, 4, 5, 6})
    void refcountsSayWhatWentOut(int order) throws Exception {
        for (long seed = 1; seed <= 30; seed++) {
            disk.setLength(0);
            Qcow2Layout layout = new Qcow2Layout(9, order, false);
            HostSpace space = space(layout);
            Map<Long, Long> expected = new HashMap<>();
            SplittableRandom random = new SplittableRandom(seed);
            int requests = random.nextInt(120);
            for (int n = 0; n < requests; n++) {
                if (random.nextInt(3) == 0) {
                    int clusters = 1 + random.nextInt(random.nextInt(10) == 0 ? 900 : 4);
                    long first = space.allocate(clusters) >>> 9;
                    for (long c = first; c < first + clusters; c++) {
                        assertEquals(null, expected.put(c, 1L), "cluster " + c + " was given away twice; seed " + seed);
                    }
                } else {
                    place(space, layout, random, expected, seed);
                }
            }
            HostSpace.Table table = space.finish();
            compare(layout, table, expected, "order " + order + ", seed " + seed);
        }
    }

    private static void place(HostSpace space, Qcow2Layout layout, SplittableRandom random, Map<Long, Long> expected, long seed)
            throws BlockException {
        int[] sizes = random.ints(1 + random.nextInt(40), 1, 512).toArray();
        long[] offsets = new long[sizes.length];
        int alignment = 1 << random.nextInt(9);
        space.place(sizes, offsets, sizes.length, alignment);
        for (int i = 0; i < sizes.length; i++) {
            boolean adjoins = i > 0 && offsets[i] == offsets[i - 1] + sizes[i - 1];
            assertTrue(adjoins || offsets[i] % alignment == 0, "alignment; seed " + seed);
            assertTrue(i == 0 || offsets[i] >= offsets[i - 1] + sizes[i - 1], "overlap; seed " + seed);
            for (long c = offsets[i] >>> 9; c <= offsets[i] + sizes[i] - 1 >>> 9; c++) {
                expected.merge(c, 1L, Long::sum);
                assertTrue(expected.get(c) <= Refcounts.max(layout.refcountOrder()), "overflow; seed " + seed);
            }
        }
    }

    /** Whatever is counted and was not given to us is the header or a refcount block or the table, once. */
    private void compare(Qcow2Layout layout, HostSpace.Table table, Map<Long, Long> expected, String context) {
        ByteBuffer file = ByteBuffer.wrap(disk.content());
        expected.put(0L, 1L);
        for (long c = 0; c < table.clusters(); c++) {
            expected.put((table.offset() >>> 9) + c, 1L);
        }
        assertEquals(table.offset() + table.clusters() * 512L, file.capacity(), "the file ends with the table; " + context);
        long clusters = file.capacity() >>> 9;
        int blocks = (int) (clusters + layout.refcountBlockEntries() - 1 >>> layout.refcountBlockBits());
        for (int b = 0; b < table.clusters() * 64; b++) {
            long block = file.getLong((int) table.offset() + 8 * b);
            assertEquals(b < blocks, block != 0, "block " + b + "; " + context);
            if (block != 0) {
                assertEquals(null, expected.put(block >>> 9, 1L), "block " + b + " stands on something; " + context);
            }
        }
        for (int b = 0; b < blocks; b++) {
            ByteBuffer block = file.slice((int) file.getLong((int) table.offset() + 8 * b), 512);
            for (int i = 0; i < layout.refcountBlockEntries(); i++) {
                long cluster = ((long) b << layout.refcountBlockBits()) + i;
                assertEquals(expected.getOrDefault(cluster, 0L), Refcounts.get(block, layout.refcountOrder(), i),
                        "cluster " + cluster + "; " + context);
            }
        }
    }

    @Test
    void packsCompressedClustersAcrossHostClusters() throws Exception {
        HostSpace space = space(new Qcow2Layout(9, 4, false));
        long[] offsets = new long[4];
        space.place(new int[] {300, 300, 400, 24}, offsets, 4, 1);
        assertEquals(512, offsets[0]);
        assertEquals(812, offsets[1]);
        assertEquals(1112, offsets[2]);
        assertEquals(1512, offsets[3]);
        space.place(new int[] {100}, offsets, 1, 1);
        assertEquals(1536, offsets[0], "a full cluster is not gone on with");
        space.allocate(1);
        space.place(new int[] {400, 500}, offsets, 2, 1);
        assertEquals(1636, offsets[0], "what fits goes into the rest of a cluster, whatever stands behind it");
        assertEquals(2560, offsets[1], "what does not starts anew");
    }

    @Test
    void refusesToGrowPastWhatARefcountTableCounts() throws Exception {
        HostSpace space = space(new Qcow2Layout(9, 6, false));
        BlockException e = assertThrows(BlockException.class, () -> space.allocate((64L << 20) + 1));
        assertEquals(BlockException.Kind.NO_SPACE, e.kind());
        assertTrue(e.getMessage().contains("refcount table"), e.getMessage());
    }
}

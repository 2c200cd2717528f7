package org.blockferry.engine.pipeline;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.LongStream;
import org.blockferry.engine.block.BlockStatus;
import org.blockferry.engine.block.ByteRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class SlotFillerTest {
    private static final int SLOT = 64 << 10;
    private static final int UNIT = 4096;

    private final List<CopySlot> published = new ArrayList<>();
    private final List<Long> dataBytes = new ArrayList<>();
    private final SlotFiller.Ring ring = new SlotFiller.Ring() {
        @Override
        public CopySlot claim() {
            return new CopySlot();
        }

        @Override
        public void publish(CopySlot slot, long bytes) {
            published.add(slot);
            dataBytes.add(bytes);
        }
    };

    private String slots(SlotFiller filler) {
        filler.finish();
        StringBuilder out = new StringBuilder();
        for (CopySlot slot : published) {
            for (int run = 0; run < slot.runs().size(); run++) {
                out.append(run == 0 ? "" : ", ").append(slot.runs().kind(run)).append(' ')
                        .append(new ByteRange(slot.runs().offset(run), slot.runs().length(run)));
            }
            out.append('\n');
        }
        return out.toString();
    }

    @Test
    void smallRunsShareASlot() throws Exception {
        SlotFiller filler = new SlotFiller(SLOT, UNIT, 512, ring);
        for (int i = 0; i < 4; i++) {
            filler.addData(new ByteRange(i * 16384L, 4096));
        }

        assertEquals("DATA 0x0+0x1000, DATA 0x4000+0x1000, DATA 0x8000+0x1000, DATA 0xc000+0x1000\n", slots(filler));
        assertEquals(List.of(16384L), dataBytes);
    }

    @Test
    void alternatingDataAndHolesFillWholeSlots() throws Exception {
        SlotFiller filler = new SlotFiller(1 << 20, UNIT, 512, ring);
        for (int i = 0; i < 1024; i++) {
            filler.addData(new ByteRange(i * 16384L, 4096));
        }
        filler.finish();

        assertEquals(4, published.size(), "256 extents of 4 KiB in a slot of 1 MiB");
    }

    @Test
    void longDataIsCutAtMultiplesOfTheSlot() throws Exception {
        SlotFiller filler = new SlotFiller(SLOT, UNIT, 512, ring);
        filler.addData(new ByteRange(0x3000, 0x20000));

        assertEquals("DATA 0x3000+0xd000\nDATA 0x10000+0x10000\nDATA 0x20000+0x3000\n", slots(filler));
    }

    @Test
    void adjoiningDataBecomesOneRun() throws Exception {
        SlotFiller filler = new SlotFiller(SLOT, UNIT, 512, ring);
        filler.addData(new ByteRange(0, 100));
        filler.addData(new ByteRange(100, 1000));

        assertEquals("DATA 0x0+0x44c\n", slots(filler));
    }

    @Test
    void runsOfOneUnitStayTogetherEvenIfTheSlotIsNearlyFull() throws Exception {
        SlotFiller filler = new SlotFiller(SLOT, UNIT, 1, ring);
        filler.addData(new ByteRange(0, SLOT - UNIT));
        filler.addData(new ByteRange(SLOT, 100));
        filler.addZero(new ByteRange(SLOT + 200, 100));
        filler.addData(new ByteRange(SLOT + 300, 3 * UNIT));

        assertEquals("""
                DATA 0x0+0xf000, DATA 0x10000+0x64, ZERO 0x100c8+0x64, DATA 0x1012c+0xed4
                DATA 0x11000+0x212c
                """, slots(filler));
    }

    @Test
    void zeroesNeedNoRoom() throws Exception {
        SlotFiller filler = new SlotFiller(SLOT, UNIT, 512, ring);
        filler.addData(new ByteRange(0, SLOT));
        filler.addZero(new ByteRange(SLOT, 128 << 20));

        assertEquals("DATA 0x0+0x10000, ZERO 0x10000+0x8000000\n", slots(filler));
    }

    @Test
    void offloadedRunsAreCutAtTheirStep() throws Exception {
        SlotFiller filler = new SlotFiller(SLOT, UNIT, 512, ring);
        ByteRange range = new ByteRange(0, SlotFiller.OFFLOAD_STEP + 4096);
        filler.addOffload(BlockStatus.data(range, TestDisk.empty(1), 10));

        assertEquals("OFFLOAD 0x0+0x4000000\nOFFLOAD 0x4000000+0x1000\n", slots(filler));
        assertEquals(10 + SlotFiller.OFFLOAD_STEP, published.get(1).runs().status(0).hostOffset());
    }

    @Test
    void nothingIsTakenWhenNoSlotComes() throws Exception {
        SlotFiller filler = new SlotFiller(SLOT, UNIT, 512, new SlotFiller.Ring() {
            @Override
            public CopySlot claim() {
                return null;
            }

            @Override
            public void publish(CopySlot slot, long bytes) {
                throw new AssertionError("there is no slot");
            }
        });

        assertFalse(filler.addData(new ByteRange(0, 1)));
        assertFalse(filler.addZero(new ByteRange(0, 1)));
        filler.finish();
    }

    static LongStream seeds() {
        return LongStream.range(0, 300);
    }

    @ParameterizedTest(name = "seed {0}")
    @MethodSource("seeds")
    void slotsHoldEverythingOnceAndShareNoUnit(long seed) throws Exception {
        Random random = new Random(seed);
        int unit = 4096 << random.nextInt(5);
        int slotBytes = unit << random.nextInt(4);
        int memoryAlignment = 1 << random.nextInt(13);
        SlotFiller filler = new SlotFiller(slotBytes, unit, memoryAlignment, ring);
        long at = random.nextInt(100_000);
        long data = 0;
        long zero = 0;
        for (int i = 0; i < 400; i++) {
            long length = 1 + random.nextInt(random.nextInt(3) == 0 ? 300_000 : 3000);
            if (random.nextInt(3) > 0) {
                filler.addData(new ByteRange(at, length));
                data += length;
            } else {
                filler.addZero(new ByteRange(at, length));
                zero += length;
            }
            at += length + (random.nextBoolean() ? 0 : random.nextInt(5000));
        }
        filler.finish();
        long lastUnit = -1;
        long end = 0;
        for (CopySlot slot : published) {
            RunList runs = slot.runs();
            int used = 0;
            assertTrue(runs.size() > 0, "seed " + seed);
            assertTrue(runs.offset(0) / unit > lastUnit, "seed " + seed + " shares unit " + lastUnit);
            for (int run = 0; run < runs.size(); run++) {
                assertTrue(runs.offset(run) >= end, "seed " + seed);
                end = runs.offset(run) + runs.length(run);
                if (runs.kind(run) == RunList.Kind.DATA) {
                    assertTrue(runs.position(run) >= used, "seed " + seed);
                    used = runs.position(run) + (int) runs.length(run);
                    assertTrue(used <= slotBytes, "seed " + seed);
                    data -= runs.length(run);
                } else {
                    zero -= runs.length(run);
                }
            }
            lastUnit = (end - 1) / unit;
        }
        assertEquals(0, data, "seed " + seed);
        assertEquals(0, zero, "seed " + seed);
    }
}

package org.blockferry.engine.pipeline;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockLimits;
import org.blockferry.engine.block.BlockSource;
import org.blockferry.engine.block.BlockStatus;
import org.blockferry.engine.block.ByteRange;
import org.blockferry.engine.block.NodeInfo;
import org.blockferry.engine.block.Trait;

/** A source in memory: runs of data, of zeroes, and of what only a base decides, over one array of bytes. */
final class TestDisk implements BlockSource {
    /** What stands in a run. */
    enum Content { DATA, WRITTEN_ZEROES, ZERO, BASE }

    record Run(ByteRange range, Content content) {
    }

    final byte[] bytes;
    private final byte[] base;
    private final List<Run> runs = new ArrayList<>();
    private final AtomicInteger reading = new AtomicInteger();
    private final AtomicInteger mostReading = new AtomicInteger();
    private NodeInfo info;
    private boolean plain;
    private Fault fault = Fault.NONE;

    private TestDisk(int length, byte[] base) {
        this.bytes = new byte[length];
        this.base = base;
        this.info = new NodeInfo("source", "test", length, BlockLimits.NONE, Set.of(), 16, 1, Optional.empty());
    }

    static TestDisk empty(int length) {
        return new TestDisk(length, new byte[0]);
    }

    /** Random runs whose ends are multiples of {@code grain}, over a base of {@code baseLength} bytes. */
    static TestDisk random(Random random, int length, int baseLength, int grain) {
        byte[] base = new byte[baseLength];
        random.nextBytes(base);
        for (int i = 0; i < baseLength / 8192; i++) {
            int from = random.nextInt(baseLength);
            Arrays.fill(base, from, Math.min(baseLength, from + random.nextInt(20_000)), (byte) 0);
        }
        TestDisk disk = new TestDisk(length, base);
        Content[] contents = Content.values();
        for (int at = 0; at < length; ) {
            int most = random.nextInt(4) == 0 ? 300_000 : 20_000;
            int end = (int) Math.min(length, at + (long) grain * (1 + random.nextInt(Math.max(1, most / grain))));
            disk.add(new ByteRange(at, end - at), contents[random.nextInt(baseLength > 0 ? 4 : 3)], random);
            at = end;
        }
        return disk;
    }

    TestDisk add(ByteRange range, Content content, Random random) {
        runs.add(new Run(range, content));
        int from = (int) range.offset();
        int to = (int) range.end();
        switch (content) {
            case DATA -> {
                for (int i = from; i < to; i++) {
                    bytes[i] = (byte) random.nextInt();
                }
                for (int i = 0; i < (to - from) / 16384; i++) {
                    int zeroes = from + random.nextInt(to - from);
                    Arrays.fill(bytes, zeroes, Math.min(to, zeroes + random.nextInt(16384)), (byte) 0);
                }
            }
            case BASE -> {
                for (int i = from; i < to && i < base.length; i++) {
                    bytes[i] = base[i];
                }
            }
            default -> { }
        }
        return this;
    }

    TestDisk with(NodeInfo other) {
        info = other;
        return this;
    }

    TestDisk faulty(Fault other) {
        fault = other;
        return this;
    }

    /** Data runs tell where they stand: in the disk itself. */
    TestDisk withOffsets() {
        plain = true;
        return this;
    }

    TestDisk withTraits(Trait... traits) {
        return with(new NodeInfo(info.name(), info.driver(), info.length(), info.limits(), Set.of(traits), info.maxReaders(), 1,
                Optional.empty()));
    }

    TestDisk withReaders(int readers) {
        return with(new NodeInfo(
                info.name(), info.driver(), info.length(), info.limits(), info.traits(), readers, 1, Optional.empty()));
    }

    byte[] base() {
        return base.clone();
    }

    int mostReading() {
        return mostReading.get();
    }

    @Override
    public NodeInfo info() {
        return info;
    }

    /** Of the whole chain. */
    @Override
    public BlockStatus status(ByteRange range) throws BlockException {
        fault.before("status", range);
        Run run = runAt(range.offset());
        ByteRange rest = run.range.from(range.offset());
        if (run.content == Content.BASE) {
            return rest.offset() >= base.length ? BlockStatus.of(rest, BlockStatus.ZERO)
                    : BlockStatus.data(rest.first(base.length - rest.offset()));
        }
        return of(run, rest);
    }

    /** Of what is above the base. */
    BlockStatus statusAboveBase(ByteRange range) throws BlockException {
        fault.before("status", range);
        Run run = runAt(range.offset());
        ByteRange rest = run.range.from(range.offset());
        return run.content == Content.BASE ? BlockStatus.deferred(rest) : of(run, rest);
    }

    private BlockStatus of(Run run, ByteRange rest) {
        if (run.content == Content.ZERO) {
            return BlockStatus.zero(rest);
        }
        return plain ? BlockStatus.data(rest, this, rest.offset()) : BlockStatus.data(rest);
    }

    private Run runAt(long offset) {
        int low = 0;
        int high = runs.size() - 1;
        while (low < high) {
            int middle = (low + high + 1) >>> 1;
            if (runs.get(middle).range.offset() <= offset) {
                low = middle;
            } else {
                high = middle - 1;
            }
        }
        return runs.get(low);
    }

    @Override
    public void read(long offset, ByteBuffer into) throws BlockException {
        int now = reading.incrementAndGet();
        mostReading.accumulateAndGet(now, Math::max);
        try {
            fault.before("read", new ByteRange(offset, into.remaining()));
            into.put(bytes, (int) offset, into.remaining());
        } finally {
            reading.decrementAndGet();
        }
    }

    @Override
    public void close() {
        // nothing is held
    }
}

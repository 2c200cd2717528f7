package org.blockferry.drivers.nbd.server;

import java.nio.ByteBuffer;
import java.util.Set;
import java.util.concurrent.Semaphore;
import org.blockferry.drivers.nbd.wire.Nbd;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockStatus;
import org.blockferry.engine.block.BlockTarget;
import org.blockferry.engine.block.ByteRange;
import org.blockferry.engine.block.WriteFlag;
import org.blockferry.engine.block.ZeroFlag;

/**
 * One export for the workers of all connections: keeps to what the SPI asks of callers, whatever clients do. As many readers
 * and writers at once as the node takes, one that asks for status, and no two changes in one cluster. Because all connections
 * come here, a flush on one covers what was written on every other: the promise of {@code CAN_MULTI_CONN}. Thread-safe.
 */
final class ExportAccess {
    private static final Set<WriteFlag> FUA_WRITE = Set.of(WriteFlag.FUA);

    private final ServedExport export;
    private final long size;
    private final int cluster;
    private final Semaphore readers;
    private final Semaphore writers;
    private final RangeLocks changes = new RangeLocks();
    private final Object statusLock = new Object();

    ExportAccess(ServedExport export) {
        this.export = export;
        size = export.source().info().length();
        cluster = export.target().map(target -> target.info().limits().clusterSize()).orElse(1);
        readers = new Semaphore(export.source().info().maxReaders());
        writers = new Semaphore(export.target().map(target -> target.info().maxWriters()).orElse(1));
    }

    ServedExport export() {
        return export;
    }

    long size() {
        return size;
    }

    /** @param connections how many the server takes; a client must not be told to open several where it takes one */
    int transmissionFlags(boolean structured, int connections) {
        int flags = Nbd.HAS_FLAGS | Nbd.SEND_CACHE | (structured ? Nbd.SEND_DF : 0) | (connections > 1 ? Nbd.CAN_MULTI_CONN : 0);
        return flags | (export.isReadOnly() ? Nbd.READ_ONLY
                : Nbd.SEND_FLUSH | Nbd.SEND_FUA | Nbd.SEND_TRIM | Nbd.SEND_WRITE_ZEROES | Nbd.SEND_FAST_ZERO);
    }

    void read(long offset, ByteBuffer into) throws BlockException {
        readers.acquireUninterruptibly();
        try {
            export.source().read(offset, into);
        } finally {
            readers.release();
        }
    }

    void write(long offset, ByteBuffer from, boolean fua) throws BlockException {
        BlockTarget target = export.target().orElseThrow();
        Set<WriteFlag> flags = fua ? FUA_WRITE : WriteFlag.NONE;
        change(new ByteRange(offset, from.remaining()), () -> {
            target.write(offset, from, flags);
            return true;
        });
    }

    /** As {@link BlockTarget#writeZeroes}. */
    boolean writeZeroes(ByteRange range, Set<ZeroFlag> flags) throws BlockException {
        return change(range, () -> export.target().orElseThrow().writeZeroes(range, flags));
    }

    boolean discard(ByteRange range) throws BlockException {
        return change(range, () -> export.target().orElseThrow().discard(range));
    }

    private interface Change {
        boolean run() throws BlockException;
    }

    private boolean change(ByteRange range, Change change) throws BlockException {
        boolean locks = cluster > 1;
        ByteRange clusters = locks ? range.alignOutward(cluster, size) : range;
        try {
            if (locks) {
                changes.acquire(clusters);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw BlockException.request(BlockException.Kind.IO, export.source().info().name(), "write", range, "interrupted",
                    e);
        }
        try {
            writers.acquireUninterruptibly();
            try {
                return change.run();
            } finally {
                writers.release();
            }
        } finally {
            if (locks) {
                changes.release(clusters);
            }
        }
    }

    /** Makes durable what was written on any connection before. */
    void flush() throws BlockException {
        if (export.target().isPresent()) {
            export.target().get().flush();
        }
    }

    /** One run of a metadata context, clipped to {@code range}. */
    MetadataContext.Extent status(String context, ByteRange range) throws BlockException {
        synchronized (statusLock) {
            if (context.equals(Nbd.BASE_ALLOCATION)) {
                BlockStatus run = export.source().status(range).clip(range);
                // Whole chain: HOLE is "not MAPPED", ZERO is ZERO (design, §2); what is nowhere reads as zeroes.
                boolean nowhere = !run.isLocal();
                int flags = (run.isMapped() ? 0 : Nbd.STATE_HOLE) | (run.isZero() || nowhere ? Nbd.STATE_ZERO : 0);
                return new MetadataContext.Extent(run.length(), flags);
            }
            MetadataContext.Extent extent = export.contexts().get(context).first(range);
            return extent.length() <= range.length() ? extent : new MetadataContext.Extent(range.length(), extent.flags());
        }
    }
}

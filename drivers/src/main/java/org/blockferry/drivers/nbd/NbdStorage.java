package org.blockferry.drivers.nbd;

import java.nio.ByteBuffer;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import org.blockferry.drivers.nbd.wire.Nbd;
import org.blockferry.drivers.nbd.wire.NbdErrno;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockException.Kind;
import org.blockferry.engine.block.BlockStorage;
import org.blockferry.engine.block.ByteRange;
import org.blockferry.engine.block.CacheMode;
import org.blockferry.engine.block.WriteFlag;
import org.blockferry.engine.block.ZeroFlag;

/**
 * An export, read and written. Its length is fixed. Writes that do not fit the server's minimum block size read the block,
 * change it and write it back, one at a time for each block, so that two neighbours within one block do not undo each other.
 *
 * <p>What the server cannot do is answered with {@code false}; what it refused once with "not supported" is not asked again.
 * {@link #flush} is always sent, also with {@link CacheMode#UNSAFE}: it is how bytes reach the server's own system at all, and
 * whether that waits for a disk is the server's cache mode (QEMU's client does the same).
 */
public final class NbdStorage extends NbdSource implements BlockStorage {
    private static final int EDGE_LOCKS = 64;

    private final boolean sync;
    private final ReentrantLock[] edges = new ReentrantLock[EDGE_LOCKS];
    private volatile boolean canZero;
    private volatile boolean canTrim;
    /** Lowered to the server's maximum block size when it refuses a longer one: servers differ in what it bounds. */
    private volatile long mostZero;
    private volatile long mostTrim;

    NbdStorage(NbdPool pool, NbdConnector connector, CacheMode cache) {
        super(pool, connector);
        sync = cache.isSync();
        canZero = terms.has(Nbd.SEND_WRITE_ZEROES);
        canTrim = terms.has(Nbd.SEND_TRIM);
        mostZero = info().limits().maxZero();
        mostTrim = info().limits().maxDiscard();
        for (int i = 0; i < EDGE_LOCKS; i++) {
            edges[i] = new ReentrantLock();
        }
    }

    @Override
    public void write(long offset, ByteBuffer from, Set<WriteFlag> flags) throws BlockException {
        requireInside("write", offset, from.remaining());
        int limit = from.limit();
        long end = offset + from.remaining();
        boolean fua = sync || flags.contains(WriteFlag.FUA);
        int commandFlags = fua && terms.has(Nbd.SEND_FUA) ? Nbd.CMD_FLAG_FUA : 0;
        try {
            long at = offset;
            long misaligned = at % block;
            if (misaligned != 0) {
                int part = (int) Math.min(block - misaligned, end - at);
                writePart(at - misaligned, (int) misaligned, part, from, commandFlags);
                at += part;
            }
            long whole = wholeBlocks(at, end);
            if (whole > 0) {
                from.limit(from.position() + (int) whole);
                request(Nbd.CMD_WRITE, commandFlags, at, whole, from, piece);
                from.limit(limit);
                at += whole;
            }
            if (at < end) {
                writePart(at, 0, (int) (end - at), from, commandFlags);
            }
        } finally {
            from.limit(limit);
            statusCache.changed(offset, end);
        }
        makeDurable(fua, commandFlags);
    }

    /** Changes {@code count} bytes of one block, from {@code from}; a read-only empty buffer stands for zeroes. */
    private void writePart(long blockStart, int at, int count, ByteBuffer from, int commandFlags) throws BlockException {
        ReentrantLock edge = edges[(int) (blockStart / block % EDGE_LOCKS)];
        ByteBuffer whole = takeBounce();
        edge.lock();
        try {
            readBlock(blockStart, whole);
            if (from.hasRemaining()) {
                whole.put(at, from, from.position(), count);
                from.position(from.position() + count);
            } else {
                for (int i = at; i < at + count; i++) {
                    whole.put(i, (byte) 0);
                }
            }
            request(Nbd.CMD_WRITE, commandFlags, blockStart, whole.remaining(), whole, block);
        } finally {
            edge.unlock();
            giveBounce(whole);
        }
    }

    @Override
    public boolean writeZeroes(ByteRange range, Set<ZeroFlag> flags) throws BlockException {
        requireInside("zero", range.offset(), range.length());
        boolean fast = flags.contains(ZeroFlag.FAST);
        ByteRange inner = inner(range);
        if (!canZero || inner.isEmpty() || fast && !terms.has(Nbd.SEND_FAST_ZERO)) {
            return false;
        }
        boolean fua = sync || flags.contains(ZeroFlag.FUA);
        int fuaFlag = fua && terms.has(Nbd.SEND_FUA) ? Nbd.CMD_FLAG_FUA : 0;
        int commandFlags = fuaFlag | (flags.contains(ZeroFlag.MAY_UNMAP) ? 0 : Nbd.CMD_FLAG_NO_HOLE)
                | (fast ? Nbd.CMD_FLAG_FAST_ZERO : 0);
        try {
            if (!zeroInner(inner, commandFlags)) {
                return false;
            }
            zeroEdge(ByteRange.between(range.offset(), inner.offset()), fuaFlag);
            zeroEdge(ByteRange.between(inner.end(), range.end()), fuaFlag);
        } finally {
            statusCache.changed(range.offset(), range.end());
        }
        makeDurable(fua, fuaFlag);
        return true;
    }

    private boolean zeroInner(ByteRange inner, int commandFlags) throws BlockException {
        while (true) {
            long most = mostZero;
            try {
                pool.transfer(Nbd.CMD_WRITE_ZEROES, commandFlags, inner.offset(), inner.length(), NO_BYTES, most);
                return true;
            } catch (ServerErrorException e) {
                if (e.errno() == NbdErrno.EINVAL && most > terms.maximumPayload() && inner.length() > terms.maximumPayload()) {
                    mostZero = terms.maximumPayload();
                    continue;
                }
                if (e.errno() != NbdErrno.ENOTSUP) {
                    throw e.on(info().name());
                }
                if ((commandFlags & Nbd.CMD_FLAG_FAST_ZERO) == 0) {
                    canZero = false;
                }
                return false;
            }
        }
    }

    private void zeroEdge(ByteRange edge, int commandFlags) throws BlockException {
        if (!edge.isEmpty()) {
            long blockStart = edge.offset() - edge.offset() % block;
            writePart(blockStart, (int) (edge.offset() - blockStart), (int) edge.length(), NO_BYTES, commandFlags);
        }
    }

    private static final ByteBuffer NO_BYTES = ByteBuffer.allocate(0);

    @Override
    public boolean discard(ByteRange range) throws BlockException {
        requireInside("discard", range.offset(), range.length());
        ByteRange inner = inner(range);
        if (!canTrim || inner.isEmpty()) {
            return false;
        }
        try {
            while (true) {
                long most = mostTrim;
                try {
                    pool.transfer(Nbd.CMD_TRIM, 0, inner.offset(), inner.length(), NO_BYTES, most);
                    return true;
                } catch (ServerErrorException e) {
                    if (e.errno() == NbdErrno.EINVAL && most > terms.maximumPayload()
                            && inner.length() > terms.maximumPayload()) {
                        mostTrim = terms.maximumPayload();
                        continue;
                    }
                    if (e.errno() != NbdErrno.ENOTSUP) {
                        throw e.on(info().name());
                    }
                    canTrim = false;
                    return false;
                }
            }
        } finally {
            statusCache.changed(range.offset(), range.end());
        }
    }

    /** The whole blocks of a range; the disk's last block counts as whole although its end may be odd. */
    private ByteRange inner(ByteRange range) {
        long start = Math.min(range.offset() + Math.floorMod(-range.offset(), block), range.end());
        return new ByteRange(start, wholeBlocks(start, range.end()));
    }

    /** A server without FUA is asked to flush instead. */
    private void makeDurable(boolean wanted, int flagsSent) throws BlockException {
        if (wanted && (flagsSent & Nbd.CMD_FLAG_FUA) == 0) {
            flush();
        }
    }

    @Override
    public void flush() throws BlockException {
        if (terms.has(Nbd.SEND_FLUSH)) {
            request(Nbd.CMD_FLUSH, 0, 0, 0, 1);
        }
    }

    /** Flushes; there is nothing else to make whole in an export. */
    @Override
    public void complete() throws BlockException {
        flush();
    }

    /** The length of an export is fixed; one that is not shorter will do. */
    @Override
    public void setLength(long length) throws BlockException {
        if (length > terms.size()) {
            throw BlockException.of(Kind.UNSUPPORTED, info().name(), "the export has " + terms.size()
                    + " bytes and cannot grow to "
                    + length);
        }
    }

    @Override
    public boolean allocate(ByteRange range) throws BlockException {
        requireInside("allocate", range.offset(), range.length());
        return false;
    }
}

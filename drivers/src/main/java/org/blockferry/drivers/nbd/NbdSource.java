package org.blockferry.drivers.nbd;

import java.nio.ByteBuffer;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.blockferry.drivers.nbd.wire.Nbd;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockException.Kind;
import org.blockferry.engine.block.BlockLimits;
import org.blockferry.engine.block.BlockSource;
import org.blockferry.engine.block.BlockStatus;
import org.blockferry.engine.block.ByteRange;
import org.blockferry.engine.block.NodeInfo;
import org.blockferry.engine.block.Trait;

/**
 * An export, read. Any byte range may be read: what does not fit the server's minimum block size is read a block wider and cut
 * here. Every failure is one {@link BlockException} with the offset; no call waits for a server for longer than the timeout.
 */
public sealed class NbdSource implements BlockSource permits NbdStorage {
    private static final ByteBuffer NOTHING = ByteBuffer.allocate(0);
    /** Half of the places of a connection for readers or writers: the other half is for their pieces. */
    private static final int CALLERS_PER_CONNECTION = 8;
    /** Zeroes and trims carry no payload; 2 GiB is the most that every server counts right in 32 bits. */
    static final long MAX_ZERO = 1L << 31;

    final NbdPool pool;
    final ExportTerms terms;
    final StatusCache statusCache;
    final int block;
    final int piece;
    private final NodeInfo info;
    private volatile int readFlags;
    private final ConcurrentLinkedQueue<ByteBuffer> bounce = new ConcurrentLinkedQueue<>();

    NbdSource(NbdPool pool, NbdConnector connector) {
        this.pool = pool;
        terms = pool.terms();
        statusCache = new StatusCache(pool);
        block = terms.minimumBlock();
        int wanted = Math.max(connector.options().requestSize(), block);
        piece = Math.min(wanted, terms.maximumPayload());
        NbdAddress address = connector.address();
        int callers = pool.mostConnections() * CALLERS_PER_CONNECTION;
        info = new NodeInfo(address.name(), NbdDriver.NAME, terms.size(), limits(), traits(), callers, callers,
                Optional.of("nbd:" + address.server() + "/" + terms.canonicalName().orElse(address.export())));
    }

    private BlockLimits limits() {
        long zeroes = MAX_ZERO / block * block;
        int optimal = Math.max(piece, Math.min(terms.preferredBlock(), terms.maximumPayload()));
        return BlockLimits.NONE.withRequestAlignment(block).withTransfer(optimal, Math.max(terms.maximumPayload(), optimal))
                .withZero(block, zeroes).withDiscard(block, zeroes);
    }

    private Set<Trait> traits() {
        Set<Trait> traits = EnumSet.of(Trait.REMOTE);
        if (terms.has(Nbd.SEND_TRIM)) {
            traits.add(Trait.DISCARD);
        }
        if (terms.has(Nbd.SEND_WRITE_ZEROES)) {
            traits.add(Trait.ZERO_MAY_UNMAP);
        }
        if (terms.has(Nbd.SEND_WRITE_ZEROES) && terms.has(Nbd.SEND_FAST_ZERO)) {
            traits.add(Trait.FAST_ZERO);
        }
        return traits;
    }

    @Override
    public NodeInfo info() {
        return info;
    }

    @Override
    public BlockStatus status(ByteRange range) throws BlockException {
        requireInside("ask the status of", range.offset(), range.length());
        if (range.isEmpty()) {
            throw new IllegalArgumentException("an empty range has no status: " + range);
        }
        return statusCache.status(range);
    }

    @Override
    public void read(long offset, ByteBuffer into) throws BlockException {
        requireInside("read", offset, into.remaining());
        int limit = into.limit();
        long end = offset + into.remaining();
        long at = offset;
        long misaligned = at % block;
        if (misaligned != 0) {
            int part = (int) Math.min(block - misaligned, end - at);
            readPart(at - misaligned, (int) misaligned, part, into);
            at += part;
        }
        long whole = wholeBlocks(at, end);
        if (whole > 0) {
            into.limit(into.position() + (int) whole);
            request(Nbd.CMD_READ, readFlags, at, whole, into, piece);
            into.limit(limit);
            at += whole;
        }
        if (at < end) {
            readPart(at, 0, (int) (end - at), into);
        }
    }

    /** Bytes from {@code at}, a block's start, that can be asked for as they are: whole blocks, or up to the disk's odd end. */
    final long wholeBlocks(long at, long end) {
        return at >= end ? 0 : end == terms.size() ? end - at : (end - at) / block * block;
    }

    private void readPart(long blockStart, int from, int count, ByteBuffer into) throws BlockException {
        ByteBuffer whole = takeBounce();
        try {
            readBlock(blockStart, whole);
            into.put(into.position(), whole, from, count);
            into.position(into.position() + count);
        } finally {
            bounce.add(whole);
        }
    }

    /** Reads the block at {@code start}, which may be cut by the disk's end, into a bounce buffer, from its position 0. */
    final void readBlock(long start, ByteBuffer whole) throws BlockException {
        whole.clear().limit((int) Math.min(block, terms.size() - start));
        request(Nbd.CMD_READ, readFlags, start, whole.limit(), whole, block);
        whole.flip();
    }

    final ByteBuffer takeBounce() {
        ByteBuffer free = bounce.poll();
        return free == null ? ByteBuffer.allocateDirect(block) : free;
    }

    final void giveBounce(ByteBuffer buffer) {
        bounce.add(buffer);
    }

    final void request(int command, int flags, long offset, long length, ByteBuffer buffer, long most) throws BlockException {
        try {
            pool.transfer(command, flags, offset, length, buffer, most);
        } catch (ServerErrorException e) {
            throw e.on(info.name());
        }
    }

    final void request(int command, int flags, long offset, long length, long most) throws BlockException {
        request(command, flags, offset, length, NOTHING, most);
    }

    /**
     * Tells the server that {@code range} will be read soon.
     *
     * @return {@code false} if the server does not take such advice
     */
    public boolean cache(ByteRange range) throws BlockException {
        requireInside("cache", range.offset(), range.length());
        ByteRange aligned = range.alignOutward(block, terms.size());
        if (!terms.has(Nbd.SEND_CACHE) || range.isEmpty()) {
            return false;
        }
        try {
            pool.transfer(Nbd.CMD_CACHE, 0, aligned.offset(), aligned.length(), NOTHING, terms.maximumPayload());
            return true;
        } catch (ServerErrorException e) {
            // "Failure on this operation does not imply that further read and write requests will fail."
            return false;
        }
    }

    /** The metadata contexts that were selected: {@code base:allocation} and the one of the option {@code meta-context}. */
    public Set<String> contexts() {
        return terms.contexts().keySet();
    }

    /**
     * Tells all that a metadata context says of {@code range}: {@code qemu:allocation-depth}, or {@code
     * qemu:dirty-bitmap:NAME}, which the option {@code meta-context} selected when the node was opened.
     *
     * @throws BlockException UNSUPPORTED if the context was not selected; IO
     */
    public void metadata(String context, ByteRange range, MetadataSink sink) throws BlockException {
        requireInside("ask the status of", range.offset(), range.length());
        if (!terms.contexts().containsKey(context)) {
            throw BlockException.of(Kind.UNSUPPORTED, info.name(), "the server has no metadata context '" + context
                    + "'; it has "
                    + contexts());
        }
        long most = terms.extended() ? StatusCache.MOST_EXTENDED_QUERY : StatusCache.MOST_COMPACT_QUERY;
        long at = range.offset();
        while (at < range.end()) {
            long start = at - at % block;
            Runs runs = new Runs(new ByteRange(at, range.end() - at), start);
            try {
                pool.status(context, start, Math.min(most, terms.size() - start), runs);
            } catch (ServerErrorException e) {
                throw e.on(info.name());
            }
            if (runs.count == 0) {
                throw BlockException.of(Kind.IO, info.name(), "the server answers nonsense: no extent of " + context + " at 0x"
                        + Long.toHexString(at));
            }
            at = runs.tell(sink);
        }
    }

    /**
     * From now on each read is answered in one piece, if the server can do that. Where it cannot read, it then says so: QEMU's
     * server (seen up to 7.2) ends the connection when it is in the middle of an answer in pieces. It also need not look for
     * holes in what the caller knows to be data.
     */
    public void readUnfragmented() {
        readFlags = terms.has(Nbd.SEND_DF) ? Nbd.CMD_FLAG_DF : 0;
    }

    /** Somebody else has written to the export: what is asked from now on is asked of the server. */
    public void forgetStatus() {
        statusCache.changed(0, terms.size());
    }

    /** Whether the bytes travel encrypted. */
    public boolean isEncrypted() {
        return pool.isEncrypted();
    }

    /** What the server says of the export to people. */
    public Optional<String> description() {
        return terms.description();
    }

    /** Whether the server takes no writes. */
    public boolean isReadOnly() {
        return terms.has(Nbd.READ_ONLY);
    }

    final void requireInside(String operation, long offset, long length) throws BlockException {
        if (offset < 0 || length < 0 || offset > terms.size() - length) {
            throw offset < 0 || length < 0 || offset > Long.MAX_VALUE - length
                    ? BlockException.of(Kind.OUT_OF_BOUNDS, info.name(), operation + " at " + offset + ", " + length + " bytes")
                    : BlockException.request(Kind.OUT_OF_BOUNDS, info.name(), operation, new ByteRange(offset, length),
                            "the export has " + terms.size() + " bytes", null);
        }
    }

    @Override
    public void close() throws BlockException {
        pool.close();
    }

    /** The extents of one reply, clipped and merged. Bounded: what does not fit is asked again. */
    private static final class Runs implements ExtentSink {
        private static final int MOST = 1 << 16;
        private final ByteRange window;
        private final long start;
        private final long[] ends = new long[MOST];
        private final long[] flags = new long[MOST];
        private int count;
        private long position;

        Runs(ByteRange window, long start) {
            this.window = window;
            this.start = start;
            position = start;
        }

        @Override
        public void restart() {
            count = 0;
            position = start;
        }

        @Override
        public void extent(int context, long length, long status) {
            if (position >= window.end()) {
                return;
            }
            boolean same = count > 0 && flags[count - 1] == status;
            if (!same && count == MOST) {
                position = window.end();
                return;
            }
            position = length > window.end() - position ? window.end() : position + length;
            if (position <= window.offset()) {
                return;
            }
            if (!same) {
                flags[count++] = status;
            }
            ends[count - 1] = position;
        }

        long tell(MetadataSink sink) {
            long from = window.offset();
            for (int i = 0; i < count; i++) {
                sink.run(ByteRange.between(from, ends[i]), flags[i]);
                from = ends[i];
            }
            return from;
        }
    }
}

package org.blockferry.drivers.file;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockException.Kind;
import org.blockferry.engine.block.BlockSource;
import org.blockferry.engine.block.BlockStatus;
import org.blockferry.engine.block.BlockStorage;
import org.blockferry.engine.block.ByteRange;
import org.blockferry.engine.block.NodeInfo;
import org.blockferry.engine.block.Trait;
import org.blockferry.engine.block.WriteFlag;
import org.blockferry.engine.block.ZeroFlag;

/**
 * A regular file or block device, written. A new file of unknown length, and a file that was there before, grow by what is
 * written or zeroed behind the end; a new file of known length grows by {@link #setLength} and {@link #allocate}; a device has
 * the length that it has.
 */
final class FileTarget extends FileSource implements BlockStorage {
    /** For the ends of a zeroed range on a device that are no whole sector. */
    private static final int USUAL_SECTOR = 512;
    /** How far a new growing file is made longer than is needed at the moment; a hole, so it costs nothing. */
    private static final long AHEAD = 64L << 20;

    private final OpenFile file;
    private final Optional<NewFile> made;
    private final boolean device;
    private final boolean grows;
    private final int sector;
    private final ZeroLadder zeroes;
    private final OffloadLadder offload;
    private final AtomicLong length;
    /**
     * Behind this nothing was ever put into a new file, so it reads zero and is unmapped there; {@link Long#MAX_VALUE} in a
     * file that was there before. Raised before the write that raises it.
     */
    private final AtomicLong used;
    /**
     * The length that a new growing file has on its file system, ahead of the one that counts and cut down to it at the end; in
     * other files the two are the same. Changed with {@link #growth} held.
     */
    private final AtomicLong reach;
    /**
     * Held by what makes the file longer. Setting a length cuts off what another thread has just written behind it, if the two
     * are not kept apart.
     */
    private final Object growth = new Object();

    private FileTarget(OpenFile file, Optional<NewFile> made, long length, boolean grows)
            throws BlockException {
        super(file, length, traits(file, made.isPresent()), THREADS);
        this.file = file;
        this.made = made;
        this.device = file.facts().isBlockDevice();
        this.grows = grows;
        int sectorSize = device ? file.access().logicalSectorSize(file.fd()) : 1;
        this.sector = sectorSize > 0 ? sectorSize : USUAL_SECTOR;
        this.zeroes = new ZeroLadder(file);
        this.offload = new OffloadLadder(file);
        this.length = new AtomicLong(length);
        this.reach = new AtomicLong(length);
        this.used = new AtomicLong(made.isPresent() ? 0 : Long.MAX_VALUE);
    }

    /** Writes into what is there, behind the end of a regular file too; owns {@code file}. */
    static FileTarget inPlace(OpenFile file) throws BlockException {
        return new FileTarget(file, Optional.empty(), file.length(), file.facts().isRegular());
    }

    /** Writes a new file; owns it. One of unknown length begins empty and grows as it is written. */
    static FileTarget of(NewFile made, long length) throws BlockException {
        boolean grows = length == NodeInfo.UNKNOWN_LENGTH;
        if (length > 0) {
            made.file().truncate(length);
        }
        return new FileTarget(made.file(), Optional.of(made), grows ? 0 : length, grows);
    }

    private static Set<Trait> traits(OpenFile file, boolean isNew) {
        Set<Trait> traits = EnumSet.noneOf(Trait.class);
        if (isNew) {
            traits.add(Trait.READS_ZERO_WHEN_NEW);
        }
        if (file.hasNative()) {
            traits.add(Trait.ZERO_MAY_UNMAP);
            traits.add(Trait.DISCARD);
            if (file.facts().isRegular()) {
                traits.add(Trait.FAST_ZERO);
                traits.add(Trait.OFFLOAD);
            }
        }
        return traits;
    }

    @Override
    long length() {
        return length.get();
    }

    @Override
    public NodeInfo info() {
        NodeInfo info = super.info();
        long now = length.get();
        if (info.length() != now) {
            info = info.withLength(now);
            setInfo(info);
        }
        return info;
    }

    private void use(long end) {
        if (end > used.get()) {
            used.accumulateAndGet(end, Math::max);
        }
    }

    @Override
    public void write(long offset, ByteBuffer from, Set<WriteFlag> flags) throws BlockException {
        long end = offset + from.remaining();
        if (offset < 0 || end < 0) {
            long nearest = Math.max(0, Math.min(offset, Long.MAX_VALUE - from.remaining()));
            throw outOfBounds("write", new ByteRange(nearest, from.remaining()), length.get());
        }
        if (end <= length.get()) {
            put(offset, from);
        } else {
            requireGrowing("write", offset, end);
            writeBehindTheEnd(offset, end, from);
        }
        holes().changed();
        if (flags.contains(WriteFlag.FUA) && !file.cache().isSync()) {
            file.flush();
        }
    }

    private void writeBehindTheEnd(long offset, long end, ByteBuffer from) throws BlockException {
        if (made.isPresent()) {
            stretchTo(end);
            put(offset, from);
            length.accumulateAndGet(end, Math::max);
        } else {
            synchronized (growth) {
                put(offset, from);
                raiseTo(end);
            }
        }
    }

    /**
     * Makes a new file so long that a write up to {@code end} does not make it longer: a write that does costs a change of the
     * inode each time, and cannot go on beside others. 1.3 s instead of 0.5 s were spent in the writes of 708 MiB to ext4.
     */
    private void stretchTo(long end) throws BlockException {
        if (end <= reach.get()) {
            return;
        }
        synchronized (growth) {
            if (end > reach.get()) {
                long ahead = end > Long.MAX_VALUE - AHEAD ? end : end + AHEAD;
                try {
                    file.truncate(ahead);
                } catch (BlockException e) {
                    // As long as a file can be here, perhaps.
                    ahead = end;
                    file.truncate(ahead);
                }
                reach.set(ahead);
            }
        }
    }

    private void put(long offset, ByteBuffer from) throws BlockException {
        int start = from.position();
        use(offset + from.remaining());
        try {
            file.data().write(from, offset);
        } catch (IOException e) {
            int written = from.position() - start;
            throw FileErrors.request(file.node(), "write", new ByteRange(offset + written, from.remaining()), e);
        }
    }

    private void requireGrowing(String operation, long offset, long end) throws BlockException {
        if (!grows) {
            throw outOfBounds(operation, ByteRange.between(offset, end), length.get());
        }
    }

    /** The file has become that long. With {@link #growth} held. */
    private void raiseTo(long end) {
        length.accumulateAndGet(end, Math::max);
        reach.accumulateAndGet(end, Math::max);
    }

    @Override
    public boolean writeZeroes(ByteRange range, Set<ZeroFlag> flags) throws BlockException {
        if (range.isEmpty()) {
            return true;
        }
        if (range.end() > length.get()) {
            requireGrowing("zero", range.offset(), range.end());
        }
        boolean done = device ? zeroSectors(range, flags) : zeroFile(range, flags);
        if (done) {
            holes().changed();
            // The kernel's ways are not bound to O_DSYNC.
            if (flags.contains(ZeroFlag.FUA) || file.cache().isSync()) {
                file.flush();
            }
        }
        return done;
    }

    private boolean zeroFile(ByteRange range, Set<ZeroFlag> flags) throws BlockException {
        long end = range.end();
        boolean mayUnmap = flags.contains(ZeroFlag.MAY_UNMAP);
        ByteRange changing = mayUnmap ? range.intersect(new ByteRange(0, Math.min(length.get(), used.get()))) : range;
        if (end <= length.get()) {
            return changing.isEmpty() || zeroes.zero(changing, flags);
        }
        synchronized (growth) {
            if (!changing.isEmpty() && !zeroes.zero(changing, flags)) {
                return false;
            }
            growTo(end);
            return true;
        }
    }

    /** With {@link #growth} held. */
    private void growTo(long end) throws BlockException {
        if (end > reach.get()) {
            file.truncate(end);
        }
        raiseTo(end);
    }

    /** The whole sectors by the kernel, and then what is left at both ends by writing it. */
    private boolean zeroSectors(ByteRange range, Set<ZeroFlag> flags) throws BlockException {
        ByteRange whole = range.alignInward(sector);
        if (whole.isEmpty() || !zeroes.zero(whole, flags)) {
            return false;
        }
        zeroEnd(ByteRange.between(range.offset(), whole.offset()));
        zeroEnd(ByteRange.between(whole.end(), range.end()));
        return true;
    }

    private void zeroEnd(ByteRange range) throws BlockException {
        if (!range.isEmpty()) {
            put(range.offset(), ByteBuffer.allocateDirect((int) range.length()));
        }
    }

    @Override
    public boolean discard(ByteRange range) throws BlockException {
        if (range.end() > length.get()) {
            throw outOfBounds("discard", range, length.get());
        }
        ByteRange inside = range.alignInward(sector);
        boolean done = !inside.isEmpty() && zeroes.discard(inside);
        if (done) {
            holes().changed();
        }
        return done;
    }

    @Override
    public void flush() throws BlockException {
        if (file.cache().flushes()) {
            file.flush();
        }
    }

    @Override
    public long offload(BlockStatus from, long to, long length) throws BlockException {
        if (device || !from.isOffsetValid() || from.isZero() || !(from.host() instanceof FileSource source)) {
            return 0;
        }
        ByteRange range = new ByteRange(from.hostOffset(), Math.min(length, from.length()));
        long end = to + range.length();
        if (end > this.length.get()) {
            requireGrowing("offload", to, end);
        }
        long copied;
        use(end);
        if (end <= this.length.get()) {
            copied = offload.copy(source.file(), range, to);
        } else {
            synchronized (growth) {
                copied = offload.copy(source.file(), range, to);
                raiseTo(to + copied);
            }
        }
        if (copied > 0) {
            holes().changed();
            if (file.cache().isSync()) {
                file.flush();
            }
        }
        return copied;
    }

    @Override
    public boolean share(BlockSource whole) throws BlockException {
        if (device || !(whole instanceof FileSource source) || source.info().length() != length.get()
                || !offload.shareWhole(source.file())) {
            return false;
        }
        use(length.get());
        holes().changed();
        if (file.cache().isSync()) {
            file.flush();
        }
        return true;
    }

    @Override
    public void setLength(long wanted) throws BlockException {
        if (device) {
            if (wanted > length.get()) {
                throw BlockException.of(Kind.UNSUPPORTED, file.node(),
                        "the device has " + length.get() + " bytes and cannot have " + wanted);
            }
            return;
        }
        synchronized (growth) {
            if (wanted != reach.get()) {
                file.truncate(wanted);
                reach.set(wanted);
            }
            length.set(wanted);
        }
        holes().changed();
    }

    @Override
    public boolean allocate(ByteRange range) throws BlockException {
        if (device || range.isEmpty()) {
            return range.isEmpty();
        }
        synchronized (growth) {
            boolean done = zeroes.allocate(range);
            if (done) {
                raiseTo(range.end());
                holes().changed();
            }
            return done;
        }
    }

    @Override
    public void complete() throws BlockException {
        if (made.isPresent()) {
            if (grows) {
                setLength(length.get());
            }
            made.get().commit();
        } else {
            flush();
        }
    }

    @Override
    public void close() throws BlockException {
        if (made.isPresent()) {
            made.get().close();
        } else {
            super.close();
        }
    }
}

package org.blockferry.drivers.qcow2;

import java.nio.ByteBuffer;
import java.util.Set;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockException.Kind;
import org.blockferry.engine.block.BlockStorage;
import org.blockferry.engine.block.BlockTarget;
import org.blockferry.engine.block.ByteRange;
import org.blockferry.engine.block.NodeInfo;
import org.blockferry.engine.block.Trait;
import org.blockferry.engine.block.WriteFlag;
import org.blockferry.engine.block.ZeroFlag;

/**
 * The file that a new image is laid out on, with the little that a layout needs beyond writing: zeroes where the file does not
 * have them by itself (a block device), and metadata that leaves its empty tail out where the file has them. Thread-safe as
 * the file is.
 */
final class FreshFile {
    private static final ByteBuffer ZEROES = ByteBuffer.allocateDirect(64 << 10).asReadOnlyBuffer();
    /** Metadata is cut at multiples of this: the block of most file systems. */
    private static final int TAIL_UNIT = 4096;

    private final BlockStorage storage;
    private final boolean readsZero;

    FreshFile(BlockStorage storage) {
        this.storage = storage;
        this.readsZero = storage.info().has(Trait.READS_ZERO_WHEN_NEW);
    }

    BlockStorage storage() {
        return storage;
    }

    String name() {
        return storage.info().name();
    }

    /** Whether every byte that was never written reads as zero. */
    boolean readsZero() {
        return readsZero;
    }

    void write(long hostOffset, ByteBuffer from, Set<WriteFlag> flags) throws BlockException {
        storage.write(hostOffset, from, flags);
    }

    /** Writes a table whose place was never written before; without the zeroes at its end where those are there anyway. */
    void writeMetadata(long hostOffset, ByteBuffer table) throws BlockException {
        ByteBuffer from = table.duplicate();
        if (readsZero) {
            int used = from.limit();
            while (used > from.position() && isZero(from, Math.max(from.position(), used - TAIL_UNIT), used)) {
                used = Math.max(from.position(), used - TAIL_UNIT);
            }
            from.limit(used);
        }
        if (from.hasRemaining()) {
            storage.write(hostOffset, from, WriteFlag.NONE);
        }
    }

    private static boolean isZero(ByteBuffer bytes, int from, int to) {
        return bytes.slice(from, to - from).mismatch(ZEROES.slice(0, to - from)) < 0;
    }

    /** Makes bytes read as zeroes that may have been written before. */
    void zero(long hostOffset, long length) throws BlockException {
        if (length >= ZEROES.capacity() && storage.writeZeroes(new ByteRange(hostOffset, length), ZeroFlag.UNMAP)) {
            return;
        }
        writeZeroBytes(hostOffset, length);
    }

    /** Writes zeroes as bytes, so that their space is there. */
    void writeZeroBytes(long hostOffset, long length) throws BlockException {
        for (long done = 0; done < length; ) {
            int step = (int) Math.min(ZEROES.capacity(), length - done);
            storage.write(hostOffset + done, ZEROES.slice(0, step), WriteFlag.NONE);
            done += step;
        }
    }

    /** Makes bytes read as zeroes that were never written; costs nothing where they do. */
    void zeroUnwritten(long hostOffset, long length) throws BlockException {
        if (!readsZero && length > 0) {
            zero(hostOffset, length);
        }
    }

    /** Makes the file {@code length} bytes long if it is shorter. A device that is too short refuses. */
    void growTo(long length) throws BlockException {
        long present = storage.info().length();
        if (present == NodeInfo.UNKNOWN_LENGTH || present < length) {
            storage.setLength(length);
        }
    }

    /** Reserves the space of a range; by writing zeroes where there is no other way. */
    void reserve(long hostOffset, long length) throws BlockException {
        if (!storage.allocate(new ByteRange(hostOffset, length))) {
            writeZeroBytes(hostOffset, length);
        }
    }

    /** @throws BlockException UNSUPPORTED unless {@code file} can be read and written at any place */
    static BlockStorage requireStorage(BlockTarget file) throws BlockException {
        if (file instanceof BlockStorage storage && !file.info().has(Trait.APPEND_ONLY)) {
            return storage;
        }
        throw BlockException.of(Kind.UNSUPPORTED, file.info().name(),
                "A qcow2 image cannot be made here: its tables are written last and its header after them");
    }
}

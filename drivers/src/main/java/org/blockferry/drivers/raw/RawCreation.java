package org.blockferry.drivers.raw;

import java.nio.ByteBuffer;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockException.Kind;
import org.blockferry.engine.block.BlockStorage;
import org.blockferry.engine.block.BlockTarget;
import org.blockferry.engine.block.ByteRange;
import org.blockferry.engine.block.WriteFlag;

/** Gives a new raw image its length and its space. */
final class RawCreation {
    private static final int CHUNK = 1 << 20;

    private RawCreation() {
    }

    /**
     * @param length of the image, or {@link org.blockferry.engine.block.NodeInfo#UNKNOWN_LENGTH}: it grows as it is written, and
     *     nothing is reserved
     */
    static BlockTarget create(BlockTarget file, long length, Preallocation preallocation) throws BlockException {
        boolean isKnown = length >= 0;
        if (file instanceof BlockStorage storage) {
            if (isKnown && storage.info().length() != length) {
                resize(storage, length);
            }
            if (isKnown && preallocation != Preallocation.OFF) {
                reserve(storage, new ByteRange(0, length), preallocation);
            }
            return new RawStorage(storage, preallocation, isKnown);
        }
        if (isKnown && file.info().isLengthKnown() && file.info().length() < length) {
            throw tooSmall(file, length);
        }
        if (preallocation != Preallocation.OFF) {
            throw BlockException.of(Kind.UNSUPPORTED, file.info().name(), "preallocation is only possible in files");
        }
        return new RawTarget(file, preallocation, isKnown && file.info().isLengthKnown());
    }

    /** A device keeps its length: it may be larger than the image, and is refused when it is smaller. */
    private static void resize(BlockStorage storage, long length) throws BlockException {
        try {
            storage.setLength(length);
        } catch (BlockException e) {
            if (e.kind() != Kind.UNSUPPORTED) {
                throw e;
            }
            if (storage.info().length() < length) {
                throw tooSmall(storage, length);
            }
        }
    }

    private static BlockException tooSmall(BlockTarget file, long length) {
        return BlockException.of(Kind.NO_SPACE, file.info().name(),
                "has " + file.info().length() + " bytes; the image needs " + length);
    }

    private static void reserve(BlockStorage storage, ByteRange range, Preallocation preallocation) throws BlockException {
        boolean isReserved = storage.allocate(range);
        if (preallocation == Preallocation.FALLOC) {
            if (!isReserved) {
                throw BlockException.of(Kind.UNSUPPORTED, storage.info().name(),
                        "preallocation=falloc is not possible here; preallocation=full writes zeroes instead");
            }
            return;
        }
        ByteBuffer zeroes = ByteBuffer.allocateDirect(CHUNK);
        for (long at = 0; at < range.end();) {
            zeroes.clear().limit((int) Math.min(CHUNK, range.end() - at));
            storage.write(at, zeroes, WriteFlag.NONE);
            at += zeroes.limit();
        }
    }
}

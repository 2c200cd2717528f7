package org.blockferry.drivers.file;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.blockferry.drivers.posix.Errno;
import org.blockferry.drivers.posix.NativeAccess;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.ByteRange;

/**
 * The kernel's ways to copy from one regular file to another, the best first: sharing blocks (FICLONERANGE, on XFS, Btrfs and
 * the like), then copy_file_range. Refusals are remembered for each file system that is copied from, since that decides them.
 * Thread-safe.
 *
 * <p>A target that is written past the page cache is offered sharing only: copy_file_range would go through it.
 *
 * <p>A failure other than a full disk ends the offload without an exception: the caller goes on by reading and writing, which
 * finds the byte that is broken.
 */
final class OffloadLadder {
    /** Block size of nearly every file system that can share; where blocks are larger, sharing is refused and given up. */
    private static final int SHARED_BLOCK = 4096;
    /** So much for one call, lest a copy that turns out slow cannot be cancelled for minutes. */
    private static final long MAX_CALL = 1L << 30;

    private final OpenFile target;
    private final Map<Long, Rungs> rungsByDevice = new ConcurrentHashMap<>();

    private static final class Rungs {
        private volatile boolean canClone = true;
        private volatile boolean canCopy;

        Rungs(boolean canCopy) {
            this.canCopy = canCopy;
        }
    }

    OffloadLadder(OpenFile target) {
        this.target = target;
    }

    boolean isPossible() {
        return target.hasNative() && target.facts().isRegular();
    }

    /** Copies from the start of {@code range} of {@code source}; returns bytes copied, 0 if no way is left. */
    long copy(OpenFile source, ByteRange range, long to) throws BlockException {
        if (!isPossible() || !source.hasNative() || !source.facts().isRegular()) {
            return 0;
        }
        Rungs rungs = rungsByDevice.computeIfAbsent(source.facts().device(), device -> new Rungs(!target.cache().isDirect()));
        long shared = rungs.canClone ? share(rungs, source, range, to) : 0;
        return shared + (rungs.canCopy ? copyInKernel(rungs, source, range.from(range.offset() + shared), to + shared) : 0);
    }

    /** Shares all blocks of {@code source}, holes and an odd end included; false if the two files cannot. */
    boolean shareWhole(OpenFile source) throws BlockException {
        if (!isPossible() || !source.hasNative() || !source.facts().isRegular()
                || source.facts().device() != target.facts().device()) {
            return false;
        }
        // Length 0 means: to the end of the source, whatever it is a multiple of.
        int result = target.access().cloneRange(source.fd(), 0, 0, target.fd(), 0);
        return result >= 0 || full(-result, new ByteRange(0, target.length())) > 0;
    }

    private long share(Rungs rungs, OpenFile source, ByteRange range, long to) throws BlockException {
        long length = range.length() & -(long) SHARED_BLOCK;
        if (length == 0 || ((range.offset() | to) & SHARED_BLOCK - 1) != 0) {
            return 0;
        }
        int result = target.access().cloneRange(source.fd(), range.offset(), length, target.fd(), to);
        if (result < 0) {
            rungs.canClone = !Errno.isRefusal(-result);
            return full(-result, new ByteRange(to, length));
        }
        return length;
    }

    private long copyInKernel(Rungs rungs, OpenFile source, ByteRange range, long to) throws BlockException {
        NativeAccess access = target.access();
        long copied = 0;
        while (copied < range.length()) {
            long result = access.copyFileRange(source.fd(), range.offset() + copied, target.fd(), to + copied,
                    Math.min(MAX_CALL, range.length() - copied));
            if (result < 0) {
                rungs.canCopy = !Errno.isRefusal((int) -result);
                return copied + full((int) -result, new ByteRange(to + copied, range.length() - copied));
            }
            if (result == 0) {
                // The source has become shorter; reading will say so.
                return copied;
            }
            copied += result;
        }
        return copied;
    }

    /** Nothing more was copied; an exception only if there is no space to copy to. */
    private long full(int errno, ByteRange range) throws BlockException {
        if (errno == Errno.ENOSPC || errno == Errno.EDQUOT) {
            throw FileErrors.request(target.node(), "write", range, errno);
        }
        return 0;
    }
}

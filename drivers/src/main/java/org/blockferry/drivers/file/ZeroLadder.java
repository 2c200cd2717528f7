package org.blockferry.drivers.file;

import java.util.Set;
import org.blockferry.drivers.posix.Errno;
import org.blockferry.drivers.posix.NativeAccess;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.ByteRange;
import org.blockferry.engine.block.ZeroFlag;

/**
 * The kernel's ways to make zeroes in one open file, the best first. A way that is refused is not tried again; when all are,
 * the caller writes zeroes. Thread-safe: at worst two threads are refused by the same way.
 *
 * <pre>
 *   regular file   punch a hole (MAY_UNMAP only) → ZERO_RANGE → punch a hole and allocate it
 *   block device   punch a hole (MAY_UNMAP only) → ZERO_RANGE → BLKZEROOUT              (the last two not when FAST)
 * </pre>
 *
 * <p>On a device, a punched hole is zeroed by the device itself (the kernel refuses where it cannot), while ZERO_RANGE and
 * BLKZEROOUT fall back to writing zeroes from within the kernel: correct, but not fast. All of them keep the page cache true
 * (on devices since Linux 4.9). BLKDISCARD promises no zeroes and is no way at all.
 */
final class ZeroLadder {
    private static final int PUNCH = NativeAccess.FALLOC_PUNCH_HOLE | NativeAccess.FALLOC_KEEP_SIZE;

    private final OpenFile file;
    private final boolean device;
    private volatile boolean canPunch;
    private volatile boolean canZeroRange;
    private volatile boolean canAllocate;
    private volatile boolean canZeroOut;
    private volatile boolean canDiscard;

    ZeroLadder(OpenFile file) {
        this.file = file;
        device = file.facts().isBlockDevice();
        canPunch = file.hasNative();
        canZeroRange = canPunch;
        canAllocate = canPunch && !device;
        canZeroOut = canPunch && device;
        canDiscard = canPunch;
    }

    /**
     * Makes {@code range} read as zeroes; a regular file that ends within the range becomes longer, unless it may be unmapped.
     *
     * @param range on a device, whole sectors
     * @return {@code false} if no way is left; then nothing was changed
     */
    boolean zero(ByteRange range, Set<ZeroFlag> flags) throws BlockException {
        boolean mayUnmap = flags.contains(ZeroFlag.MAY_UNMAP);
        if (mayUnmap && canPunch) {
            canPunch = done("zero", range, file.access().fallocate(file.fd(), PUNCH, range.offset(), range.length()));
            if (canPunch) {
                return true;
            }
        }
        if (device && flags.contains(ZeroFlag.FAST)) {
            return false;
        }
        if (canZeroRange) {
            int mode = NativeAccess.FALLOC_ZERO_RANGE;
            canZeroRange = done("zero", range, file.access().fallocate(file.fd(), mode, range.offset(), range.length()));
            if (canZeroRange) {
                return true;
            }
        }
        if (canZeroOut) {
            canZeroOut = done("zero", range, file.access().zeroOut(file.fd(), range.offset(), range.length()));
            return canZeroOut;
        }
        return punchAndAllocate(range);
    }

    private boolean punchAndAllocate(ByteRange range) throws BlockException {
        if (!canPunch || !canAllocate) {
            return false;
        }
        canPunch = done("zero", range, file.access().fallocate(file.fd(), PUNCH, range.offset(), range.length()));
        if (canPunch) {
            // Once punched the range reads as zeroes: it is done even where it cannot be allocated again.
            allocate(range);
        }
        return canPunch;
    }

    /** Reserves space; a file that ends within the range becomes longer. */
    boolean allocate(ByteRange range) throws BlockException {
        if (canAllocate) {
            canAllocate = done("allocate", range, file.access().fallocate(file.fd(), 0, range.offset(), range.length()));
        }
        return canAllocate;
    }

    /** Gives {@code range} back; advice. Errors other than a refusal are passed over: nothing that was wanted is lost. */
    boolean discard(ByteRange range) throws BlockException {
        if (!canDiscard) {
            return false;
        }
        int result = device ? file.access().discard(file.fd(), range.offset(), range.length())
                : file.access().fallocate(file.fd(), PUNCH, range.offset(), range.length());
        canDiscard = result >= 0 || !Errno.isRefusal(-result);
        return result >= 0;
    }

    /** Whether the call succeeded; {@code false} if it was refused. */
    private boolean done(String operation, ByteRange range, int result) throws BlockException {
        if (result >= 0 || Errno.isRefusal(-result)) {
            return result >= 0;
        }
        throw FileErrors.request(file.node(), operation, range, -result);
    }
}

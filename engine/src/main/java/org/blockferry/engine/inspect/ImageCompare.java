package org.blockferry.engine.inspect;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.atomic.LongAdder;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.ByteRange;
import org.blockferry.engine.block.DriverRegistry;
import org.blockferry.engine.block.NodeInfo;
import org.blockferry.engine.block.Trait;
import org.blockferry.engine.inspect.CompareResult.Outcome;
import org.blockferry.engine.job.Progress;
import org.blockferry.engine.util.CloseAll;

/**
 * Compares two disks, whatever their formats and however many backing files they have. What both know to be zeroes is not read.
 *
 * <p>Several threads read and compare, the calling one among them. The answer is that of one thread that goes from the first byte
 * to the last: the first byte that differs, and an error only if nothing before it differs. Memory is half a mebibyte for each of
 * at most eight threads.
 *
 * <p>One thread opens, runs once, and closes; {@link #progress} is for any thread.
 */
public final class ImageCompare implements AutoCloseable {
    private static final int MOST_THREADS = 8;
    /** Less is done before a thread has started. */
    private static final long WORTH_A_THREAD = 8 << 20;
    private static final int PAGE = 4096;
    private static final long NOWHERE = Long.MAX_VALUE;

    private final DiskView first;
    private final DiskView second;
    private final boolean strict;
    private final ComparePlan plan;
    private final LongAdder compared = new LongAdder();
    private final ByteBuffer zeroes = ByteBuffer.allocateDirect(ComparePlan.PIECE);
    private final long startNanos = System.nanoTime();
    /** Where the first difference is that was found so far; guarded by {@code this}, as the failure is. */
    private long differsAt = NOWHERE;
    private long failedAt = NOWHERE;
    private BlockException failure;
    private Throwable broken;

    private ImageCompare(DiskView first, DiskView second, boolean strict) {
        this.first = first;
        this.second = second;
        this.strict = strict;
        this.plan = new ComparePlan(first, second, strict);
    }

    /**
     * Opens one side.
     *
     * @param strict whether what is known of each byte is going to be compared, in QEMU's sense
     * @throws BlockException if the image or one below it cannot be opened; UNSUPPORTED for a stream
     */
    public static Opened open(DriverRegistry drivers, ImageRequest request, boolean strict) throws BlockException {
        return new Opened(Inspection.view(drivers, request, !strict));
    }

    /** An image that is going to be compared; closed with the comparison, or alone if it comes to none. */
    public static final class Opened implements AutoCloseable {
        private final DiskView view;

        private Opened(DiskView view) {
            this.view = view;
        }

        @Override
        public void close() throws BlockException {
            view.close();
        }
    }

    /**
     * Two images as one comparison, which closes them.
     *
     * @param strict whether their lengths and what is known of each byte must be the same, too
     */
    public static ImageCompare of(Opened first, Opened second, boolean strict) {
        return new ImageCompare(first.view, second.view, strict);
    }

    /**
     * Compares.
     *
     * @throws BlockException naming the image; with a {@linkplain BlockException#range range} if it cannot be read there, without
     *     one if its status cannot be told
     */
    public CompareResult run() throws BlockException {
        if (strict && first.length() != second.length()) {
            return result(Outcome.LENGTH_DIFFERS, 0);
        }
        List<Thread> helpers = new ArrayList<>();
        for (int i = 1; i < threads(); i++) {
            Thread helper = new Thread(this::work, "compare-" + i);
            helper.setDaemon(true);
            helper.start();
            helpers.add(helper);
        }
        work();
        boolean interrupted = false;
        for (Thread helper : helpers) {
            interrupted |= join(helper);
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        return conclude();
    }

    /** Waits for a thread, which must not outlive the disks that it reads; whether somebody interrupted in the meantime. */
    private static boolean join(Thread thread) {
        boolean interrupted = false;
        while (true) {
            try {
                thread.join();
                return interrupted;
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
    }

    private int threads() {
        NodeInfo one = first.chain().info();
        NodeInfo two = second.chain().info();
        int wanted = one.has(Trait.REMOTE) || two.has(Trait.REMOTE) ? MOST_THREADS : Runtime.getRuntime().availableProcessors();
        int allowed = Math.min(Math.min(one.maxReaders(), two.maxReaders()), MOST_THREADS);
        long worth = 1 + Math.max(first.length(), second.length()) / WORTH_A_THREAD;
        return (int) Math.min(Math.min(Math.max(wanted, 2), allowed), worth);
    }

    private void work() {
        ComparePlan.Piece piece = new ComparePlan.Piece();
        try {
            ByteBuffer one = buffer();
            ByteBuffer two = buffer();
            while (next(piece)) {
                compare(piece, one, two);
            }
        } catch (RuntimeException | Error e) {
            plan.stopAt(0);
            synchronized (this) {
                broken = e;
            }
        }
    }

    private static ByteBuffer buffer() {
        return ByteBuffer.allocateDirect(ComparePlan.PIECE + PAGE).alignedSlice(PAGE);
    }

    private boolean next(ComparePlan.Piece piece) {
        try {
            return plan.next(piece);
        } catch (BlockException e) {
            failed(plan.position(), BlockException.of(e.kind(), e.node(), reasonOf(e), e).withErrno(e.errno().orElse(0)));
            return false;
        }
    }

    private void compare(ComparePlan.Piece piece, ByteBuffer one, ByteBuffer two) {
        int differs;
        try {
            ByteBuffer left = piece.readFirst ? read(first, piece, one) : zeroes.slice(0, piece.length);
            ByteBuffer right = piece.readSecond ? read(second, piece, two) : zeroes.slice(0, piece.length);
            differs = left.mismatch(right);
        } catch (BlockException e) {
            failed(piece.offset, e.range().isPresent() ? e : BlockException.request(e.kind(), e.node(), "read",
                    new ByteRange(piece.offset, piece.length), reasonOf(e), e));
            return;
        }
        if (differs >= 0) {
            plan.stopAt(piece.offset + differs);
            synchronized (this) {
                differsAt = Math.min(differsAt, piece.offset + differs);
            }
        }
        compared.add(piece.length);
    }

    /** The message without the node, which goes before it again. */
    private static String reasonOf(BlockException e) {
        String prefix = e.node() + ": ";
        return e.getMessage().startsWith(prefix) ? e.getMessage().substring(prefix.length()) : e.getMessage();
    }

    private static ByteBuffer read(DiskView view, ComparePlan.Piece piece, ByteBuffer into) throws BlockException {
        into.clear().limit(piece.length);
        view.read(piece.offset, into);
        return into.flip();
    }

    private void failed(long offset, BlockException e) {
        plan.stopAt(offset);
        synchronized (this) {
            if (offset < failedAt) {
                failedAt = offset;
                failure = e;
            }
        }
    }

    private synchronized CompareResult conclude() throws BlockException {
        if (broken != null) {
            throw new IllegalStateException("the comparison broke off: " + broken, broken);
        }
        OptionalLong status = plan.statusDiffers();
        long statusAt = status.orElse(NOWHERE);
        if (failedAt < differsAt && failedAt < statusAt) {
            throw failure;
        }
        if (differsAt < statusAt) {
            return result(Outcome.CONTENT_DIFFERS, differsAt);
        }
        return status.isPresent() ? result(Outcome.STATUS_DIFFERS, statusAt) : result(Outcome.SAME, 0);
    }

    private CompareResult result(Outcome outcome, long offset) {
        return new CompareResult(outcome, offset, first.length(), second.length());
    }

    /** How far it is; any thread. What was read counts as copied. */
    public Progress progress() {
        return new Progress(Math.max(first.length(), second.length()), compared.sum(), 0, 0, 0, plan.skipped(),
                Duration.ofNanos(System.nanoTime() - startNanos));
    }

    @Override
    public void close() throws BlockException {
        try {
            first.close();
        } catch (BlockException e) {
            CloseAll.after(e, second);
            throw e;
        }
        second.close();
    }
}

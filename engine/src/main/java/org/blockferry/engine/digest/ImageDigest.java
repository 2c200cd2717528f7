package org.blockferry.engine.digest;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.BooleanSupplier;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockException.Kind;
import org.blockferry.engine.block.BlockSource;
import org.blockferry.engine.block.BlockStatus;
import org.blockferry.engine.block.ByteRange;
import org.blockferry.engine.block.NodeInfo;
import org.blockferry.engine.block.StreamSource;
import org.blockferry.engine.block.Trait;

/**
 * Reads a disk for its digest, with several threads, the calling one among them; what the disk calls zeroes is not read. A stream is
 * read by one. Memory is half a mebibyte a thread.
 *
 * <p>One thread runs it, once; {@link #done} and {@link #cancel} are for any thread. The disk stays open.
 */
public final class ImageDigest {
    private static final int PIECE = 8 * BlockDigest.BLOCK;
    private static final int PAGE = 4096;
    private static final int MOST_THREADS = 8;
    private static final long WORTH_A_THREAD = 8 << 20;
    /** How far pieces may be ahead of the first that is missing. */
    private static final long AHEAD = 1L << 30;
    /** Bytes whose status is asked for at once. */
    private static final long WINDOW = 1L << 30;

    private final BlockSource disk;
    private final BlockDigest digest;
    private final long length;
    private final LongAdder done = new LongAdder();
    private final BooleanSupplier stop;
    private volatile boolean cancelled;
    private volatile Throwable failure;
    /** Guarded by {@code this}. */
    private BlockStatus run;
    private long at;

    /** A digest of all of {@code disk}. */
    public ImageDigest(BlockSource disk, DigestAlgorithm algorithm) {
        this(disk, algorithm, () -> false);
    }

    /** @param stop asked now and then, by any thread: whether to end as {@link #cancel} does */
    public ImageDigest(BlockSource disk, DigestAlgorithm algorithm, BooleanSupplier stop) {
        this.stop = Objects.requireNonNull(stop, "stop");
        this.disk = Objects.requireNonNull(disk, "disk");
        this.digest = new BlockDigest(algorithm);
        this.length = disk.info().length();
    }

    /** Bytes that are dealt with so far, read or known to be zeroes. */
    public long done() {
        return done.sum();
    }

    /** Lets {@link #run} end soon, with a failure. */
    public void cancel() {
        cancelled = true;
        digest.wake();
    }

    /**
     * Reads and hashes.
     *
     * @throws BlockException the first failure of the disk; when cancelled, one that says so
     */
    public Checksum run() throws BlockException {
        if (disk.info().has(Trait.STREAM)) {
            return runStream((StreamSource) disk);
        }
        List<Thread> helpers = new ArrayList<>();
        for (int i = 1; i < threads(); i++) {
            Thread helper = new Thread(this::work, "digest-" + i);
            helper.setDaemon(true);
            helper.start();
            helpers.add(helper);
        }
        work();
        boolean interrupted = false;
        for (Thread helper : helpers) {
            while (helper.isAlive()) {
                try {
                    helper.join();
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        throwFailure();
        return digest.finish(length);
    }

    private void throwFailure() throws BlockException {
        Throwable first = failure;
        if (first instanceof BlockException known) {
            throw known;
        }
        if (first != null) {
            throw new IllegalStateException("the digest broke off: " + first, first);
        }
        if (isCancelled()) {
            throw BlockException.of(Kind.IO, disk.info().name(), "cancelled before all was read");
        }
    }

    private Checksum runStream(StreamSource stream) throws BlockException {
        ByteBuffer buffer = buffer();
        long offset = 0;
        for (int last = 0; last >= 0; ) {
            buffer.clear();
            while (last >= 0 && buffer.hasRemaining() && !isCancelled()) {
                last = stream.readNext(buffer);
            }
            throwFailure();
            digest.data(offset, buffer.flip());
            offset += buffer.limit();
            done.add(buffer.limit());
        }
        return digest.finish(offset);
    }

    private int threads() {
        NodeInfo info = disk.info();
        int wanted = info.has(Trait.REMOTE) ? MOST_THREADS : Math.max(2, Runtime.getRuntime().availableProcessors());
        int allowed = Math.min(Math.min(info.maxReaders(), wanted), MOST_THREADS);
        return (int) Math.max(1, Math.min(allowed, 1 + length / WORTH_A_THREAD));
    }

    private static ByteBuffer buffer() {
        return ByteBuffer.allocateDirect(PIECE + PAGE).alignedSlice(PAGE).limit(PIECE).slice();
    }

    private void work() {
        try {
            ByteBuffer buffer = null;
            for (ByteRange piece = next(); piece != null; piece = next()) {
                buffer = buffer == null ? buffer() : buffer;
                digest.awaitRoom(piece.offset(), AHEAD, this::isOver);
                if (isOver()) {
                    return;
                }
                disk.read(piece.offset(), buffer.clear().limit((int) piece.length()));
                digest.data(piece.offset(), buffer.flip());
                done.add(piece.length());
            }
        } catch (BlockException | RuntimeException | Error e) {
            failed(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            cancel();
        }
    }

    private boolean isCancelled() {
        return cancelled || stop.getAsBoolean();
    }

    private boolean isOver() {
        // Without a lock: it is asked while that of the digest is held, which those take who hold ours.
        return isCancelled() || failure != null;
    }

    private void failed(Throwable e) {
        synchronized (this) {
            if (failure == null) {
                failure = e;
            }
        }
        digest.wake();
    }

    /** The next bytes to be read, ascending; null at the end. Zeroes on the way are added at once. */
    private synchronized ByteRange next() throws BlockException {
        while (at < length && !isOver()) {
            if (run == null || run.end() <= at) {
                run = disk.status(ByteRange.between(at, at + Math.min(length - at, WINDOW)));
            }
            long end = Math.min(run.end(), length);
            if (run.isZero()) {
                digest.zero(at, end - at);
                done.add(end - at);
                at = end;
                continue;
            }
            ByteRange piece = ByteRange.between(at, Math.min(end, at - at % PIECE + PIECE));
            at = piece.end();
            return piece;
        }
        return null;
    }
}

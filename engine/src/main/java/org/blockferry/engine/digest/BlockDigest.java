package org.blockferry.engine.digest;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.security.MessageDigest;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.BooleanSupplier;

/**
 * Takes what a disk reads as, in pieces of any size and in any order, each byte once, and makes the digest of it. Any thread may add;
 * blocks are hashed by the thread that brings the last of their bytes.
 *
 * <p>Memory follows how far the pieces are out of order: a block that is known in part and holds data takes its 64 KiB, one that is
 * hashed and waits for those before it some bytes, a run of zero blocks the same whatever its length.
 */
public final class BlockDigest {
    /** Bytes of a block. */
    public static final int BLOCK = 64 << 10;
    private static final ByteBuffer ZEROES = ByteBuffer.allocateDirect(BLOCK).asReadOnlyBuffer();
    /** Digests of zero blocks that are added to the outer hash in one call. */
    private static final int BATCH = 1024;

    /** A block that is known in part. */
    private static final class Open {
        /** Bytes that are known. */
        int known;
        /** Their content; null while all of them are zeroes. */
        byte[] content;
    }

    private final DigestAlgorithm algorithm;
    private final byte[] zeroDigest;
    private final byte[] zeroDigests;
    private final ThreadLocal<MessageDigest> hashes;
    private final LongAdder read = new LongAdder();
    private final MessageDigest outer;
    /** The three below and {@link #outer} and {@link #next} are guarded by {@code this}. */
    private final Map<Long, Open> open = new HashMap<>();
    private final Map<Long, byte[]> hashed = new HashMap<>();
    /** Runs of zero blocks: the first and the one behind the last. */
    private final TreeMap<Long, Long> zeroRuns = new TreeMap<>();
    private long next;

    /** A digest of nothing yet. */
    public BlockDigest(DigestAlgorithm algorithm) {
        this.algorithm = Objects.requireNonNull(algorithm, "algorithm");
        this.hashes = ThreadLocal.withInitial(algorithm::make);
        this.outer = algorithm.make();
        this.zeroDigest = hash(ZEROES.duplicate());
        this.zeroDigests = new byte[zeroDigest.length * BATCH];
        for (int i = 0; i < BATCH; i++) {
            System.arraycopy(zeroDigest, 0, zeroDigests, i * zeroDigest.length, zeroDigest.length);
        }
    }

    private byte[] hash(ByteBuffer bytes) {
        MessageDigest inner = hashes.get();
        inner.update(bytes);
        return inner.digest();
    }

    /** Adds bytes that were read; position and limit of {@code bytes} stay as they are. */
    public void data(long offset, ByteBuffer bytes) {
        ByteBuffer rest = bytes.duplicate();
        int end = rest.limit();
        read.add(rest.remaining());
        for (long at = offset; rest.position() < end; ) {
            int inBlock = (int) Math.min(BLOCK - at % BLOCK, end - rest.position());
            rest.limit(rest.position() + inBlock);
            if (inBlock == BLOCK) {
                boolean zero = rest.get(rest.position()) == 0 && rest.mismatch(ZEROES) < 0;
                settle(at / BLOCK, zero ? zeroDigest : hash(rest.duplicate()));
            } else {
                part(at, rest);
            }
            rest.limit(end).position(rest.position() + inBlock);
            at += inBlock;
        }
    }

    private void part(long at, ByteBuffer bytes) {
        long block = at / BLOCK;
        byte[] whole;
        synchronized (this) {
            Open part = open.computeIfAbsent(block, index -> new Open());
            if (part.content == null) {
                part.content = new byte[BLOCK];
            }
            int length = bytes.remaining();
            bytes.duplicate().get(part.content, (int) (at % BLOCK), length);
            part.known += length;
            if (part.known < BLOCK) {
                return;
            }
            whole = part.content;
            open.remove(block);
        }
        settle(block, hash(ByteBuffer.wrap(whole)));
    }

    /** Adds bytes that are known to be zeroes, as many as there are. */
    public void zero(long offset, long length) {
        long end = offset + length;
        long first = (offset + BLOCK - 1) / BLOCK;
        long behind = end / BLOCK;
        if (first > behind) {
            zeroPart(offset / BLOCK, (int) length);
            return;
        }
        if (offset % BLOCK != 0) {
            zeroPart(offset / BLOCK, (int) (first * BLOCK - offset));
        }
        if (end % BLOCK != 0) {
            zeroPart(behind, (int) (end - behind * BLOCK));
        }
        if (first < behind) {
            synchronized (this) {
                zeroRuns.put(first, behind);
                goOn();
            }
        }
    }

    private void zeroPart(long block, int length) {
        byte[] whole;
        synchronized (this) {
            Open part = open.computeIfAbsent(block, index -> new Open());
            part.known += length;
            if (part.known < BLOCK) {
                return;
            }
            whole = part.content;
            open.remove(block);
        }
        settle(block, whole == null ? zeroDigest : hash(ByteBuffer.wrap(whole)));
    }

    private synchronized void settle(long block, byte[] digest) {
        if (block == next) {
            outer.update(digest);
            next++;
            goOn();
        } else {
            hashed.put(block, digest);
            // Whoever runs far ahead waits for those behind; see awaitRoom.
        }
    }

    /** Adds all blocks to the outer hash that have their place now. With the lock held. */
    private void goOn() {
        long before = -1;
        while (before != next) {
            before = next;
            Long zeroEnd = zeroRuns.remove(next);
            if (zeroEnd != null) {
                for (long left = zeroEnd - next; left > 0; left -= BATCH) {
                    outer.update(zeroDigests, 0, (int) Math.min(left, BATCH) * zeroDigest.length);
                }
                next = zeroEnd;
            }
            for (byte[] digest = hashed.remove(next); digest != null; digest = hashed.remove(next)) {
                outer.update(digest);
                next++;
            }
        }
        notifyAll();
    }

    /** Waits until all bytes before {@code offset} less {@code ahead} are known, or {@link #wake} lets all go. */
    synchronized void awaitRoom(long offset, long ahead, BooleanSupplier given) throws InterruptedException {
        while (offset / BLOCK - next > ahead / BLOCK && !given.getAsBoolean()) {
            wait();
        }
    }

    /** Lets those look again who wait. */
    synchronized void wake() {
        notifyAll();
    }

    /**
     * Ends the digest.
     *
     * @param length of the disk, all bytes of which were added
     * @throws IllegalStateException if some were not
     */
    public synchronized Checksum finish(long length) {
        long blocks = length / BLOCK;
        int tail = (int) (length % BLOCK);
        Open last = open.remove(blocks);
        if (next != blocks || !open.isEmpty() || (last == null ? 0 : last.known) != tail) {
            throw new IllegalStateException("of " + length + " bytes, block " + next + " is not known");
        }
        if (tail > 0) {
            outer.update(hash(last.content == null ? ZEROES.duplicate().limit(tail) : ByteBuffer.wrap(last.content, 0, tail)));
        }
        outer.update(ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN).putLong(0, length));
        return new Checksum(algorithm, HexFormat.of().formatHex(outer.digest()), length, read.sum());
    }
}

package org.blockferry.engine.pipeline;

import java.util.List;
import java.util.Objects;
import org.blockferry.engine.block.NodeInfo;
import org.blockferry.engine.block.Trait;
import org.blockferry.engine.util.ByteSize;

/**
 * Which threads do what, over how much memory, and why.
 *
 * @param kind FUSED or STAGED
 * @param readers in the fused kind the workers; 0 when the planner itself reads a stream
 * @param writers in the fused kind the same workers
 * @param slots slots in the ring, a power of two
 * @param slotBytes bytes of data in a slot, a power of two and a multiple of {@code unit}
 * @param unit no two slots touch the same unit of the target; a power of two
 * @param why what decided the kind, for people
 * @param whyThreads what decided how many threads there are
 * @param whySlots what decided how large the slots are
 */
public record PipelineShape(Kind kind, int readers, int writers, int slots, int slotBytes, int unit, String why, String whyThreads,
        String whySlots) {

    /** Which threads do what. */
    public enum Kind {
        /** Choose by the traits of both ends. */
        AUTO,
        /** One worker reads, scans and writes a slot; its bytes stay in one core's cache. */
        FUSED,
        /** Readers fill slots, writers empty them. One writer takes them in the order of the plan. */
        STAGED
    }

    /** Buffers of one copy, at most, unless the target's clusters alone need more. */
    static final long MEMORY = 32L << 20;
    /**
     * Slots are as large as this, unless asked otherwise or an end prefers larger transfers.
     *
     * <p>Measured with file channels from tmpfs to tmpfs, 512 MiB, 2 workers on 2 cores that were busy with other work (load 8
     * to 17, so the seconds of CPU say more than those of the clock, and differences below 10 % say nothing); CPU / clock,
     * medians of 15: direct copier 0.33 / 0.92; slots of 64 KiB 0.36 / 0.41, 128 KiB 0.36 / 0.44, 256 KiB 0.35 / 0.43, 512 KiB
     * 0.35 / 0.62, 1 MiB 0.37 / 0.48, 2 MiB 0.35 / 0.77; staged, 2 + 2 threads, 256 KiB 0.35 / 0.49, 1 MiB 0.36 / 0.63. So the
     * hand-over costs nothing that can be seen, large slots gain nothing, and 256 KiB stays in a core's cache. 1 GiB of 4 KiB
     * data and 12 KiB holes in turns, 65,536 extents: direct 0.35, fused 0.31, staged 0.32 s of CPU.
     */
    static final int SLOT_BYTES = 256 << 10;
    /** With O_DIRECT there is no read-ahead and no write-behind: the request is what the device sees. Not measured yet. */
    static final int DIRECT_SLOT_BYTES = 1 << 20;
    /** An end that prefers larger transfers than this does not get them: the transfer of qemu-img. */
    static final int MAX_SLOT_BYTES = 2 << 20;
    /** Requests in flight that hide the latency of a network or of many devices: what qemu-img and nbdcopy settled on. */
    static final int REMOTE_THREADS = 8;
    /**
     * Threads beyond the processors past the page cache: while one waits for a device, another computes. Through the cache there is
     * nothing to wait for but the lock of the file that is written, on which a thread without a processor of its own spins: 798
     * MiB on tmpfs, 2 processors, 4 workers 0.59 s wall and 1.07 s of CPU, 2 workers 0.56 and 0.92.
     */
    static final int SPARE_THREADS = 2;
    private static final int MIN_UNIT = 4096;

    /**
     * The shape for a copy between these ends.
     *
     * @param processors of this machine
     */
    public static PipelineShape choose(NodeInfo source, NodeInfo target, PipelineOptions options, int processors) {
        Objects.requireNonNull(options, "options");
        int unit = Math.max(MIN_UNIT, Math.max(target.limits().writeUnit(options.compress()),
                target.limits().requestAlignment()));
        int slotBytes = Math.max(unit, options.slotBytes() != 0 ? options.slotBytes() : slotBytes(source, target, options));
        boolean remote = source.has(Trait.REMOTE) || target.has(Trait.REMOTE);
        boolean direct = source.has(Trait.DIRECT) || target.has(Trait.DIRECT);
        int wanted = remote ? REMOTE_THREADS : Math.max(2, processors) + (direct ? SPARE_THREADS : 0);
        int readers = count(options.readers(), wanted, source.maxReaders());
        int writers = count(options.writers(), wanted, target.maxWriters());
        Kind kind;
        String why;
        if (source.has(Trait.STREAM)) {
            kind = Kind.STAGED;
            readers = 0;
            writers = target.has(Trait.APPEND_ONLY) ? 1 : writers;
            why = "the source is a stream, which one thread reads in order";
        } else if (target.has(Trait.APPEND_ONLY)) {
            kind = Kind.STAGED;
            writers = 1;
            why = "the target takes bytes in order only";
        } else if (options.offload() == OffloadMode.ALWAYS) {
            kind = Kind.FUSED;
            why = "offload needs one thread that may read and write";
        } else if (options.kind() != Kind.AUTO) {
            kind = options.kind();
            why = "as asked";
        } else if (Math.min(readers, writers) < Math.max(readers, writers) && Math.min(readers, writers) * 2 <= wanted) {
            kind = Kind.STAGED;
            why = "one end takes " + Math.min(readers, writers) + " at a time, the other " + Math.max(readers, writers);
        } else if (Math.max(readers, writers) == 1) {
            kind = Kind.STAGED;
            why = "each end takes one at a time, so reading and writing overlap";
        } else {
            kind = Kind.FUSED;
            why = remote ? "remote ends with requests in parallel" : "both ends are local and take requests in parallel";
        }
        // A writer that compresses has a buffer of its own for what it makes, which may be as large as the slot.
        long memory = options.compress() ? MEMORY / 2 : MEMORY;
        int affordable = (int) Math.max(1, memory / slotBytes);
        if (options.compress()) {
            writers = Math.min(writers, affordable);
        }
        if (kind == Kind.FUSED) {
            readers = Math.min(Math.min(readers, writers), affordable);
            writers = readers;
        }
        int slots = slots(kind, readers + writers, slotBytes, memory, options);
        String whyThreads = options.readers() != 0 || options.writers() != 0 ? "as many as asked for, and as both ends take"
                : remote ? REMOTE_THREADS + " requests at a time hide the latency of a network"
                : direct ? "more than the " + processors + " processors, since past the page cache a thread waits for the device"
                : "no more than the " + processors + " processors, since through the page cache there is nothing to wait for";
        return new PipelineShape(kind, readers, writers, slots, slotBytes, unit, why, whyThreads,
                whySlots(source, target, options, unit, slotBytes));
    }

    private static String whySlots(NodeInfo source, NodeInfo target, PipelineOptions options, int unit, int slotBytes) {
        if (options.slotBytes() != 0) {
            return "as asked";
        }
        if (slotBytes == unit && unit > SLOT_BYTES) {
            return "a unit of the target, which no two threads may share";
        }
        if (slotBytes == DIRECT_SLOT_BYTES && (source.has(Trait.DIRECT) || target.has(Trait.DIRECT))) {
            return "past the page cache a request is what the device sees";
        }
        return slotBytes == SLOT_BYTES ? "it stays in a core's cache, and larger ones gain nothing"
                : "an end prefers requests as large, or zeroes are looked for in runs as long";
    }

    private static int slotBytes(NodeInfo source, NodeInfo target, PipelineOptions options) {
        int usual = source.has(Trait.DIRECT) || target.has(Trait.DIRECT) ? DIRECT_SLOT_BYTES : SLOT_BYTES;
        // Zeroes are found within a slot, so it holds the shortest run that is looked for.
        int preferred = Math.max(options.sparseSize(),
                Math.max(source.limits().optimalTransfer(), target.limits().optimalTransfer()));
        return Math.max(usual, ceilPowerOfTwo(Math.min(preferred, MAX_SLOT_BYTES)));
    }

    private static int count(int asked, int wanted, int allowed) {
        return Math.max(1, Math.min(asked != 0 ? asked : wanted, allowed));
    }

    private static int slots(Kind kind, int threads, int slotBytes, long memory, PipelineOptions options) {
        if (options.slots() != 0) {
            return Math.max(2, ceilPowerOfTwo(Math.min(options.slots(), 1 << 16)));
        }
        // Fused workers own the buffers, so slots cost run lists only; enough of them that no worker waits for a slow one.
        int most = kind == Kind.FUSED ? 64 : (int) Math.max(2, memory / slotBytes);
        return Math.max(2, Math.min(most, ceilPowerOfTwo(4 * Math.max(2, threads))));
    }

    private static int ceilPowerOfTwo(int value) {
        return value <= 1 ? 1 : Integer.highestOneBit(value - 1) << 1;
    }

    /** Bytes of buffers when all are in use. */
    public long memory() {
        return (long) slotBytes * (kind == Kind.FUSED ? readers : slots);
    }

    /** Lines for people: the shape, and what decided each part of it. */
    List<String> reasons() {
        return List.of(explain(), "threads: " + whyThreads, "slots of " + ByteSize.format(slotBytes) + ": " + whySlots);
    }

    /** One line for people: the shape and why. */
    public String explain() {
        String threads = kind == Kind.FUSED ? readers + (readers == 1 ? " worker" : " workers")
                : (readers == 0 ? "" : readers + (readers == 1 ? " reader, " : " readers, "))
                + writers + (writers == 1 ? " writer" : " writers");
        return (kind == Kind.FUSED ? "fused: " : "staged: ") + threads + ", " + slots + " slots of "
                + ByteSize.format(slotBytes) + "; " + why;
    }
}

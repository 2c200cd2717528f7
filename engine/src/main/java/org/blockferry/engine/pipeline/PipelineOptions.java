package org.blockferry.engine.pipeline;

import java.util.Objects;

/**
 * How a plan is carried out. A count or size of 0 means: choose by the traits of both ends.
 *
 * @param kind which threads do what
 * @param readers threads that read, or in the fused kind, that read and write; never more than the source allows
 * @param writers threads that write; never more than the target allows
 * @param slots slots in the ring, rounded up to a power of two
 * @param slotBytes bytes of data in a slot, a power of two from 4 KiB on; raised to the target's cluster size
 * @param sparseSize shortest run of zeroes that is looked for in copied data; 0: none is
 * @param offload whether the system may copy by itself
 * @param salvage whether what cannot be read is replaced by zeroes instead of being a failure
 * @param compress whether data is written with {@link org.blockferry.engine.block.WriteFlag#COMPRESSED}
 * @param recompress whether what the source has stored compressed is compressed again, also where it could be stored as it is
 * @param statistics whether stages are measured
 */
public record PipelineOptions(
        PipelineShape.Kind kind,
        int readers,
        int writers,
        int slots,
        int slotBytes,
        int sparseSize,
        OffloadMode offload,
        boolean salvage,
        boolean compress,
        boolean recompress,
        boolean statistics) {

    /** The usual granularity of this field: the block of most file systems. */
    public static final int DEFAULT_SPARSE_SIZE = 4096;

    /** Everything chosen, 4 KiB zero detection, offload where it pays. */
    public static final PipelineOptions DEFAULT = new PipelineOptions(
            PipelineShape.Kind.AUTO, 0, 0, 0, 0, DEFAULT_SPARSE_SIZE, OffloadMode.AUTO, false, false, false, false);

    public PipelineOptions {
        Objects.requireNonNull(kind, "kind");
        Objects.requireNonNull(offload, "offload");
        if (readers < 0 || writers < 0 || slots < 0 || sparseSize < 0) {
            throw new IllegalArgumentException("readers " + readers + ", writers " + writers + ", slots " + slots
                    + ", sparseSize " + sparseSize + "; not negative");
        }
        if (slotBytes != 0 && (slotBytes < 4096 || Integer.bitCount(slotBytes) != 1)) {
            throw new IllegalArgumentException("slotBytes is " + slotBytes + "; a power of two from 4096 on, or 0");
        }
    }

    public PipelineOptions withKind(PipelineShape.Kind value) {
        return new PipelineOptions(
                value, readers, writers, slots, slotBytes, sparseSize, offload, salvage, compress, recompress, statistics);
    }

    /** At most {@code value} readers and as many writers. */
    public PipelineOptions withThreads(int value) {
        return withThreads(value, value);
    }

    public PipelineOptions withThreads(int reading, int writing) {
        return new PipelineOptions(
                kind, reading, writing, slots, slotBytes, sparseSize, offload, salvage, compress, recompress, statistics);
    }

    public PipelineOptions withSlots(int count, int bytes) {
        return new PipelineOptions(
                kind, readers, writers, count, bytes, sparseSize, offload, salvage, compress, recompress, statistics);
    }

    public PipelineOptions withSparseSize(int value) {
        return new PipelineOptions(
                kind, readers, writers, slots, slotBytes, value, offload, salvage, compress, recompress, statistics);
    }

    public PipelineOptions withOffload(OffloadMode value) {
        return new PipelineOptions(
                kind, readers, writers, slots, slotBytes, sparseSize, value, salvage, compress, recompress, statistics);
    }

    public PipelineOptions withSalvage(boolean value) {
        return new PipelineOptions(
                kind, readers, writers, slots, slotBytes, sparseSize, offload, value, compress, recompress, statistics);
    }

    public PipelineOptions withCompress(boolean value) {
        return new PipelineOptions(
                kind, readers, writers, slots, slotBytes, sparseSize, offload, salvage, value, recompress, statistics);
    }

    public PipelineOptions withRecompress(boolean value) {
        return new PipelineOptions(
                kind, readers, writers, slots, slotBytes, sparseSize, offload, salvage, compress, value, statistics);
    }

    public PipelineOptions withStatistics(boolean value) {
        return new PipelineOptions(
                kind, readers, writers, slots, slotBytes, sparseSize, offload, salvage, compress, recompress, value);
    }
}

package org.blockferry.engine.block;

/** What a node can do or promises, asked once at open. */
public enum Trait {
    /** As opened, every byte reads as zero: zeroes need not be written. */
    READS_ZERO_WHEN_NEW,
    /** {@link ZeroFlag#MAY_UNMAP} has an effect. */
    ZERO_MAY_UNMAP,
    /** {@code writeZeroes} costs no more than metadata. */
    FAST_ZERO,
    /** {@code discard} has an effect. */
    DISCARD,
    /** {@link WriteFlag#COMPRESSED} is understood. */
    COMPRESS,
    /** Every byte is needed, once, in ascending order: a pipe. */
    APPEND_ONLY,
    /** What is not written shows a backing file. */
    BACKING,
    /** The bytes come in order, once, and where they end is known only when they do: a pipe as a source. */
    STREAM,
    /** {@code offload} may work from a file of the same host. */
    OFFLOAD,
    /** Requests wait on a network or on many devices: more of them in flight pay, whatever the number of processors. */
    REMOTE,
    /** Reads bypass the page cache. */
    DIRECT
}

package org.blockferry.engine.mirror;

/**
 * Something that happened to a mirror job; QEMU's events and the meaning of their members.
 *
 * @param name such as {@code BLOCK_JOB_READY}
 * @param status the job's at that moment
 * @param offset bytes that were dealt with
 * @param length bytes that were to be dealt with; it grows as the source is written to
 * @param error what went wrong, for {@code BLOCK_JOB_ERROR} and a {@code BLOCK_JOB_COMPLETED} that failed; else empty
 * @param operation of a {@code BLOCK_JOB_ERROR}: read or write; else empty
 * @param action taken on a {@code BLOCK_JOB_ERROR}: report, ignore or stop; else empty
 */
public record MirrorEvent(Name name, JobStatus status, long offset, long length, String error, String operation,
        String action) {

    /** What can happen. */
    public enum Name {
        JOB_STATUS_CHANGE,
        BLOCK_JOB_READY,
        BLOCK_JOB_COMPLETED,
        BLOCK_JOB_CANCELLED,
        BLOCK_JOB_ERROR
    }

    /** Told of events, in the order in which they happen, in the job's thread: it must be quick. */
    @FunctionalInterface
    public interface Listener {
        void happened(MirrorEvent event);
    }
}

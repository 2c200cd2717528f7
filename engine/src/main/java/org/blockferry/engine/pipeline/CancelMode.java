package org.blockferry.engine.pipeline;

/** What happens to work that has begun when a copy is cancelled. Either way the copy returns only when nothing is in flight. */
public enum CancelMode {
    /** What has been read is still written; nothing new is begun. */
    FINISH_IN_FLIGHT,
    /** What has been read is dropped; only the request that a thread is inside of is waited for. */
    ABANDON
}

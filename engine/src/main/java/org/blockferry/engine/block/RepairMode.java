package org.blockferry.engine.block;

/** What a check may repair. */
public enum RepairMode {
    /** Clusters that count as used and are not: space is gained, no data is touched. */
    LEAKS,
    /** Also refcounts that are too small, wrong flags and refcount blocks that cannot be used. */
    ALL
}

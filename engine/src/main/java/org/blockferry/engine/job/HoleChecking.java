package org.blockferry.engine.job;

/**
 * How far a copy believes a source that says of bytes that they are zeroes: some file systems have told holes that held data.
 */
public enum HoleChecking {
    /** As far as it goes. */
    NONE,
    /**
     * Before anything is written, the first and the last block of each run of zeroes is read, and one in each 256 MiB between;
     * if one holds data, nothing that the source says is believed and all of it is read.
     */
    SAMPLE,
    /** Each run of zeroes is read before it is taken for that; from the first one on that holds data, all is read. */
    ALL
}

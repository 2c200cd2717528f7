package org.blockferry.engine.job;

/** How a copy that goes on finds out whether its source is still the one that it began with. */
public enum ResumeCheck {
    /** Size, time of last change and inode of each file. */
    STAT,
    /** Also the digest of 256 blocks, spread over the disk. */
    SAMPLE,
    /** Also the digest of the whole disk, which reads all of it at every start. */
    FULL
}

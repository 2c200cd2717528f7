package org.blockferry.engine.pipeline;

/** Whether bytes may be copied without passing through this process. Offloaded bytes are not searched for zeroes. */
public enum OffloadMode {
    /** Where it pays and loses nothing; see {@link OffloadRule}. */
    AUTO,
    /** Every copied byte where it is possible, zeroes that are written in it too; the others are read, searched and written. */
    PREFER,
    /** Never. */
    NEVER,
    /** Every copied byte; the copy fails where it is not possible. */
    ALWAYS
}

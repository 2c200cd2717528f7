package org.blockferry.engine.pipeline;

/** Whether bytes may be copied without passing through this process. Offloaded bytes are not searched for zeroes. */
public enum OffloadMode {
    /** Where it pays and loses nothing; see {@link OffloadRule}. */
    AUTO,
    /** Never. */
    NEVER,
    /** Every copied byte; the copy fails where it is not possible. */
    ALWAYS
}

package org.blockferry.engine.block;

import java.util.Set;

/** How a write is to be made. */
public enum WriteFlag {
    /** Durable on return. */
    FUA,
    /** Store compressed where that is smaller; only nodes with {@link Trait#COMPRESS} are given it. */
    COMPRESSED;

    /** No flag; costs no allocation. */
    public static final Set<WriteFlag> NONE = Set.of();
}

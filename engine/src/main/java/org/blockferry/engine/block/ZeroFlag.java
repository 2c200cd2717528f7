package org.blockferry.engine.block;

import java.util.Set;

/** How zeroes are to be made. */
public enum ZeroFlag {
    /** Space may be given back: a hole is as good. Without it the range stays (or becomes) allocated. */
    MAY_UNMAP,
    /** Answer {@code false} at once rather than be as slow as writing zeroes. */
    FAST,
    /** Durable on return. */
    FUA;

    /** No flag: zero, and keep or get the space allocated. */
    public static final Set<ZeroFlag> NONE = Set.of();
    /** The usual case of a sparse copy. */
    public static final Set<ZeroFlag> UNMAP = Set.of(MAY_UNMAP);
}

package org.blockferry.drivers.filter;

import java.util.Locale;

/** What may be asked of a node. */
public enum Operation {
    /** To be opened or made. No filter sees that of its own node: whoever opens one may tell the hook. */
    OPEN,
    STATUS, READ, WRITE, ZERO, DISCARD, OFFLOAD, SET_LENGTH, ALLOCATE, FLUSH, COMPLETE, CLOSE;

    /** As it stands in logs and messages: {@code set-length}. */
    public String word() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}

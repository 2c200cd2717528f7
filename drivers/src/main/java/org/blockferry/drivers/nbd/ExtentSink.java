package org.blockferry.drivers.nbd;

/** Takes the extents of a block status reply, as they arrive, in ascending order for each context. */
@FunctionalInterface
interface ExtentSink {
    /** For requests that have no extents in their reply. */
    ExtentSink NONE = (context, length, flags) -> {
        throw new AssertionError("extents without a request for them");
    };

    /**
     * The next extent of a context.
     *
     * @param context the ID that the handshake gave it
     * @param length bytes, at least 1
     * @param flags the status, as the context defines it
     */
    void extent(int context, long length, long flags);

    /** The connection was lost in the middle of the reply; all extents come again. */
    default void restart() {
    }
}

package org.blockferry.engine.block;

/**
 * A byte-addressed disk. Thread-safe up to the counts in its {@link NodeInfo}: so many readers and so many writers may call
 * at once, beside one thread that asks for {@linkplain BlockSource#status status}.
 */
public interface BlockNode extends AutoCloseable {

    /** What was learned of the node when it was opened. The same instance at every call, but for a length that grew. */
    NodeInfo info();

    /**
     * Frees what the node holds: descriptors, sockets, memory, and the nodes below that it was given. A second call does
     * nothing. A target that was not {@linkplain BlockTarget#complete completed} is left such that it does not look finished.
     *
     * @throws BlockException if something that had been promised could not be kept
     */
    @Override
    void close() throws BlockException;
}

package org.blockferry.drivers.filter;

import org.blockferry.engine.block.BlockException;

/** Sees each request of a hooked node. Called by as many threads as use the node. */
public interface RequestHook {

    /**
     * Comes before the request is served.
     *
     * @throws BlockException to fail it instead
     */
    default void before(Request request) throws BlockException {
    }

    /**
     * Whether to answer a zero, discard, allocate or offload with "no cheap way" instead of serving it. Asked after
     * {@link #before}, for those only.
     */
    default boolean refuses(Request request) {
        return false;
    }

    /** Comes after the request was served, and not when it failed. */
    default void after(Request request) {
    }

    /** This hook, and then {@code next}; after a request, in the other order. */
    default RequestHook and(RequestHook next) {
        RequestHook first = this;
        return new RequestHook() {
            @Override
            public void before(Request request) throws BlockException {
                first.before(request);
                next.before(request);
            }

            @Override
            public boolean refuses(Request request) {
                return first.refuses(request) || next.refuses(request);
            }

            @Override
            public void after(Request request) {
                next.after(request);
                first.after(request);
            }
        };
    }
}

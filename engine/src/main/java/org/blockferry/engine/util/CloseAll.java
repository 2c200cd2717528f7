package org.blockferry.engine.util;

import java.io.IOException;

/** Closes several things, all of them, whatever happens. */
public final class CloseAll {
    private CloseAll() {
    }

    /**
     * Closes each in the order given.
     *
     * @throws IOException the first failure, with the later ones as suppressed exceptions
     */
    public static void inOrder(Iterable<? extends AutoCloseable> closeables) throws IOException {
        Exception first = null;
        for (AutoCloseable closeable : closeables) {
            try {
                closeable.close();
            } catch (Exception e) {
                if (first == null) {
                    first = e;
                } else {
                    first.addSuppressed(e);
                }
            }
        }
        if (first instanceof IOException io) {
            throw io;
        }
        if (first instanceof RuntimeException unchecked) {
            throw unchecked;
        }
        if (first != null) {
            throw new IOException(first);
        }
    }

    /** Closes {@code closeable} after {@code failure}; a failure to close is suppressed into it. */
    public static void after(Throwable failure, AutoCloseable closeable) {
        try {
            closeable.close();
        } catch (Exception e) {
            failure.addSuppressed(e);
        }
    }
}

package org.blockferry.cli;

import java.util.logging.LogManager;
import java.util.logging.Logger;

/**
 * For {@code java.util.logging}, which nothing here uses but JNA, for one logger that says nothing unless JNA is debugged: without
 * configuration, handlers and names. That saves each start a few milliseconds. {@code bin/blockferry} names it to the JVM, which
 * is why it is public.
 */
public final class QuietLogs extends LogManager {
    private static final class Silent extends Logger {
        Silent() {
            super(null, null);
        }
    }

    private Logger only;

    /** Made by the JVM, once. */
    public QuietLogs() {
        // nothing to be set up
    }

    @Override
    public synchronized Logger getLogger(String name) {
        if (only == null) {
            only = new Silent();
        }
        return only;
    }

    @Override
    public boolean addLogger(Logger logger) {
        return true;
    }

    @Override
    public void readConfiguration() {
        // there is none
    }

    @Override
    public String getProperty(String name) {
        return null;
    }
}

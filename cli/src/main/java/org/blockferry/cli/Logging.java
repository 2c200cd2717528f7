package org.blockferry.cli;

/** Chooses what becomes of log lines before the first logger is made. */
final class Logging {
    private static final String PROVIDER = "slf4j.provider";

    private Logging() {
    }

    /**
     * Silence, or with BLOCKFERRY_DEBUG everything to stderr. Naming the provider spares slf4j the search through the class path
     * and the user its note that it found none.
     */
    static void configure() {
        if (System.getProperty(PROVIDER) != null) {
            return;
        }
        if (System.getenv("BLOCKFERRY_DEBUG") == null) {
            System.setProperty("slf4j.internal.verbosity", "WARN");
            System.setProperty(PROVIDER, "org.slf4j.helpers.NOP_FallbackServiceProvider");
        } else {
            System.setProperty(PROVIDER, "org.slf4j.simple.SimpleServiceProvider");
            System.setProperty("org.slf4j.simpleLogger.defaultLogLevel", "debug");
        }
    }
}

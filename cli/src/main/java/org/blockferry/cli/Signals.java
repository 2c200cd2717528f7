package org.blockferry.cli;

/** Where requests from outside the program come from. */
interface Signals {
    /** A program that gets none: embedded, or under test. */
    Signals NONE = (stop, report) -> () -> { };

    /**
     * Those of this process; {@link #NONE} on a Java without {@code sun.misc.Signal}. By name, because that class is compiled apart
     * from this one: see there.
     */
    static Signals ofProcess() {
        try {
            return (Signals) Class.forName("org.blockferry.cli.ProcessSignals").getDeclaredConstructor().newInstance();
        } catch (ReflectiveOperationException | LinkageError e) {
            return NONE;
        }
    }

    /** A request to stop. */
    @FunctionalInterface
    interface Stop {
        /** Called in a thread of its own, at each request. */
        void requested(String name, int number);
    }

    /**
     * Hands signals on until the result is closed.
     *
     * @param stop called for SIGINT, SIGTERM and SIGHUP
     * @param report called for SIGUSR1 (and SIGINFO where there is one)
     */
    Handling handle(Stop stop, Runnable report);

    /** Signals that are being handled. */
    interface Handling extends AutoCloseable {
        /** Gives the signals back to whoever had them. */
        @Override
        void close();
    }
}

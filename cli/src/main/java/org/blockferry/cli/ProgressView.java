package org.blockferry.cli;

import java.io.PrintWriter;
import java.util.Optional;
import org.blockferry.engine.job.Progress;

/** Shows how far a copy has come. Used by one thread at a time. */
interface ProgressView extends AutoCloseable {
    /** Shows the state of things, about five times a second. */
    void show(Progress progress);

    /** Shows the last state, if it is worth showing, and leaves the cursor at the start of a line. */
    void finish(Progress progress);

    @Override
    default void close() {
    }

    /**
     * What suits the user's wishes and the place.
     *
     * @param json {@code --json}
     * @param percent {@code -p}
     * @param quiet {@code -q}
     * @param out where the percentage goes, which qemu-img prints on stdout
     * @return empty: nothing is shown, and nothing need run for it
     */
    static Optional<ProgressView> choose(Session session, boolean json, boolean percent, boolean quiet, PrintWriter out) {
        if (quiet) {
            return Optional.empty();
        }
        if (json) {
            return Optional.of(new JsonProgress(session.err()));
        }
        if (session.terminal().isPresent()) {
            return Optional.of(new BarProgress(session.err(), session.terminal().get()));
        }
        return percent ? Optional.of(new PercentProgress(out)) : Optional.empty();
    }
}

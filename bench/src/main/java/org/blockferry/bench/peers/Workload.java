package org.blockferry.bench.peers;

import java.io.IOException;
import java.util.List;
import java.util.Objects;

/**
 * One job that every contender does on the same inputs.
 *
 * @param name short, for tables and {@code --only}
 * @param title what the inputs are, in one line
 * @param bound the most that our ratio may be, by the project's own aims; 0 when none is set
 * @param contenders who runs, ours first
 * @param inputs what it reads, by the names that {@link Inputs} knows
 * @param check proves an output right once per contender; throws when it is wrong
 */
record Workload(String name, String title, double bound, List<Contender> contenders, List<String> inputs, Check check) {
    Workload {
        Objects.requireNonNull(name, "name");
        contenders = List.copyOf(contenders);
        inputs = List.copyOf(inputs);
    }

    /** Proves the output of one contender right. */
    @FunctionalInterface
    interface Check {
        /** Nothing to compare. */
        Check NONE = contender -> { };

        void prove(Contender contender) throws IOException, InterruptedException;
    }
}

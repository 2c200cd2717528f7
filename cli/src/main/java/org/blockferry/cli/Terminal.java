package org.blockferry.cli;

import java.util.Optional;

/**
 * The terminal behind stderr.
 *
 * @param columns characters in a line
 */
record Terminal(int columns) {
    private static final String PROPERTY = "blockferry.columns";
    static final int USUAL = 80;
    private static final int LEAST = 20;

    /**
     * The terminal of this process; empty when stderr is none. Java cannot ask that of a single stream, so {@code
     * bin/blockferry} asks and passes the width on.
     */
    static Optional<Terminal> ofProcess() {
        String columns = System.getProperty(PROPERTY);
        if (columns == null) {
            return Optional.empty();
        }
        try {
            int number = Integer.parseInt(columns);
            return Optional.of(new Terminal(number < LEAST ? USUAL : number));
        } catch (NumberFormatException e) {
            return Optional.of(new Terminal(USUAL));
        }
    }
}

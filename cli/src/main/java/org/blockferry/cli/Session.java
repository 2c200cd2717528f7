package org.blockferry.cli;

import java.io.PrintWriter;
import java.util.Optional;
import java.util.function.Supplier;
import org.blockferry.engine.block.DriverRegistry;

/**
 * What a command has around it.
 *
 * @param out standard output: results
 * @param err standard error: progress and complaints
 * @param terminal the terminal behind {@code err}, if it is one
 * @param signals what arrives from outside
 * @param drivers the drivers that are there; waits until they are loaded
 */
record Session(
        PrintWriter out, PrintWriter err, Optional<Terminal> terminal, Signals signals, Supplier<DriverRegistry> drivers) {
}

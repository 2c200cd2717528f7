/**
 * The command {@code blockferry}: what a user writes becomes a call of the engine, and what the engine says becomes a line.
 *
 * <pre>
 *   Main ──▶ Launcher ──▶ CommandRegistry ──▶ CopyCommand, ...      one class per command, loaded when it is named
 *                 │                               │  options: OptionTable ─▶ Arguments ─▶ engine.job.CopyOptions
 *                 │                               │  output:  ProgressView (bar, percent, JSON), JsonOutput
 *                 └── ErrorReport                 └─ engine.job.CopyJob
 * </pre>
 *
 * <p>The door is {@link org.blockferry.cli.Launcher#run}, which returns an exit code and never ends the process; only {@link
 * org.blockferry.cli.Main} does that. No disk is touched here and no format is known here; {@code serve} hands what the engine opened
 * to {@code drivers.nbd.server}.
 *
 * <p>{@code convert} is {@code qemu-img convert}: {@link org.blockferry.cli.ConvertRequest} has its rules, {@link
 * org.blockferry.cli.ConvertErrors} its words, {@link org.blockferry.cli.NodeOptions} its descriptions of nodes.
 *
 * <p>Start-up is part of the product: what a command does not need is not loaded. picocli is used through its programmatic model,
 * because reading annotations by reflection cost 45 ms more, and only for help and for lines that are not plainly well-formed
 * (perf-results/start-up).
 */
package org.blockferry.cli;

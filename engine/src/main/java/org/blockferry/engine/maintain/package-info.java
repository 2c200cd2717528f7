/**
 * What is done to an image as a whole, beside copying it: checking and repairing.
 *
 * <pre>
 *   CheckJob ──▶ engine.block.CheckedFormat.check, repair ──▶ CheckResult
 * </pre>
 *
 * <p>The door is {@link org.blockferry.engine.maintain.CheckJob}. How a format keeps its image is the driver's business; opening
 * chains is that of {@code engine.graph}.
 */
package org.blockferry.engine.maintain;

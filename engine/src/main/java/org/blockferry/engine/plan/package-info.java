/**
 * What to do with each byte of a disk: pure decisions, no threads, no buffers, nothing written.
 *
 * <pre>
 *   ExtentSource ──▶ ExtentWalker ──▶ CopyPolicy ──▶ ActionSplitter ──▶ CopyPlanner.next()
 *   block status     large ranges,    the case       whole units of     lazily, ascending,
 *   of the source    one query a run  table          the target         without gaps
 * </pre>
 *
 * <p>{@link org.blockferry.engine.plan.CopyPlanner} is the door. How the actions are carried out lives in
 * {@code engine.pipeline}; how chains answer for their status, in {@code engine.graph}.
 */
package org.blockferry.engine.plan;

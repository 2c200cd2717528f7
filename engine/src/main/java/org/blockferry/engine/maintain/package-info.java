/**
 * What is done to an image as a whole, beside copying it: making an empty one, its size, its snapshots and its
 * bitmaps, checking and repairing.
 *
 * <pre>
 *   NewImage ──▶ CreateJob.prepare ──▶ run
 *   ResizeJob ──▶ engine.block.ResizableFormat
 *   SnapshotJob ──▶ engine.block.SnapshotFormat
 *   BitmapJob ──▶ engine.block.BitmapFormat
 *   CheckJob ──▶ engine.block.CheckedFormat.check, repair ──▶ CheckResult
 * </pre>
 *
 * <p>One job for each is the door. How a format keeps its image is the driver's business; opening
 * chains is that of {@code engine.graph}.
 */
package org.blockferry.engine.maintain;

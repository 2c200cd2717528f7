/**
 * Mirror jobs: a disk is copied while it is written to, until both sides are the same.
 *
 * <pre>
 *                 RUNNING                          READY                    WAITING          PENDING    CONCLUDED
 *   first pass ─▶ dirty pass ─▶ … until little ─▶ dirty passes ─ complete ─▶ quiesce, last ─▶ target ─▶ end
 *                    ▲               is left         ▲    │       cancel        pass            whole
 *                    └── LiveDisk.takeDirty ─────────┴────┘
 * </pre>
 *
 * <p>{@link org.blockferry.engine.mirror.MirrorJob} is the door. Who writes to the source and how that is known is a
 * {@link org.blockferry.engine.block.LiveDisk}'s business. Each pass is a plan on the ring of {@code engine.pipeline}, with zero
 * detection: the first over what {@link org.blockferry.engine.mirror.SyncMode} says, the others over what a
 * {@link org.blockferry.engine.mirror.DirtyBitmap} has marked.
 */
package org.blockferry.engine.mirror;

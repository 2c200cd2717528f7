/**
 * How a plan is carried out fast: threads, buffers, a ring.
 *
 * <pre>
 *             calling thread                        claimed by one thread each
 *   CopyPlan ──▶ SlotFiller ──▶ ring of CopySlots ──▶ ReadStage ──▶ WriteStage      staged: readers, then writers
 *              many runs a slot,                      └────── FusedStage ─────┘      fused: one worker does both
 *              no cluster in two
 *
 *   WriteStage ──▶ TargetWriter ──▶ ZeroRule, ZeroScanner, ZeroWriter     data, zeroes found in it, zeroes known before
 *              └─▶ OffloadCopier ──▶ OffloadRule                          what the system copies itself
 *                        └─▶ CompressedCopier                             what is stored compressed and stays as it is
 * </pre>
 *
 * <p>A slot belongs to one thread at a time: to the planner until it is published, then to the thread that claimed its sequence
 * in the first stage, then to that of the second. Ring order is plan order, so one writer behind the ring is all that a target
 * needs which takes bytes in order only. Back-pressure is: no free slot.
 *
 * <p>Stages never stop the ring. A stage that fails records what happened (the first failure wins), drops its slot, and from
 * then on every slot passes through without being touched, until the planner has seen the end of what it published. Cancel is a
 * flag; no thread is ever interrupted.
 *
 * <p>{@link org.blockferry.engine.pipeline.CopyPipeline} is the door; {@link org.blockferry.engine.pipeline.DirectCopier} is
 * its specification without threads. What to do with which range is decided in {@code engine.plan}.
 */
package org.blockferry.engine.pipeline;

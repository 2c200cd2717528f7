/**
 * What the user started: options, the checks before the first byte, a copy with progress and cancel, its result.
 *
 * <pre>
 *   CopyOptions ──▶ CopyJob.open ──▶ run ──▶ CopyResult
 *                     │                └── progress, control: any thread
 *                     ├ CopyInput    sources and their chains, as one disk
 *                     ├ CopyOutput   which format, made anew or written in place, not one of the sources
 *                     ├ SalvageRun   a map, and a target that stays for the next run
 *                     ├ HoleCheck    reads what the source calls zeroes
 *                     ├ ResumeRun    a journal, and a target that the next run goes on with
 *                     ├ Verifier     digests of both sides: Verification
 *                     └ KeptBase     found in the chain by identity, else compared by content (BaseCheck)
 * </pre>
 *
 * <p>A service that ran {@code qemu-img convert -O qcow2 from to} and read its output writes
 *
 * <pre>{@code
 *   CopyOptions options = CopyOptions.copy(from, to).targetFormat("qcow2").build();
 *   try (CopyJob job = CopyJob.open(DriverRegistry.load(), options)) {
 *       return job.run().progress().elapsed();
 *   }
 * }</pre>
 *
 * <p>and gets its errors as {@link org.blockferry.engine.block.BlockException}, its progress from {@link
 * org.blockferry.engine.job.CopyJob#progress}. How disks stack is in {@code engine.graph}, what to copy is decided in {@code
 * engine.plan}, and it is carried out by {@code engine.pipeline}.
 */
package org.blockferry.engine.job;

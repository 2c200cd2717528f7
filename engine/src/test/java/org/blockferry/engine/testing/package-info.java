/**
 * What the tests of every module share; travels in the engine's test jar.
 *
 * <pre>
 *   TestImage   a small disk: its bytes, and what each run of them is      (the contracts' input)
 *   ArrayDisk   the simplest honest node over such an image                (a double for tests of the engine)
 *   Disks       reading whole nodes, walking their status
 *   Peers       qemu-img, nbdkit and the others: found, run, skipped by name, required in CI
 *   ArchitectureRules   which package may know which
 * </pre>
 *
 * <p>The contracts that every driver's tests subclass are in {@code org.blockferry.engine.block}.
 */
package org.blockferry.engine.testing;

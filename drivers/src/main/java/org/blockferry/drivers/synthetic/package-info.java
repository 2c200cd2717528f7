/**
 * Disks that are stored nowhere, or only in memory: for tests, for measuring one side of a copy, and for scratch.
 *
 * <pre>
 *   null:[SIZE][?read-zeroes=on|off]       nothing: takes every byte, gives zeroes
 *   memory:[SIZE][?max=SIZE]               a sparse disk in memory, gone when it is closed
 *   sparse-random:SIZE[?seed=N&amp;percent=P&amp;runlength=SIZE&amp;random-content=on|off]
 *                                          computed from the seed, shaped like the disk of a virtual machine;
 *                                          as a target it compares what is written with itself
 *
 *   SparseShape    where data is              ┐
 *   SparseContent  what its bytes are         ┴─ SparseRandomSource ──▶ CheckWriteTarget ── WrittenRanges
 * </pre>
 *
 * <p>The drivers are the door, and {@link org.blockferry.drivers.synthetic.MemoryDisk} and
 * {@link org.blockferry.drivers.synthetic.CheckWriteTarget} for those who build nodes themselves. Filters that change the
 * behaviour of other nodes are in {@code drivers.filter}.
 */
package org.blockferry.drivers.synthetic;

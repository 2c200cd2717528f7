/**
 * The qcow2 image format, versions 2 and 3, after QEMU's specification ({@code docs/interop/qcow2.txt}).
 *
 * <p>The door is {@link org.blockferry.drivers.qcow2.Qcow2Driver}. Two kinds of classes live behind it:
 *
 * <pre>
 *   on-disk structures, pure, no I/O           behaviour
 *   Qcow2Header   header fields                Qcow2Source   reads a layer: status and bytes
 *   HeaderExtensions                             ├─ Qcow2Opener      header to tables, everything checked
 *   SnapshotTable                                ├─ L1Table, L2Cache tables, bounded memory
 *   Qcow2Layout   address arithmetic             ├─ ClusterMap       guest offset to runs
 *   L2Entry       bits of an entry               └─ CompressedClusters  inflate and zstd
 *   Refcounts     bits of a refcount block
 *                                              Qcow2Creator  lays a new image out
 *                                                └─ NewImageTarget   takes writes, writes the header last
 *                                                     ├─ NewClusterMap     clusters and zeroes, without moving data
 *                                                     ├─ L2Window          tables, bounded memory
 *                                                     ├─ HostSpace         space and its refcounts
 *                                                     └─ CompressedWriter  compresses in the writer's thread
 *                                              InPlaceTarget  an image that exists, read and written
 *                                                └─ ImageMetadata    its tables, and the order of their changes
 *
 *                                              Qcow2Check    refcounts against references
 *                                                ├─ ReferenceWalk       everything that refers to a cluster
 *                                                ├─ ReferenceCounts     bounded memory, in windows
 *                                                ├─ RefcountComparison  with the blocks in the file; repairs
 *                                                └─ CopiedFlags         bit 63
 *
 *   guestOffset ──▶ l1Index, l2Index ──▶ L2 entry (+ subcluster bitmap) ──▶ hostOffset in the file or data file
 *
 *                                              Snapshots, Resize, Bitmaps  change the image as a whole
 *                                                └─ MetadataEdit      append, then one write of the header
 * </pre>
 *
 * <p>A layer never opens its backing file; it says which one it has, and {@code engine.graph} opens chains, and hands what is below
 * to a target in place. Compression codecs live in {@code drivers.codec}.
 */
package org.blockferry.drivers.qcow2;

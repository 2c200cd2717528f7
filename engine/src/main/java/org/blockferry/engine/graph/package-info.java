/**
 * How disks stack: images with their backing files, several disks as one, a part of one.
 *
 * <pre>
 *   ImageOpener ──opens──▶ ImageChain      reads and status through all layers
 *                            │ layers(), top first
 *                            ├─ Layer 0   format node ──▶ protocol node        overlay.qcow2
 *                            ├─ Layer 1   format node ──▶ protocol node        its backing file
 *                            └─ …
 *
 *   ConcatSource   a ++ b ++ c            SliceSource   bytes [from, to) of a source
 * </pre>
 *
 * <p>A format driver opens its own layer only and tells what its image says of a backing file. Whether that name is followed,
 * how it is resolved, how deep, and what is refused is decided here, by {@link org.blockferry.engine.graph.OpenPolicy} and
 * {@link org.blockferry.engine.graph.ImageOpener}. What to copy is decided in {@code engine.plan}; nothing here starts a
 * thread.
 */
package org.blockferry.engine.graph;

/**
 * The NBD client: a disk that another process serves, as a source and as a target.
 *
 * <pre>
 *   NbdDriver ──▶ NbdAddress (URI, qemu's old spellings)   NbdOptions (timeout, connections, TLS files)
 *       │
 *       ▼
 *   NbdSource / NbdStorage    SPI: unaligned edges, splitting, zero and trim ladder, meaning of errors
 *       │            └── StatusCache   block status in large ranges, answered from the extents of one reply
 *       ▼
 *   NbdPool                   one to many connections to the export; picks the idle one; reconnects
 *       │
 *       ▼
 *   NbdConnection             requests of many threads on one socket: one lock for sending, and whichever thread waits does
 *       ├── ClientHandshake   the receiving, straight into the buffers of all ("leader reads")
 *       └── wire.*            bytes, plain or TLS
 * </pre>
 *
 * <p>The door is {@link org.blockferry.drivers.nbd.NbdDriver}; {@link org.blockferry.drivers.nbd.NbdExports} lists what a
 * server has. The other end lives in {@code nbd.server}, what both share in {@code nbd.wire}.
 */
package org.blockferry.drivers.nbd;

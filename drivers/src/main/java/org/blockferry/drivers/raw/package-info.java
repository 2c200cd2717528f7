/**
 * The format that is none: the disk's bytes are the file's bytes.
 *
 * <pre>
 *   FormatDriver    RawDriver ──┬── RawSource, RawStream     status by identity: L-MO at the same offset of the file
 *                               └── RawTarget, RawStorage    everything passes through
 *   any protocol node  ◀────────┘
 * </pre>
 *
 * <p>What the bytes are kept in (files, devices, memory, servers) is the matter of the protocol drivers.
 */
package org.blockferry.drivers.raw;

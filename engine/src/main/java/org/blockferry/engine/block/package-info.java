/**
 * What a disk is: the contract between the engine and its drivers.
 *
 * <pre>
 *   BlockNode ──┬── BlockSource   status, read
 *               ├── BlockTarget   write, writeZeroes, discard, offload, flush, complete
 *               └── BlockStorage  both, and it can grow
 *   BitmapSource    a source with dirty bitmaps:         DirtyBitmap
 *
 *   ProtocolDriver  opens and creates what holds bytes:  file, null:, memory:, nbd:, -
 *   FormatDriver    lays a format over those bytes:      raw, qcow2
 *   DriverRegistry  finds both by ServiceLoader
 * </pre>
 *
 * <p>No I/O happens here and no thread is started. Stacking layers lives in {@code engine.graph}, deciding what to copy in
 * {@code engine.plan}, copying it in {@code engine.pipeline}.
 *
 * <p>Units: every {@code long} counts bytes unless its name says otherwise; ranges are half-open.
 */
package org.blockferry.engine.block;

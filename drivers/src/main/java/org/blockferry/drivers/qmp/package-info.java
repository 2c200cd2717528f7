/**
 * A disk of a running QEMU, followed from outside, while its guest writes.
 *
 * <pre>
 *   QemuDisk ──▶ QemuExports    QEMU's NBD server, and what is exported there ──▶ drivers.nbd reads it
 *      ├──────▶ DirtyTracker    two bitmaps by turns: what was written since the last question
 *      ├──────▶ LayerStatus     which image of the chain holds what
 *      ├──────▶ QemuGuest       pauses the machine for the last of it
 *      ├──────▶ StaleObjects    what a killed run left, found by RunName
 *      └──────▶ QmpClient       commands, replies by id, events, time limits
 *                  └── Json     lines as trees (QmpValue, QmpReply, QmpEvent)
 * </pre>
 *
 * <p>The door is {@link org.blockferry.drivers.qmp.QemuDisk}.
 */
package org.blockferry.drivers.qmp;

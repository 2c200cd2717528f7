package org.blockferry.drivers.qmp;

/**
 * Something that QEMU tells without being asked.
 *
 * @param name such as {@code BLOCK_EXPORT_DELETED}
 * @param data its members
 */
record QmpEvent(String name, QmpValue data) {
}

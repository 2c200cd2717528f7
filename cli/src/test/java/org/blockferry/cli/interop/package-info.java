/** {@code blockferry copy} held against the real qemu-img, qemu-io and file system tools, in both directions. */
package org.blockferry.cli.interop;

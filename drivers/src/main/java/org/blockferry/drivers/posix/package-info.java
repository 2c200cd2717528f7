/**
 * The seam to the system calls that Java has no call for: where a file has data and holes, zeroing and copying inside the
 * kernel, ioctls of block devices, open-file-description locks.
 *
 * <pre>
 *   file driver ──▶ NativeAccess ──▶ LinuxNative ──▶ libc, by JNA direct mapping
 *                   (Optional)       (64-bit Linux)
 *                   Errno            what an error number means to a ladder of methods
 * </pre>
 *
 * <p>Bytes of the disk never pass here: they go through {@code FileChannel}, so that a program that only copies data pays for
 * JNA once, at start, and not per request. Nothing here knows of a disk, a node or a policy.
 *
 * <p>On other systems, and where JNA cannot load, {@link org.blockferry.drivers.posix.NativeAccess#instance} is empty and every
 * caller has a way without it.
 */
package org.blockferry.drivers.posix;

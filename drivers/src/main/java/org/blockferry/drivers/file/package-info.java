/**
 * Regular files and block devices, by path.
 *
 * <pre>
 *   FileDriver ──┬── FileSource ── HoleStatus        where data and holes are, remembered from one question to the next
 *                ├── FileTarget ─┬ ZeroLadder        ways to zero, each remembered when refused
 *                │               ├ OffloadLadder     reflink, copy in the kernel
 *                │               └ NewFile           written beside, renamed over at complete()
 *                └── CharacterTarget                 /dev/null and the like, in order only
 *
 *   OpenFile     two descriptors of one file:
 *                  DataPath   FileChannel: reads, writes, flush  (BufferedPath, DirectPath for O_DIRECT)
 *                  fd         NativeAccess: seeks, fallocate, ioctl, locks, copies in the kernel
 *   ImageLock    the byte locks by which QEMU's processes and we keep off each other's images
 * </pre>
 *
 * <p>What Java and the kernel say of failures is put into words in one place, {@code FileErrors}. Pipes live in {@code
 * drivers.stream}, image formats in packages of their own.
 */
package org.blockferry.drivers.file;

/**
 * Digests of what a disk reads as, the same whatever its format and allocation: zeroes that are known cost next to nothing.
 *
 * <pre>
 *   H( H(block 0) ‖ H(block 1) ‖ … ‖ H(block n-1) ‖ length )
 * </pre>
 *
 * <p>{@code H} is a standard hash; a block is 64 KiB of the disk and the last one what is left of it, so a disk of no bytes has none;
 * {@code length} is the number of bytes of the disk in eight bytes, the lowest first. This is the published design of blkhash, in its
 * form without streams, and the digests are those of its own tests ({@code BlockDigestTest} has them). Releases of {@code blksum} that
 * spread blocks over 32 streams give other digests.
 *
 * <pre>
 *   ImageDigest ── a disk, by several threads ──▶ BlockDigest ── blocks in any order ──▶ Checksum
 *   engine.job  ── what a copy reads ──────────▶
 * </pre>
 */
package org.blockferry.engine.digest;

/**
 * Questions about images that change nothing: where data is, whether two disks are the same, what an image says of itself, how large
 * a copy gets. Each answer is a record; the command line only prints it.
 *
 * <pre>
 *   ImageRequest ──┬──▶ ImageMap       MapEntry after MapEntry ──▶ DiskPicture
 *                  ├──▶ ImageCompare   CompareResult, with the first byte that differs
 *                  ├──▶ ImageChecksum  Checksum of what a disk reads as
 *                  ├──▶ ImageInfo      what the header says, of one image or of the chain
 *                  └──▶ ImageMeasure   Measurement; with a scan, the size of the copy itself
 *                          │
 *                       DiskView       a chain in whole sectors, as qemu-img sees it
 * </pre>
 *
 * <p>A service that ran {@code qemu-img map --output=json} and read its output writes
 *
 * <pre>{@code
 *   try (ImageMap map = ImageMap.open(DriverRegistry.load(), ImageRequest.of("disk.qcow2"))) {
 *       map.forEach(map.range(), entry -> { if (entry.data()) { ... } });
 *   }
 * }</pre>
 *
 * <p>Nothing here writes to an image. How disks stack is in {@code engine.graph}; copying is started in {@code engine.job}.
 */
package org.blockferry.engine.inspect;

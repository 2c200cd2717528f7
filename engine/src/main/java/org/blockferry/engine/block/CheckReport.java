package org.blockferry.engine.block;

/**
 * What a check of an image's own structures found, counted as {@code qemu-img check} counts.
 *
 * @param corruptions places where the image contradicts itself and data may be lost
 * @param leaks clusters that count as used and that nothing refers to
 * @param checkErrors places that could not be looked at
 * @param corruptionsFixed corruptions that were repaired, which are not among {@code corruptions}
 * @param leaksFixed leaks that were repaired, which are not among {@code leaks}
 * @param totalClusters clusters of the disk
 * @param allocatedClusters of these, the ones that have a place in the file
 * @param fragmentedClusters of these, the ones that do not stand behind the one before
 * @param compressedClusters of these, the ones that are compressed; they count as fragmented
 * @param imageEndOffset end of the last cluster in use, in bytes of the file
 */
public record CheckReport(
        long corruptions,
        long leaks,
        long checkErrors,
        long corruptionsFixed,
        long leaksFixed,
        long totalClusters,
        long allocatedClusters,
        long fragmentedClusters,
        long compressedClusters,
        long imageEndOffset) {

    /** Whether nothing is wrong. */
    public boolean isClean() {
        return corruptions == 0 && leaks == 0 && checkErrors == 0;
    }

    /** Whether a repair changed the image. */
    public boolean isRepaired() {
        return corruptionsFixed != 0 || leaksFixed != 0;
    }

    /** With the counts of a repair, for the check that is made after it. */
    public CheckReport withFixed(long corruptionCount, long leakCount) {
        return new CheckReport(corruptions, leaks, checkErrors, corruptionCount, leakCount, totalClusters, allocatedClusters,
                fragmentedClusters, compressedClusters, imageEndOffset);
    }
}

package org.blockferry.engine.inspect;

import java.util.Objects;

/**
 * What a comparison found.
 *
 * @param outcome the same, or in which way not
 * @param offset the first byte that differs, or the first byte of which the images say different things; 0 if nothing does
 * @param firstLength bytes of the first disk
 * @param secondLength bytes of the second one
 */
public record CompareResult(Outcome outcome, long offset, long firstLength, long secondLength) {

    /** What there is to find. */
    public enum Outcome {
        /** Both read the same; where one is longer, it goes on with zeroes. */
        SAME,
        /** A byte differs. */
        CONTENT_DIFFERS,
        /** Only in strict mode: one is longer. */
        LENGTH_DIFFERS,
        /** Only in strict mode: one knows of zeroes, or of no data, where the other does not. */
        STATUS_DIFFERS
    }

    public CompareResult {
        Objects.requireNonNull(outcome, "outcome");
    }

    public boolean isSame() {
        return outcome == Outcome.SAME;
    }

    public boolean lengthsDiffer() {
        return firstLength != secondLength;
    }

    /** Whether what is found, if anything, lies past the end of the shorter disk. */
    public boolean isPastShorter() {
        return isSame() || outcome == Outcome.CONTENT_DIFFERS && offset >= Math.min(firstLength, secondLength);
    }
}

package org.blockferry.engine.mirror;

import java.util.OptionalLong;

/**
 * How far a mirror job has come.
 *
 * @param status where it is in its life
 * @param pass how often it has gone over the disk; the first pass is 1
 * @param offset bytes that were dealt with, in all passes
 * @param length bytes that were to be dealt with, as far as it is known
 * @param dirty bytes that were written to since they were copied, when that was last asked
 * @param copyRate bytes per second that the job dealt with lately
 * @param dirtyRate bytes per second that became dirty lately
 * @param finalBytes what may be left for the last pass
 */
public record MirrorProgress(JobStatus status, int pass, long offset, long length, long dirty, long copyRate, long dirtyRate,
        long finalBytes) {

    /**
     * Seconds until the job is ready, if both rates stay as they are; empty if they would never meet, or are not known yet. What
     * is left shrinks by the difference of the rates.
     */
    public OptionalLong secondsToReady() {
        long left = Math.max(0, length - offset - finalBytes);
        if (status == JobStatus.READY || status == JobStatus.STANDBY || left == 0) {
            return OptionalLong.of(0);
        }
        long gain = copyRate - dirtyRate;
        return gain <= 0 ? OptionalLong.empty() : OptionalLong.of((left + gain - 1) / gain);
    }
}

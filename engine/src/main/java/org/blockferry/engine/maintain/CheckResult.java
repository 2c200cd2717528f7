package org.blockferry.engine.maintain;

import org.blockferry.engine.block.CheckReport;

/**
 * What a check found.
 *
 * @param format of the image, as it was given or found out
 * @param report what is wrong with the image now; after a repair, what a second check found, with the counts of what was fixed
 */
public record CheckResult(String format, CheckReport report) {
}

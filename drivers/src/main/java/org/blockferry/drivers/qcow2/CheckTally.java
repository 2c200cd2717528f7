package org.blockferry.drivers.qcow2;

import java.util.function.Consumer;
import org.blockferry.engine.block.CheckReport;

/**
 * Counts what a check finds, and passes each finding on as a line, in QEMU's words. A check that walks over the tables several times
 * is {@linkplain #quiet() quiet} but for the first time.
 */
final class CheckTally {
    private final Consumer<String> findings;
    private boolean quiet;

    long corruptions;
    long leaks;
    long checkErrors;
    long corruptionsFixed;
    long leaksFixed;
    long allocated;
    long fragmented;
    long compressed;
    /** The highest cluster that is in use or counts as used. */
    long highestCluster;

    CheckTally(Consumer<String> findings) {
        this.findings = findings;
    }

    /** From now on entries of tables are not judged again: they were. */
    void quiet() {
        quiet = true;
    }

    boolean isQuiet() {
        return quiet;
    }

    /** A corruption that is seen whenever the tables are walked over. */
    void corruption(String finding) {
        if (!quiet) {
            corruptions++;
            findings.accept(finding);
        }
    }

    /** A line about something that is counted by the caller. */
    void say(String finding) {
        findings.accept(finding);
    }

    CheckReport report(Qcow2Layout layout, long diskBytes) {
        return new CheckReport(corruptions, leaks, checkErrors, corruptionsFixed, leaksFixed, layout.clustersFor(diskBytes),
                allocated, fragmented, compressed, highestCluster + 1 << layout.clusterBits());
    }
}

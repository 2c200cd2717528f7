package org.blockferry.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Collection;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;

/** Runs the body of every benchmark once, in this process, on small inputs: none shall rot. Measures nothing. */
class BenchmarkSmokeTest {

    @BeforeAll
    static void severalMayRunOnOneMachine() {
        System.setProperty("jmh.ignoreLock", "true");
    }

    @Test
    void everyWayToFindZeroesRuns() throws RunnerException {
        assertRuns(Set.of("scanner", "mismatch", "longLoop", "getLongLoop"), 4, "ZeroScanBenchmark",
                options -> options.param("slotBytes", "65536"));
    }

    @Test
    void everyWayToHandOverRunsInEveryShape() throws RunnerException {
        assertRuns(Set.of("parking", "blocking", "sleeping", "yielding", "queue"), 3, "HandOffBenchmark",
                options -> options.param("workTokens", "1"));
    }

    @Test
    void everyWalkRuns() throws RunnerException {
        assertRuns(Set.of("sparseRandom", "qcow2", "qcow2Opened"), 1, "StatusWalkBenchmark",
                options -> options.param("gibibytes", "16"));
    }

    @Test
    void everyLookupRuns() throws RunnerException {
        assertRuns(Set.of("lookUp"), 1, "L2LookupBenchmark", options -> options.param("gibibytes", "16"));
    }

    @Test
    void everyMessageRuns() throws RunnerException {
        assertRuns(Set.of("read", "status"), 1, "NbdFramingBenchmark", options -> options.param("requestBytes", "512"));
    }

    @Test
    void everyCodecRuns() throws RunnerException {
        assertRuns(Set.of("compressDeflate", "compressJavaZip", "compressZstd", "decompressDeflate", "decompressJavaZip",
                "decompressZstd"), 2, "CodecBenchmark", options -> options);
    }

    @Test
    void everyCopyRunsInEveryShape() throws RunnerException {
        assertRuns(Set.of("nullToNull", "sparseRandomToNull", "memoryToMemory", "fileToFile", "qcow2ToRaw", "rawToQcow2"), 4,
                "CopyThroughput", options -> options.param("slotBytes", "65536").param("copyBytes", "4194304"));
    }

    private interface Parameters {
        ChainedOptionsBuilder of(ChainedOptionsBuilder options);
    }

    /** @param variants of each method: how many combinations of parameters there are */
    private static void assertRuns(Set<String> methods, int variants, String benchmark, Parameters parameters)
            throws RunnerException {
        ChainedOptionsBuilder options = new OptionsBuilder().include("\\." + benchmark + "\\.").forks(0)
                .mode(Mode.SingleShotTime).warmupIterations(0).measurementIterations(1).measurementTime(TimeValue.NONE)
                .measurementBatchSize(1).shouldDoGC(false).shouldFailOnError(true).verbosity(VerboseMode.SILENT)
                .addProfiler(CpuTime.class);
        Collection<RunResult> results = new Runner(parameters.of(options).build()).run();
        Set<String> ran = new TreeSet<>();
        results.forEach(result -> ran.add(result.getPrimaryResult().getLabel()));
        assertEquals(new TreeSet<>(methods), ran);
        assertEquals(methods.size() * variants, results.size());
    }
}

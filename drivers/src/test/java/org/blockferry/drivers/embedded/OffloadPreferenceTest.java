package org.blockferry.drivers.embedded;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.blockferry.drivers.filter.Operation;
import org.blockferry.drivers.filter.Refusals;
import org.blockferry.drivers.filter.RequestHook;
import org.blockferry.drivers.filter.RequestLog;
import org.blockferry.engine.job.CopyJob;
import org.blockferry.engine.job.CopyOptions;
import org.blockferry.engine.pipeline.OffloadMode;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Who asks the system to copy, and what becomes of written zeroes then. */
@Timeout(60)
class OffloadPreferenceTest {
    private static final int MIB = 1 << 20;

    @TempDir
    Path folder;

    private byte[] copy(OffloadMode mode, RequestHook hook) throws Exception {
        byte[] content = new byte[4 * MIB];
        new Random(3).nextBytes(content);
        Arrays.fill(content, MIB, 2 * MIB, (byte) 0);
        Files.write(folder.resolve("disk.raw"), content);
        // In place, or a file system that can would share the whole file at once.
        Files.write(folder.resolve("t.raw"), new byte[4 * MIB]);
        CopyOptions options = CopyOptions.copy(folder.resolve("disk.raw").toString(), folder.resolve("t.raw").toString())
                .sourceFormat("raw").targetFormat("raw").noCreate(true).offload(mode).build();
        try (CopyJob job = CopyJob.open(HookedFiles.registry(new RequestHook() { }, hook), options)) {
            job.run();
        }
        assertArrayEquals(content, Files.readAllBytes(folder.resolve("t.raw")));
        return content;
    }

    @ParameterizedTest
    @CsvSource({"AUTO, false", "NEVER, false", "PREFER, true"})
    void onlyWhenItIsPreferredAreBytesThatAreSearchedOtherwiseLeftToTheSystem(OffloadMode mode, boolean asked)
            throws Exception {
        RequestLog log = new RequestLog(Operation.OFFLOAD);
        copy(mode, log);
        assertEquals(asked, !log.requests().isEmpty(), log.text());
    }

    @Test
    void whatTheSystemRefusesIsReadAndSearched() throws Exception {
        RequestLog log = new RequestLog(Operation.ZERO, Operation.WRITE);
        copy(OffloadMode.PREFER, new Refusals(Operation.OFFLOAD).and(log));
        long zeroed = log.requests().stream().filter(request -> request.operation() == Operation.ZERO)
                .mapToLong(request -> request.range().length()).sum();
        assertEquals(MIB, zeroed, log.text());
    }
}

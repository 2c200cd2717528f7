package org.blockferry.drivers.embedded;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.blockferry.drivers.filter.Operation;
import org.blockferry.drivers.filter.Request;
import org.blockferry.drivers.filter.RequestHook;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockException.Kind;
import org.blockferry.engine.job.CopyJob;
import org.blockferry.engine.job.CopyOptions;
import org.blockferry.engine.job.ResumeCheck;
import org.blockferry.engine.testing.Peers;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A copy goes on after its power went: what it reads again, and what it refuses to go on with. */
@Timeout(180)
class ResumeTest {
    private static final int MIB = 1 << 20;
    private static final long DATA = 48L * MIB;
    private static final long INTERVAL = 2 * MIB;
    /** What is read beside the flush that an entry of the journal waits for, and in flight: sixteen slots. */
    private static final long IN_FLIGHT = 16L * MIB;

    @TempDir
    Path folder;

    @BeforeEach
    void source() throws IOException {
        Peers.require("qemu-img");
        Random random = new Random(5);
        byte[] data = new byte[MIB];
        try (RandomAccessFile file = new RandomAccessFile(folder.resolve("disk.raw").toFile(), "rw")) {
            file.setLength(2 * DATA + 512);
            for (long at = 0; at < 2 * DATA; at += 2 * MIB) {
                random.nextBytes(data);
                file.seek(at);
                file.write(data);
            }
        }
    }

    /** Counts what is read of the source; after so many bytes the power goes, for source and target alike. */
    private static final class Power implements RequestHook {
        private final AtomicLong read = new AtomicLong();
        private final AtomicBoolean gone = new AtomicBoolean();
        private final long until;

        Power(long until) {
            this.until = until;
        }

        @Override
        public void before(Request request) throws BlockException {
            if (request.node().endsWith("disk.raw") && request.operation() == Operation.READ
                    && read.addAndGet(request.range().length()) > until) {
                gone.set(true);
            }
            if (gone.get() && request.operation() != Operation.CLOSE) {
                throw BlockException.of(Kind.IO, request.node(), "the power is gone");
            }
        }
    }

    private CopyOptions.Builder options(String target, String format) {
        return CopyOptions.copy(folder.resolve("disk.raw").toString(), folder.resolve(target).toString()).sourceFormat("raw")
                .targetFormat(format).resume(true).journalInterval(INTERVAL);
    }

    private static long run(CopyOptions options, long powerUntil) throws BlockException {
        Power power = new Power(powerUntil);
        try (CopyJob job = CopyJob.open(HookedFiles.registry(power, power), options)) {
            job.run();
            assertEquals("complete", job.targetState());
        } catch (BlockException e) {
            if (!power.gone.get()) {
                throw e;
            }
        }
        return power.read.get();
    }

    private void compare(String target, String format) {
        Peers.run(folder, "qemu-img", "compare", "-f", "raw", "-F", format, "disk.raw", target);
        if (format.equals("qcow2")) {
            Peers.run(folder, "qemu-img", "check", "-f", "qcow2", target);
        }
    }

    private List<String> hidden() throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString()).filter(name -> name.startsWith(".")).sorted().toList();
        }
    }

    @ParameterizedTest
    @CsvSource({"raw, 90", "qcow2, 90"})
    void whatIsReadAgainIsTheLastInterval(String format, long percent) throws IOException {
        CopyOptions options = options("copy", format).build();
        run(options, DATA * percent / 100);
        assertFalse(Files.exists(folder.resolve("copy")));
        assertEquals(List.of(".copy.blockferry-journal", ".copy.blockferry-partial"), hidden());
        long again = run(options, Long.MAX_VALUE) - (DATA - DATA * percent / 100);
        assertTrue(again <= INTERVAL + IN_FLIGHT, again + " bytes were read twice");
        compare("copy", format);
        assertEquals(List.of(), hidden());
    }

    @ParameterizedTest
    @ValueSource(strings = {"raw", "qcow2"})
    void powerGoesAgainAndAgain(String format) throws IOException {
        CopyOptions options = options("copy", format).verify(true).build();
        int runs = 0;
        while (!Files.exists(folder.resolve("copy"))) {
            assertTrue(++runs < 40, "no end");
            run(options, 9 * MIB + 4096L * runs);
            if (runs > 3) {
                run(options, Long.MAX_VALUE);
            }
        }
        compare("copy", format);
        assertEquals(List.of(), hidden());
    }

    @ParameterizedTest
    @ValueSource(strings = {"raw", "qcow2"})
    void anImageThatIsThereIsGoneOnWithInPlace(String format) throws IOException {
        Peers.run(folder, "qemu-img", "create", "-f", format, "copy", String.valueOf(2 * DATA + 512));
        CopyOptions options = options("copy", format).noCreate(true).build();
        run(options, DATA / 2);
        assertEquals(List.of(".copy.blockferry-journal"), hidden());
        long again = run(options, Long.MAX_VALUE) - DATA / 2;
        assertTrue(again <= INTERVAL + IN_FLIGHT, again + " bytes were read twice");
        Peers.run(folder, "qemu-img", "compare", "-f", "raw", "-F", format, "disk.raw", "copy");
        assertEquals(List.of(), hidden());
    }

    @Test
    void aTargetThatIsAnotherFileIsNotGoneOnWith() throws IOException {
        Peers.run(folder, "qemu-img", "create", "-f", "raw", "copy", String.valueOf(2 * DATA + 512));
        CopyOptions options = options("copy", "raw").noCreate(true).build();
        run(options, DATA / 2);
        try (RandomAccessFile file = new RandomAccessFile(folder.resolve("copy").toFile(), "rw")) {
            file.setLength(0);
            file.setLength(2 * DATA + 512);
        }
        refused(options, "this is not the target");
        // A new target that went away with its journal left is begun anew.
        CopyOptions fresh = options("new", "raw").build();
        run(fresh, DATA / 2);
        Files.delete(folder.resolve(".new.blockferry-partial"));
        assertTrue(run(fresh, Long.MAX_VALUE) >= DATA);
        compare("new", "raw");
    }

    private static void refused(CopyOptions options, String reason) throws BlockException {
        BlockException failure = assertThrows(BlockException.class, () -> run(options, Long.MAX_VALUE));
        assertEquals(Kind.REFUSED, failure.kind(), failure.getMessage());
        assertTrue(failure.getMessage().contains(reason), failure.getMessage());
    }

    @ParameterizedTest
    @EnumSource(ResumeCheck.class)
    void aSourceThatChangedIsRefused(ResumeCheck check) throws IOException {
        CopyOptions options = options("copy", "raw").resumeCheck(check).build();
        long reads = check == ResumeCheck.STAT ? 0 : check == ResumeCheck.SAMPLE ? 17 * MIB : DATA;
        run(options, DATA / 2 + reads);
        Path source = folder.resolve("disk.raw");
        FileTime changed = Files.getLastModifiedTime(source);
        try (RandomAccessFile file = new RandomAccessFile(source.toFile(), "rw")) {
            for (long at = 0; at < 2 * DATA; at += 65536) {
                file.seek(at + 77);
                file.write(1);
            }
        }
        if (check == ResumeCheck.STAT) {
            refused(options, "the source has changed: source-1-changed was");
        } else {
            Files.setLastModifiedTime(source, changed);
            refused(options, "the source has changed: digest was");
        }
    }

    @Test
    void anotherCopyIsRefused() throws IOException {
        run(options("copy", "raw").build(), DATA / 2);
        refused(options("copy", "qcow2").build(), "target-format was 'raw' and is 'qcow2'");
        refused(options("copy", "raw").sparseSize(65536).build(), "sparse-size was '' and is '65536'");
        refused(options("copy", "raw").resumeCheck(ResumeCheck.FULL).build(), "begun with --resume-check=stat");
        run(options("copy", "raw").build(), Long.MAX_VALUE);
        compare("copy", "raw");
    }
}

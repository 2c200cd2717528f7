package org.blockferry.drivers.embedded;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.blockferry.drivers.embedded.CopyService.Answer;
import org.blockferry.drivers.filter.Faults;
import org.blockferry.drivers.filter.Faults.Fault;
import org.blockferry.drivers.filter.Gate;
import org.blockferry.drivers.filter.Operation;
import org.blockferry.drivers.filter.RequestHook;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockException.Kind;
import org.blockferry.engine.block.ByteRange;
import org.blockferry.engine.block.DriverRegistry;
import org.blockferry.engine.job.CopyJob;
import org.blockferry.engine.job.CopyOptions;
import org.blockferry.engine.job.CopyResult;
import org.blockferry.engine.pipeline.OffloadMode;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;

/** A service that shelled out to qemu-img before: typed answers, progress, pause, cancel, and failures of real files. */
@Timeout(60)
class EmbeddedCopyTest {
    private static final int MIB = 1 << 20;
    private static final int LENGTH = 16 * MIB;
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final RequestHook NOTHING = new RequestHook() { };

    @TempDir
    Path folder;
    private byte[] content;

    @BeforeEach
    void image() throws IOException {
        content = new byte[LENGTH];
        new Random(14).nextBytes(content);
        Files.write(folder.resolve("disk.raw"), content);
    }

    private CopyOptions.Builder copy(String source, String target) {
        return CopyOptions.copy(folder.resolve(source).toString(), folder.resolve(target).toString()).offload(OffloadMode.NEVER);
    }

    private static Answer await(Future<Answer> answer) throws Exception {
        return answer.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    }

    private List<String> files() throws IOException {
        try (Stream<Path> all = Files.list(folder)) {
            return all.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }

    @Test
    void severalCopiesRunAtOnceAndAreDone() throws Exception {
        try (CopyService service = new CopyService(DriverRegistry.load())) {
            Future<Answer> first = service.start("a", copy("disk.raw", "a.qcow2").build());
            Future<Answer> second = service.start("b", copy("disk.raw", "b.raw").build());
            assertEquals(Answer.DONE, await(first));
            assertEquals(Answer.DONE, await(second));
            assertEquals(Answer.DONE, await(service.start("c", copy("a.qcow2", "c.raw").build())));
        }
        assertArrayEquals(content, Files.readAllBytes(folder.resolve("b.raw")));
        assertArrayEquals(content, Files.readAllBytes(folder.resolve("c.raw")));
    }

    @Test
    void progressGrowsWhileItRunsAndACancelLeavesTheOldImage() throws Exception {
        Files.writeString(folder.resolve("t.raw"), "precious");
        Gate gate = new Gate(Operation.WRITE);
        try (CopyService service = new CopyService(HookedFiles.registry(NOTHING, gate))) {
            Future<Answer> answer = service.start("a", copy("disk.raw", "t.raw").parallel(2).build());
            assertTrue(gate.await(1, PATIENCE), "a write is in flight");
            assertEquals(0, service.fraction("a"));
            assertFalse(answer.isDone());
            service.cancel("a");
            gate.open();
            assertEquals(Answer.CANCELLED, await(answer));
            assertEquals(0, service.fraction("a"), "it is gone");
        }
        assertEquals("precious", Files.readString(folder.resolve("t.raw")));
        assertEquals(List.of("disk.raw", "t.raw"), files());
    }

    @Test
    void aPausedCopyStandsStillAndGoesOn() throws Exception {
        Gate gate = new Gate(Operation.WRITE);
        try (CopyService service = new CopyService(HookedFiles.registry(NOTHING, gate))) {
            Future<Answer> answer = service.start("a", copy("disk.raw", "t.raw").build());
            assertTrue(gate.await(1, PATIENCE));
            service.pause("a", true);
            gate.open();
            assertThrows(java.util.concurrent.TimeoutException.class, () -> answer.get(300, TimeUnit.MILLISECONDS));
            double stood = service.fraction("a");
            assertTrue(stood < 1, "at " + stood);
            service.pause("a", false);
            assertEquals(Answer.DONE, await(answer));
        }
        assertArrayEquals(content, Files.readAllBytes(folder.resolve("t.raw")));
    }

    @Test
    void everyBadRequestHasItsAnswer() throws Exception {
        Files.write(folder.resolve("broken.qcow2"), Arrays.copyOf(new byte[] {'Q', 'F', 'I', (byte) 0xfb, 0, 0, 0, 9}, 200));
        Files.write(folder.resolve("small.raw"), new byte[10]);
        try (CopyService service = new CopyService(DriverRegistry.load())) {
            assertEquals(Answer.NO_SUCH_IMAGE, await(service.start("a", copy("missing", "t").build())));
            assertEquals(Answer.NO_SUCH_IMAGE, await(service.start("a", copy("disk.raw", "no/t").build())));
            assertEquals(Answer.BAD_IMAGE, await(service.start("a", copy("broken.qcow2", "t").build())));
            assertEquals(Answer.BAD_IMAGE, await(service.start("a", copy("disk.raw", "t").sourceFormat("qcow2").build())));
            assertEquals(Answer.FORBIDDEN, await(service.start("a", copy("disk.raw", "disk.raw").build())));
            assertEquals(Answer.FULL, await(service.start("a", copy("disk.raw", "small.raw").noCreate(true).build())));
            assertEquals(Answer.BAD_REQUEST, await(service.start("a",
                    copy("disk.raw", "t").targetFormat("qcow2").targetOption("cluster_size", "3").build())));
        }
        assertEquals(List.of("broken.qcow2", "disk.raw", "small.raw"), files());
        assertThrows(IllegalArgumentException.class, () -> copy("disk.raw", "t").rate(-1).build(), "before any image is touched");
    }

    @ParameterizedTest
    @EnumSource(value = Kind.class, mode = Mode.INCLUDE, names = {"IO", "NO_SPACE"})
    void aWriteThatFailsIsTheFailureOfTheCopy(Kind kind) throws Exception {
        Files.writeString(folder.resolve("t.qcow2"), "precious");
        for (Operation operation : List.of(Operation.WRITE, Operation.COMPLETE)) {
            Faults faults = new Faults(Fault.onCall(operation, operation == Operation.WRITE ? 3 : 1, kind));
            DriverRegistry drivers = HookedFiles.registry(NOTHING, faults);
            try (CopyJob job = CopyJob.open(drivers, copy("disk.raw", "t.qcow2").targetFormat("qcow2").build())) {
                BlockException failure = assertThrows(BlockException.class, job::run);
                assertEquals(kind, failure.kind());
                assertTrue(failure.getMessage().startsWith(folder.resolve("t.qcow2").toString()), failure.getMessage());
                assertTrue(job.targetState().startsWith("unchanged: "), job.targetState());
            }
            assertEquals("precious", Files.readString(folder.resolve("t.qcow2")));
            assertEquals(List.of("disk.raw", "t.qcow2"), files());
        }
    }

    @Test
    void aDyingSourceIsRescuedWithItsLossesListed() throws Exception {
        ByteRange dead = new ByteRange(5 * MIB + 512, 3 * MIB);
        Faults faults = new Faults(Fault.at(Operation.READ, dead, Kind.IO));
        DriverRegistry drivers = HookedFiles.registry(faults, NOTHING);
        try (CopyJob job = CopyJob.open(drivers, copy("disk.raw", "t.raw").build())) {
            BlockException failure = assertThrows(BlockException.class, job::run);
            assertEquals(Kind.IO, failure.kind());
            assertTrue(failure.range().orElseThrow().overlaps(dead), failure.toString());
        }
        assertEquals(List.of("disk.raw"), files());
        try (CopyJob job = CopyJob.open(drivers, copy("disk.raw", "t.raw").salvage(true).build())) {
            CopyResult result = job.run();
            assertFalse(result.cancelled());
            assertEquals(1, result.salvagedRanges().size(), result.salvagedRanges().toString());
            ByteRange lost = result.salvagedRanges().get(0);
            assertTrue(lost.contains(dead) && lost.length() <= dead.length() + 2 * 4096, lost.toString());
            assertEquals(lost.length(), result.salvaged());
            byte[] expected = content.clone();
            Arrays.fill(expected, (int) lost.offset(), (int) lost.end(), (byte) 0);
            assertArrayEquals(expected, Files.readAllBytes(folder.resolve("t.raw")));
        }
    }
}

package org.blockferry.drivers.embedded;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.blockferry.drivers.filter.Faults;
import org.blockferry.drivers.filter.Faults.Fault;
import org.blockferry.drivers.filter.Operation;
import org.blockferry.drivers.filter.Request;
import org.blockferry.drivers.filter.RequestHook;
import org.blockferry.drivers.filter.RequestLog;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockException.Kind;
import org.blockferry.engine.block.ByteRange;
import org.blockferry.engine.block.DriverRegistry;
import org.blockferry.engine.job.CopyJob;
import org.blockferry.engine.job.CopyOptions;
import org.blockferry.engine.job.CopyResult;
import org.blockferry.engine.pipeline.CancelMode;
import org.blockferry.engine.salvage.SalvageMap;
import org.blockferry.engine.testing.Peers;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A dying disk that is read in several runs: each reads what is missing and nothing else, whatever ended the one before. */
@Timeout(120)
class SalvageRunsTest {
    private static final int MIB = 1 << 20;
    private static final int LENGTH = 4 * MIB + 3 * 512;
    private static final RequestHook NOTHING = new RequestHook() { };
    /** Two sectors apart, and some in a row over the border of a slot. */
    private static final List<ByteRange> DEAD =
            List.of(new ByteRange(5 * 512, 512), new ByteRange(7 * 512, 512), new ByteRange(MIB - 1024, 4096),
            new ByteRange(LENGTH - 512, 512));

    @TempDir
    Path folder;
    private byte[] content;

    @BeforeEach
    void image() throws IOException {
        content = new byte[LENGTH];
        new Random(9).nextBytes(content);
        // What is written as zeroes, and what is a hole.
        Arrays.fill(content, 2 * MIB, 3 * MIB, (byte) 0);
        Files.write(folder.resolve("disk.raw"), content);
        Peers.run(folder, "fallocate", "-p", "-o", "2MiB", "-l", "512KiB", "disk.raw");
    }

    private CopyOptions.Builder options(String target) {
        return CopyOptions.copy(folder.resolve("disk.raw").toString(), folder.resolve(target).toString()).sourceFormat("raw")
                .salvageMap(folder.resolve("map"));
    }

    private static Faults dying() {
        return new Faults(DEAD.stream().map(range -> Fault.at(Operation.READ, range, Kind.IO)).toArray(Fault[]::new));
    }

    /** The target is read as well, to see what it is. */
    private static RequestHook ofDisk(RequestHook hook) {
        return new RequestHook() {
            @Override
            public void before(Request request) throws BlockException {
                if (request.node().endsWith("disk.raw")) {
                    hook.before(request);
                }
            }

            @Override
            public void after(Request request) {
                if (request.node().endsWith("disk.raw")) {
                    hook.after(request);
                }
            }
        };
    }

    private static CopyResult run(DriverRegistry drivers, CopyOptions options) throws BlockException {
        try (CopyJob job = CopyJob.open(drivers, options)) {
            return job.run();
        }
    }

    private byte[] read(String target) throws IOException {
        if (target.endsWith("raw")) {
            return Files.readAllBytes(folder.resolve(target));
        }
        Peers.require("qemu-img");
        Peers.run(folder, "qemu-img", "check", "-q", "-f", "qcow2", target);
        Peers.run(folder, "qemu-img", "convert", "-f", "qcow2", "-O", "raw", target, "read");
        return Files.readAllBytes(folder.resolve("read"));
    }

    private byte[] without(List<ByteRange> lost) {
        byte[] expected = content.clone();
        lost.forEach(range -> Arrays.fill(expected, (int) range.offset(), (int) range.end(), (byte) 0));
        return expected;
    }

    private SalvageMap map() throws BlockException {
        return SalvageMap.open(folder.resolve("map"), "", LENGTH);
    }

    private static long bytes(RequestLog log) {
        return log.requests().stream().mapToLong(request -> request.range().length()).sum();
    }

    @ParameterizedTest
    @ValueSource(strings = {"t.raw", "t.qcow2"})
    void aSecondRunReadsOnlyWhatTheFirstLost(String target) throws Exception {
        CopyResult first = run(HookedFiles.registry(ofDisk(dying()), NOTHING), options(target).build());
        assertEquals("complete", first.targetState());
        assertEquals(512 * 3 + 4096, first.salvaged());
        assertEquals(DEAD.size(), first.salvagedRanges().size());
        assertArrayEquals(without(DEAD), read(target));
        assertEquals(first.salvaged(), map().missing());
        // One of them comes back, and the others do not.
        Faults fewer = new Faults(DEAD.stream().skip(1).map(range -> Fault.at(Operation.READ, range, Kind.IO))
                .toArray(Fault[]::new));
        CopyResult second = run(HookedFiles.registry(ofDisk(fewer), NOTHING), options(target).build());
        assertEquals(first.salvaged() - 512, second.salvaged());
        assertArrayEquals(without(DEAD.subList(1, DEAD.size())), read(target));
        RequestLog log = new RequestLog(Operation.READ);
        CopyResult third = run(HookedFiles.registry(ofDisk(log), NOTHING), options(target).build());
        assertEquals(0, third.salvaged());
        assertArrayEquals(content, read(target));
        assertEquals(second.salvaged(), bytes(log), log.text());
        assertEquals(0, map().missing());
        assertEquals(LENGTH, third.progress().done());
    }

    @ParameterizedTest
    @ValueSource(strings = {"t.raw", "t.qcow2"})
    void aRunThatIsCancelledKeepsWhatItHas(String target) throws Exception {
        try (CopyJob job = CopyJob.open(HookedFiles.registry(ofDisk(dying()), NOTHING),
                options(target).parallel(1).rate(MIB).build())) {
            Thread canceller = new Thread(() -> {
                while (job.progress().done() < MIB / 2) {
                    Thread.onSpinWait();
                }
                job.control().cancel(CancelMode.FINISH_IN_FLIGHT);
            });
            canceller.start();
            CopyResult result = job.run();
            canceller.join();
            assertTrue(result.cancelled());
            assertEquals("incomplete: " + map().missing() + " bytes are still to be read; the same command goes on by '"
                    + folder.resolve("map") + "'", result.targetState());
        }
        long missing = map().missing();
        assertTrue(missing < LENGTH - MIB / 4, missing + " bytes are missing");
        RequestLog log = new RequestLog(Operation.READ);
        run(HookedFiles.registry(ofDisk(log), NOTHING), options(target).build());
        assertArrayEquals(content, read(target));
        assertTrue(bytes(log) <= missing, bytes(log) + " bytes were read, and " + missing + " were missing");
    }

    @ParameterizedTest
    @ValueSource(strings = {"t.raw", "t.qcow2"})
    void aRunThatFailsKeepsWhatItHas(String target) throws Exception {
        RequestHook full = new RequestHook() {
            private long left = MIB;

            @Override
            public synchronized void before(Request request) throws BlockException {
                // Of data: metadata have their place already.
                if (request.operation() == Operation.WRITE && request.range().length() > 16 << 10
                        && (left -= request.range().length()) < 0) {
                    throw BlockException.request(Kind.NO_SPACE, request.node(), "write", request.range(), "full", null);
                }
            }
        };
        BlockException e = assertThrows(BlockException.class,
                () -> run(HookedFiles.registry(ofDisk(dying()), full), options(target).parallel(1).build()));
        assertEquals(Kind.NO_SPACE, e.kind());
        long missing = map().missing();
        assertTrue(missing < LENGTH && missing > MIB, missing + " bytes are missing");
        RequestLog log = new RequestLog(Operation.READ);
        run(HookedFiles.registry(ofDisk(log), NOTHING), options(target).build());
        assertArrayEquals(content, read(target));
        assertTrue(bytes(log) <= missing, bytes(log) + " bytes were read, and " + missing + " were missing");
    }

    @Test
    void theFormatOfTheTargetIsTheFirstRunsWhateverTheDiskLooksLike() throws Exception {
        Peers.require("qemu-img");
        Peers.run(folder, "qemu-img", "create", "-q", "-f", "qcow2", "disk.raw", "64k");
        long length = Files.size(folder.resolve("disk.raw"));
        run(HookedFiles.registry(NOTHING, NOTHING), options("t.raw").build());
        CopyResult again = run(HookedFiles.registry(NOTHING, NOTHING), options("t.raw").build());
        assertEquals(length, again.progress().skipped(), "there was nothing left to do");
        assertEquals(-1, Files.mismatch(folder.resolve("disk.raw"), folder.resolve("t.raw")));
    }

    @Test
    void whatDoesNotBelongTogetherIsRefused() throws Exception {
        Files.writeString(folder.resolve("t.raw"), "precious");
        BlockException there = assertThrows(BlockException.class,
                () -> CopyJob.open(DriverRegistry.load(), options("t.raw").build()));
        assertEquals(folder.resolve("t.raw") + ": is there, but its map '" + folder.resolve("map")
                + "' is not; a salvage replaces nothing: remove the target, or write into it (-n)", there.getMessage());
        assertEquals("precious", Files.readString(folder.resolve("t.raw")));
        assertFalse(Files.exists(folder.resolve("map")));
        Files.delete(folder.resolve("t.raw"));
        run(DriverRegistry.load(), options("t.raw").build());
        Files.delete(folder.resolve("t.raw"));
        BlockException gone = assertThrows(BlockException.class,
                () -> CopyJob.open(DriverRegistry.load(), options("t.raw").build()));
        assertEquals(Kind.NOT_FOUND, gone.kind());
        assertTrue(gone.getMessage().endsWith("without the target the map is worth nothing"), gone.getMessage());
        Files.write(folder.resolve("disk.raw"), new byte[512]);
        BlockException other = assertThrows(BlockException.class,
                () -> CopyJob.open(DriverRegistry.load(), options("u.raw").build()));
        assertTrue(other.getMessage().endsWith("the disk has 512 bytes, so this is the map of another one"),
                other.getMessage());
    }

    @Test
    void aMapThatCannotBeWrittenIsAFailureAtTheStart() {
        CopyOptions options = options("t.raw").salvageMap(folder.resolve("no/map")).build();
        BlockException e = assertThrows(BlockException.class, () -> run(DriverRegistry.load(), options));
        assertEquals(folder.resolve("no/map") + ": cannot write the map: No such file or directory", e.getMessage());
    }
}

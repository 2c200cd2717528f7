package org.blockferry.engine.job;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockException.Kind;
import org.blockferry.engine.block.ByteRange;
import org.blockferry.engine.block.DriverRegistry;
import org.blockferry.engine.pipeline.CancelMode;
import org.blockferry.engine.plan.CopyAction;
import org.blockferry.engine.plan.PlanSummary;
import org.blockferry.engine.toy.ToyImage;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CopyJobTest {
    private final JobFixture disks = new JobFixture();
    private final ToyImage image = ToyImage.of("DDDD....ZZZZWWWWDDDDPPPP....CCCC", 1);

    @AfterEach
    void nothingStaysOpen() {
        assertEquals(0, disks.files.openNodes());
    }

    private void assertRefused(Kind kind, String message, CopyOptions.Builder options) {
        BlockException refused = assertThrows(BlockException.class, () -> disks.copy(options));
        assertEquals(message, refused.getMessage());
        assertEquals(kind, refused.kind());
    }

    /** The example of the package's description. */
    private static Duration copyForAService(DriverRegistry drivers, String from, String to) throws BlockException {
        CopyOptions options = CopyOptions.copy(from, to).targetFormat("qcow2").build();
        try (CopyJob job = CopyJob.open(drivers, options)) {
            return job.run().progress().elapsed();
        }
    }

    @Test
    void theExampleOfThePackageWorks() throws BlockException {
        disks.put("a.qcow2", image);
        assertTrue(copyForAService(disks.files.registry(), "a.qcow2", "b").toNanos() > 0);
        assertArrayEquals(image.content(), disks.read("b"));
    }

    @ParameterizedTest(name = "{0} from {1}, asked for {2}")
    @CsvSource({
        "t.qcow2, nothing, nothing, qcow2",
        "t.raw,   nothing, nothing, raw",
        "t,       nothing, nothing, raw",
        "t.raw,   nothing, qcow2,   qcow2",
        "t.qcow2, nothing, raw,     raw",
        "t,       qcow2,   nothing, qcow2",
        "t.raw,   qcow2,   nothing, qcow2",
        "t.qcow2, raw,     nothing, qcow2",
        "t,       raw,     nothing, raw",
        "t,       qcow2,   raw,     raw",
    })
    void theFormatOfTheTargetIsTheOneAskedForElseWhatIsThereElseByNameElseRaw(
            String target, String there, String asked, String format) throws BlockException {
        disks.put("a", image);
        if (there.equals("qcow2")) {
            disks.put(target, ToyImage.of("D", 5));
        } else if (there.equals("raw")) {
            disks.files.put(target, new byte[100]);
        }
        CopyOptions.Builder options = CopyOptions.copy("a", target);
        if (!asked.equals("nothing")) {
            options.targetFormat(asked);
        }
        try (CopyJob job = CopyJob.open(disks.files.registry(), options.build())) {
            assertEquals(format, job.targetFormat());
            job.run();
        }
        assertEquals(format, disks.files.bytes(target)[0] == 'T' ? "qcow2" : "raw");
        assertArrayEquals(image.content(), disks.read(target));
    }

    @Test
    void aPlanTellsItsRunsAndMakesNothing() throws BlockException {
        disks.put("a", image);
        List<String> runs = new ArrayList<>();
        try (CopyJob job = CopyJob.open(disks.files.registry(), CopyOptions.copy("a", "t.qcow2").build())) {
            job.forEachAction(action -> runs.add(action.getClass().getSimpleName() + " " + action.range()));
            assertEquals(new PlanSummary(4 * 2048, 4 * 2048, 0, runs.size()), job.plan());
            assertEquals(List.of("a"), List.copyOf(disks.files.names()));
        }
        assertEquals("Copy 0x0+0x800", runs.get(0));
        assertEquals("Zero 0x800+0x1000", runs.get(1));
        assertEquals(List.of("a"), List.copyOf(disks.files.names()));
    }

    @Test
    void thePlanOfARunIsThatOfTheDryRun() throws BlockException {
        disks.put("a", image);
        try (CopyJob job = CopyJob.open(disks.files.registry(), CopyOptions.copy("a", "t.raw").build())) {
            List<CopyAction> first = new ArrayList<>();
            job.forEachAction(first::add);
            PlanSummary plan = job.plan();
            Progress done = job.run().progress();
            assertEquals(plan.copy(), done.copied() + done.zeroDetected());
            assertEquals(plan.zero(), done.zeroed());
            assertEquals(plan.total(), done.done());
            assertEquals(1.0, done.fraction().getAsDouble());
        }
    }

    @Test
    void severalSourcesBecomeOneDisk() throws BlockException {
        disks.put("a", image.withLength(1000)).put("b", ToyImage.of("ZD", 2));
        disks.copy(CopyOptions.copy("a", "t").source("b"));
        byte[] expected = Arrays.copyOf(image.withLength(1000).content(), 2048);
        System.arraycopy(ToyImage.of("ZD", 2).content(), 0, expected, 1024, 1024);
        assertArrayEquals(expected, disks.read("t"));
    }

    @Test
    void aSourceOfOddLengthIsCopiedToTheLastByte() throws BlockException {
        disks.files.put("a", new byte[] {1, 2, 3});
        disks.copy(CopyOptions.copy("a", "t"));
        assertArrayEquals(new byte[] {1, 2, 3}, disks.files.bytes("t"));
        disks.files.put("empty", new byte[0]);
        assertEquals("complete", disks.copy(CopyOptions.copy("empty", "t2")).targetState());
        assertEquals(0, disks.files.bytes("t2").length);
    }

    @Test
    void aSourceThatIsNotThereOrAFolderIsTold() {
        disks.files.folder("/d");
        assertRefused(Kind.NOT_FOUND, "a: No such file or directory", CopyOptions.copy("a", "t"));
        assertRefused(Kind.INVALID_ARGUMENT, "/d: Is a directory", CopyOptions.copy("/d", "t"));
        disks.put("a", image);
        assertRefused(Kind.NOT_FOUND, "b: No such file or directory", CopyOptions.copy("a", "t").source("b"));
    }

    @Test
    void anUnknownFormatIsTold() {
        disks.put("a", image);
        assertRefused(Kind.INVALID_ARGUMENT, "a: Unknown file format 'vmdq'; known are raw, qcow2",
                CopyOptions.copy("a", "t").sourceFormat("vmdq"));
        assertRefused(Kind.INVALID_ARGUMENT, "t: Unknown file format 'vmdq'; known are raw, qcow2",
                CopyOptions.copy("a", "t").targetFormat("vmdq"));
        assertRefused(Kind.INVALID_ARGUMENT, "t.qcow2: qcow2 has no option 'colour'",
                CopyOptions.copy("a", "t.qcow2").targetOption("colour", "red"));
        assertRefused(Kind.INVALID_ARGUMENT, "t.raw: raw has no option {colour=red}",
                CopyOptions.copy("a", "t.raw").targetOption("colour", "red"));
    }

    @Test
    void aTargetThatIsAFolderIsTold() {
        disks.put("a", image).files.folder("/d");
        assertRefused(Kind.INVALID_ARGUMENT, "/d: Is a directory", CopyOptions.copy("a", "/d"));
    }

    @Test
    void aTargetThatIsReadIsRefusedUnderAnyName() {
        disks.put("base", ToyImage.of("DD", 1)).put("a", ToyImage.of("D.", 2).over("base", "qcow2"));
        disks.files.link("alias", "a").link("basealias", "base");
        byte[] before = disks.files.bytes("a");
        assertRefused(Kind.REFUSED, "a: the target is an image that is read: 'a'", CopyOptions.copy("a", "a"));
        assertRefused(Kind.REFUSED, "alias: the target is an image that is read: 'a'", CopyOptions.copy("a", "alias"));
        assertRefused(Kind.REFUSED,
                "basealias: the target is an image that is read: 'base'", CopyOptions.copy("a", "basealias"));
        assertRefused(Kind.REFUSED, "basealias: the target is an image that is read: 'base'",
                CopyOptions.copy("a", "basealias").noCreate(true).targetFormat("raw"));
        disks.put("b", ToyImage.of("D", 3));
        assertRefused(Kind.REFUSED, "b: the target is an image that is read: 'b'", CopyOptions.copy("a", "b").source("b"));
        assertArrayEquals(before, disks.files.bytes("a"));
    }

    @Test
    void aTargetThatIsReadIsRefusedByNameWhereIdentitiesAreNotKnown() {
        disks.put("a", image).files.withoutIdentities();
        assertRefused(Kind.REFUSED, "a: the target is an image that is read: 'a'", CopyOptions.copy("a", "a"));
    }

    @Test
    void aTargetThatStaysMustBeThereAndLargeEnough() throws BlockException {
        disks.put("a", image).files.put("small", new byte[1000]);
        assertRefused(Kind.NOT_FOUND, "t: No such file or directory, and none is to be made (-n)",
                CopyOptions.copy("a", "t").noCreate(true));
        assertRefused(Kind.NO_SPACE, "small: the target has 1000 bytes (1000 B), the source 16384 (16 KiB)",
                CopyOptions.copy("a", "small").noCreate(true));
        byte[] large = new byte[20000];
        Arrays.fill(large, (byte) 9);
        disks.files.put("large", large);
        disks.copy(CopyOptions.copy("a", "large").noCreate(true));
        System.arraycopy(image.content(), 0, large, 0, image.length());
        assertArrayEquals(large, disks.files.bytes("large"));
    }

    @Test
    void aTargetThatIsSaidToBeZeroIsNotZeroed() throws BlockException {
        disks.put("a", image);
        byte[] marked = new byte[16384];
        marked[2048] = 9;
        disks.files.put("t", marked);
        disks.copy(CopyOptions.copy("a", "t").noCreate(true).targetIsZero(true));
        assertEquals(9, disks.files.bytes("t")[2048]);
    }

    @Test
    void aDeviceIsWrittenInPlaceAsRaw() throws BlockException {
        byte[] old = new byte[20000];
        Arrays.fill(old, (byte) 9);
        disks.put("a", image).files.device("/dev/x", old);
        disks.copy(CopyOptions.copy("a", "/dev/x"));
        System.arraycopy(image.content(), 0, old, 0, image.length());
        assertArrayEquals(old, disks.files.bytes("/dev/x"));
        disks.files.device("/dev/y", new byte[10]);
        assertRefused(Kind.NO_SPACE, "/dev/y: the target has 10 bytes (10 B), the source 16384 (16 KiB)",
                CopyOptions.copy("a", "/dev/y"));
    }

    @Test
    void anImageIsLaidOutOnADeviceWhenItIsAskedFor() throws BlockException {
        disks.put("a", image).files.device("/dev/x", new byte[40000]);
        disks.copy(CopyOptions.copy("a", "/dev/x").targetFormat("qcow2"));
        assertArrayEquals(image.content(), disks.read("/dev/x"));
    }

    @Test
    void anImageCannotBeWrittenInPlace() {
        disks.put("a", image).put("t", ToyImage.of("DDDD", 4));
        assertRefused(Kind.UNSUPPORTED, "t: qcow2 images are not written in place", CopyOptions.copy("a", "t").noCreate(true));
    }

    @Test
    void aStreamTakesARawDiskOnlyAndIsNotEvenOpened() {
        disks.put("a", image);
        assertRefused(Kind.UNSUPPORTED, "-: a stream takes a raw disk only; a qcow2 image is not written in one direction",
                CopyOptions.copy("a", "-").targetFormat("qcow2"));
    }

    @Test
    void aStreamIsCopiedToItsLastByteWhateverThatIs() throws BlockException {
        byte[] bytes = Arrays.copyOf(image.content(), 50_000);
        disks.files.input(bytes);
        try (CopyJob job = CopyJob.open(disks.files.registry(), CopyOptions.copy("-", "t.raw").build())) {
            assertTrue(job.length().isEmpty());
            assertEquals(Progress.UNKNOWN, job.progress().total());
            assertEquals("-: what a stream holds is known only when it was read",
                    assertThrows(BlockException.class, job::plan).getMessage());
            assertEquals(50_000, job.run().progress().done());
        }
        assertArrayEquals(bytes, disks.files.bytes("t.raw"));
        disks.files.input(new byte[0]);
        disks.copy(CopyOptions.copy("-", "empty.raw"));
        assertEquals(0, disks.files.bytes("empty.raw").length);
        disks.files.input(new byte[5]);
        disks.copy(CopyOptions.copy("-", "short.raw"));
        assertArrayEquals(new byte[5], disks.files.bytes("short.raw"));
    }

    @Test
    void aStreamGetsEveryByteInOrder() throws BlockException {
        disks.put("a", image);
        disks.copy(CopyOptions.copy("a", "-"));
        assertArrayEquals(image.content(), disks.files.output());
    }

    @Test
    void aStreamThatLooksLikeAnImageIsRawOnlyWhenThatIsSaid() throws BlockException {
        disks.files.input(image.bytes());
        assertRefused(Kind.UNSUPPORTED,
                "-: a stream can only be read as raw, not as qcow2, which it looks like; if its bytes are what "
                + "is wanted, say that the format is raw", CopyOptions.copy("-", "t"));
        assertRefused(Kind.UNSUPPORTED, "-: a stream can only be read as raw, not as qcow2",
                CopyOptions.copy("-", "t").sourceFormat("qcow2"));
        disks.copy(CopyOptions.copy("-", "t").sourceFormat("raw").targetFormat("raw"));
        assertArrayEquals(image.bytes(), disks.files.bytes("t"));
    }

    @Test
    void aStreamIsCopiedAlone() {
        disks.put("a", image);
        assertRefused(Kind.INVALID_ARGUMENT, "-: a stream is copied alone, not with other sources",
                CopyOptions.copy("a", "t").source("-"));
        assertRefused(Kind.INVALID_ARGUMENT, "-: a stream has no known length, so its copy cannot keep a backing file (-B)",
                CopyOptions.copy("-", "t").backing("a"));
    }

    @Test
    void aFailedReadLeavesNothingUnderTheName() throws BlockException {
        disks.put("a", image);
        CopyOptions options = CopyOptions.copy("a", "t.raw").build();
        try (CopyJob job = CopyJob.open(disks.files.registry(), options)) {
            disks.files.failReadsFrom(8192 + 8192);
            BlockException failed = assertThrows(BlockException.class, job::run);
            assertEquals(Kind.IO, failed.kind());
            assertTrue(failed.getMessage().startsWith("a: read ") && failed.getMessage().endsWith("Input/output error"),
                    failed.getMessage());
            assertEquals("not there: nothing was left under the name 't.raw'", job.targetState());
            assertThrows(IllegalStateException.class, job::run);
        }
        assertEquals(List.of("a"), List.copyOf(disks.files.names()));
    }

    @Test
    void aFailedWriteLeavesTheOldFileAsItWas() throws BlockException {
        byte[] old = {1, 2, 3};
        disks.put("a", image).files.put("t.raw", old);
        disks.files.failWritesFrom(9000);
        try (CopyJob job = CopyJob.open(disks.files.registry(), CopyOptions.copy("a", "t.raw").build())) {
            BlockException failed = assertThrows(BlockException.class, job::run);
            assertEquals(Kind.NO_SPACE, failed.kind());
            assertEquals("unchanged: 't.raw' is what it was before", job.targetState());
        }
        assertArrayEquals(old, disks.files.bytes("t.raw"));
    }

    @Test
    void aFailureInPlaceSaysThatTheTargetIsIncomplete() throws BlockException {
        disks.put("a", image).files.put("t.raw", new byte[20000]);
        disks.files.failWritesFrom(9000);
        try (CopyJob job = CopyJob.open(disks.files.registry(), CopyOptions.copy("a", "t.raw").noCreate(true).build())) {
            assertEquals("untouched", job.targetState());
            assertThrows(BlockException.class, job::run);
            assertEquals("incomplete: 't.raw' was written in part", job.targetState());
        }
    }

    @Test
    void aFailureOfAnImageOnADeviceSaysThatTheTargetIsIncomplete() throws BlockException {
        disks.put("a", image).files.device("/dev/x", new byte[40000]);
        disks.files.failWritesFrom(9000);
        CopyOptions options = CopyOptions.copy("a", "/dev/x").targetFormat("qcow2").build();
        try (CopyJob job = CopyJob.open(disks.files.registry(), options)) {
            assertEquals("untouched", job.targetState());
            assertThrows(BlockException.class, job::run);
            assertEquals("incomplete: '/dev/x' was written in part", job.targetState());
        }
    }

    @Test
    void whatCannotBeReadIsZeroWhenSalvaging() throws BlockException {
        disks.put("a", image);
        CopyOptions options = CopyOptions.copy("a", "t.raw").salvage(true).build();
        try (CopyJob job = CopyJob.open(disks.files.registry(), options)) {
            disks.files.failReadsFrom(8192 + 8192 + 512);
            CopyResult result = job.run();
            assertEquals(4096 - 512, result.salvaged());
            assertEquals(List.of(new ByteRange(8704, 1536), new ByteRange(14336, 2048)), result.salvagedRanges());
        }
        byte[] expected = image.content();
        Arrays.fill(expected, 8704, expected.length, (byte) 0);
        assertArrayEquals(expected, disks.read("t.raw"));
    }

    @Test
    void aCancelledCopyLeavesNothingAndSaysSo() throws BlockException {
        disks.put("a", image);
        try (CopyJob job = CopyJob.open(disks.files.registry(), CopyOptions.copy("a", "t.raw").build())) {
            job.control().cancel(CancelMode.FINISH_IN_FLIGHT);
            CopyResult result = job.run();
            assertTrue(result.cancelled());
            assertEquals("not there: nothing was left under the name 't.raw'", result.targetState());
        }
        assertEquals(List.of("a"), List.copyOf(disks.files.names()));
    }

    @Test
    void aJobThatIsNotRunChangesNothing() throws BlockException {
        disks.put("a", image).files.put("t.raw", new byte[20000]);
        CopyJob job = CopyJob.open(disks.files.registry(), CopyOptions.copy("a", "t.raw").noCreate(true).build());
        assertEquals(16384, job.length().getAsLong());
        assertEquals(0, job.progress().done());
        job.close();
        job.close();
        assertArrayEquals(new byte[20000], disks.files.bytes("t.raw"));
    }

    @Test
    void anUntrustedSourceOpensNoOtherFile() {
        disks.put("base", ToyImage.of("DD", 1)).put("a", ToyImage.of("D.", 2).over("base", "qcow2"));
        assertRefused(Kind.REFUSED, "a: backing file is 'base'; an untrusted image's backing file is not opened",
                CopyOptions.copy("a", "t").untrusted(true));
        assertFalse(disks.files.everOpened().contains("base"));
    }

    @Test
    void statisticsAreThereWhenTheyAreAskedFor() throws BlockException {
        disks.put("a", image);
        assertTrue(disks.copy(CopyOptions.copy("a", "t")).statistics().isEmpty());
        assertTrue(disks.copy(CopyOptions.copy("a", "u").statistics(true)).statistics().isPresent());
    }

    @Test
    void everythingIsAllocatedWhenNoZeroesAreToBeFound() throws BlockException {
        disks.put("a", image);
        CopyResult result = disks.copy(CopyOptions.copy("a", "t.qcow2").sparseSize(0));
        assertEquals(0, result.progress().zeroDetected());
        assertArrayEquals(image.content(), disks.read("t.qcow2"));
    }
}

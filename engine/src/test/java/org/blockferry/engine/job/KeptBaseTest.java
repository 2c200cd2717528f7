package org.blockferry.engine.job;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockException.Kind;
import org.blockferry.engine.block.ByteRange;
import org.blockferry.engine.graph.ImageChain;
import org.blockferry.engine.plan.PlanSummary;
import org.blockferry.engine.toy.ToyImage;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What becomes of a base that the target keeps. Clusters are 512 bytes in the sources and 1 KiB in the target. */
class KeptBaseTest {
    private final JobFixture disks = new JobFixture();

    @AfterEach
    void nothingStaysOpen() {
        assertEquals(0, disks.files.openNodes());
    }

    private static CopyOptions.Builder keep(String base) {
        return CopyOptions.copy("overlay.qcow2", "thin.qcow2").backing(base);
    }

    /** Copies with the base kept; the copy reads as the source, keeps the name, and copies no more than it must. */
    private CopyResult assertCopies(CopyOptions.Builder options) throws BlockException {
        byte[] expected = disks.read("overlay.qcow2");
        PlanSummary planned;
        try (CopyJob job = CopyJob.open(disks.files.registry(), options.build())) {
            planned = job.plan();
        }
        assertFalse(disks.files.names().contains("thin.qcow2"), "a plan makes nothing");
        CopyResult result = disks.copy(options);
        assertFalse(result.cancelled());
        assertEquals("complete", result.targetState());
        assertEquals(expected.length, result.progress().done());
        assertEquals(planned.copy(), result.progress().copied() + result.progress().zeroDetected());
        assertEquals(planned.skip(), result.progress().skipped());
        byte[] thin = disks.read("thin.qcow2");
        assertEquals(expected.length, thin.length);
        assertEquals(-1, Arrays.mismatch(expected, thin), "the first byte that differs");
        try (ImageChain chain = disks.open("thin.qcow2")) {
            assertEquals(options.build().backing().orElseThrow(), chain.top().node().backing().orElseThrow().file());
            assertTrue(chain.top().node().backing().orElseThrow().format().isPresent());
        }
        return result;
    }

    private void assertRefused(Kind kind, String message, CopyOptions.Builder options) {
        BlockException refused = assertThrows(BlockException.class, () -> disks.copy(options));
        assertEquals(message, refused.getMessage());
        assertEquals(kind, refused.kind());
        assertFalse(disks.files.names().contains("thin.qcow2"), "nothing is made");
    }

    @Test
    void onlyWhatLiesAboveTheBaseIsCopied() throws BlockException {
        disks.put("base", ToyImage.of("DDDDDDDDDDDD", 1));
        disks.put("overlay.qcow2", ToyImage.of("..DD....ZZ..", 2).over("base", "qcow2"));
        CopyResult result = assertCopies(keep("base"));
        assertEquals(1024, result.progress().copied());
        assertEquals(1024, result.progress().zeroed());
        assertEquals(4096, result.progress().skipped());
    }

    @Test
    void clustersOfTheTargetThatAreTouchedAreCopiedWhole() throws BlockException {
        disks.put("base", ToyImage.of("DDDDDDDD", 1));
        disks.put("overlay.qcow2", ToyImage.of(".D....Z.", 2).over("base", "qcow2"));
        assertEquals(2048, assertCopies(keep("base")).progress().copied());
    }

    @Test
    void theBaseIsFoundUnderAnotherNameWithoutBeingRead() throws BlockException {
        disks.put("base", ToyImage.of("DDDD", 1)).files.link("alias", "base");
        disks.put("overlay.qcow2", ToyImage.of("D...", 2).over("base", "qcow2"));
        disks.files.failReadsFrom(8192 + 1024);
        try (CopyJob job = CopyJob.open(disks.files.registry(), keep("alias").build())) {
            assertEquals(new PlanSummary(1024, 0, 1024, 2), job.plan());
        }
    }

    @Test
    void anyImageOfTheChainMayBeKept() throws BlockException {
        disks.put("base", ToyImage.of("DDDDDDDD", 1));
        disks.put("mid", ToyImage.of("ZZDD..", 2).over("base", "qcow2"));
        disks.put("overlay.qcow2", ToyImage.of("....DD..", 3).over("mid", "qcow2"));
        CopyResult result = assertCopies(keep("base"));
        // The end of mid hides the base with zeroes, which must be written.
        assertEquals(2048, result.progress().copied());
        assertEquals(2048, result.progress().zeroed());
        disks.files.names().remove("thin.qcow2");
        assertEquals(1024, assertCopies(keep("mid")).progress().copied());
        disks.files.names().remove("thin.qcow2");
        assertEquals(4096, assertCopies(keep("overlay.qcow2")).progress().skipped());
    }

    /** base &lt;- overlay with the base kept, for every relation of their lengths, ending on no particular boundary. */
    static Stream<Arguments> lengths() {
        return Stream.of(arguments("equal", 4096, 4096), arguments("shorter", 2048, 4096), arguments("longer", 8192, 4096),
                arguments("shorter, ending inside a cluster", 2048 + 300, 4096),
                arguments("longer, overlay ending inside a cluster", 8192, 3333),
                arguments("both ending inside clusters", 1111, 4097));
    }

    @ParameterizedTest(name = "base is {0}")
    @MethodSource("lengths")
    void theBaseMayHaveAnyLength(String name, int baseLength, int overlayLength) throws BlockException {
        for (String overlay : new String[] {"..........", "D.Z.D.Z.D.", "ZZZZZZZZZZ", ".D.D.D.D.D", "PP..CC..PP"}) {
            disks.put("base", ToyImage.of("DDDDDDDDDDDDDDDD", 1).withLength(baseLength));
            disks.put("overlay.qcow2", ToyImage.of(overlay, 2).withLength(overlayLength).over("base", "qcow2"));
            assertCopies(keep("base"));
            disks.files.names().remove("thin.qcow2");
            assertCopies(keep("base").targetOption("cluster_size", "512"));
            disks.files.names().remove("thin.qcow2");
            assertCopies(keep("base").targetOption("cluster_size", "4096"));
            disks.files.names().remove("thin.qcow2");
        }
    }

    @Test
    void zeroesPastTheEndOfTheKeptBaseAreLeftOut() throws BlockException {
        disks.put("base", ToyImage.of("DD", 1));
        disks.put("overlay.qcow2", ToyImage.of("ZZZZZZZZ", 2).over("base", "qcow2"));
        assertCopies(keep("base"));
        try (ImageChain chain = disks.open("thin.qcow2")) {
            assertEquals("LZ--", chain.statusAbove(1, new ByteRange(0, 4096)).status().letters());
            assertEquals("----", chain.statusAbove(1, new ByteRange(1024, 1024)).status().letters());
        }
    }

    @Test
    void aRenamedCopyOfTheBasePasses() throws BlockException {
        disks.put("base", ToyImage.of("DD..ZZDD", 1)).put("copy", ToyImage.of("DDZZ..DD", 1));
        disks.put("overlay.qcow2", ToyImage.of("......DD", 2).over("base", "qcow2"));
        assertEquals(1024, assertCopies(keep("copy")).progress().copied());
    }

    @Test
    void aCopyInAnotherFormatPasses() throws BlockException {
        disks.put("base", ToyImage.of("DD..ZZDD", 1)).files.put("copy.raw", ToyImage.of("DD..ZZDD", 1).content());
        disks.put("overlay.qcow2", ToyImage.of("......DD", 2).over("base", "qcow2"));
        assertCopies(keep("copy.raw"));
        disks.files.names().remove("thin.qcow2");
        assertCopies(keep("copy.raw").backingFormat("raw"));
    }

    @Test
    void aCopyThatDiffersOnlyWhereTheOverlayHidesItPasses() throws BlockException {
        disks.put("base", ToyImage.of("DDDD", 1)).put("copy", ToyImage.of("DDZZ", 1));
        disks.put("overlay.qcow2", ToyImage.of("..DD", 2).over("base", "qcow2"));
        assertCopies(keep("copy"));
    }

    @Test
    void aBaseOfOtherContentIsRefused() {
        disks.put("base", ToyImage.of("DDDD", 1)).put("other", ToyImage.of("DDDZ", 1));
        disks.put("overlay.qcow2", ToyImage.of("D...", 2).over("base", "qcow2"));
        assertRefused(Kind.REFUSED,
                "other: this is not the base of overlay.qcow2: they differ at byte 1536 (0x600)", keep("other"));
        disks.put("base", ToyImage.of("DD..", 1)).put("other", ToyImage.of("DD.D", 1));
        assertRefused(Kind.REFUSED,
                "other: this is not the base of overlay.qcow2: they differ at byte 1536 (0x600)", keep("other"));
    }

    @Test
    void aShorterBaseIsRefused() {
        disks.put("base", ToyImage.of("DDDD", 1)).put("other", ToyImage.of("DD", 1));
        disks.put("overlay.qcow2", ToyImage.of("D...", 2).over("base", "qcow2"));
        String message = "other: this is not the base of overlay.qcow2: it has 1024 bytes, and the base there has 2048";
        assertRefused(Kind.REFUSED, message, keep("other"));
        assertRefused(Kind.REFUSED, message, keep("other").backingUnchecked(true));
    }

    @Test
    void aLongerCopyOfTheBaseIsCoveredWithZeroes() throws BlockException {
        disks.put("base", ToyImage.of("DDD", 1)).put("longer", ToyImage.of("DDDDDDDD", 1));
        disks.put("overlay.qcow2", ToyImage.of("..........", 2).over("base", "qcow2"));
        CopyResult result = assertCopies(keep("longer"));
        assertEquals(1024, result.progress().copied(), "the cluster in which the base ended");
        assertEquals(2048, result.progress().zeroed());
    }

    @Test
    void lengthsThatCannotBeSeenDoNotMatter() throws BlockException {
        disks.put("base", ToyImage.of("DDDDDDDD", 1)).put("shorter", ToyImage.of("DDDD", 1));
        disks.put("overlay.qcow2", ToyImage.of("D..", 2).over("base", "qcow2"));
        assertCopies(keep("shorter"));
    }

    @Test
    void anUncheckedBaseIsTakenForTheTopLayersOwn() throws BlockException {
        disks.put("base", ToyImage.of("DDDD", 1)).put("other", ToyImage.of("DDDD", 9));
        disks.put("overlay.qcow2", ToyImage.of("DD..", 2).over("base", "qcow2"));
        CopyResult result = disks.copy(keep("other").backingUnchecked(true));
        assertEquals(1024, result.progress().copied());
        assertEquals(1024, result.progress().skipped());
    }

    @Test
    void aCopyOfADeeperImageIsRecognised() throws BlockException {
        disks.put("base", ToyImage.of("DDDDDDDD", 1)).put("copy", ToyImage.of("DDDDDDDD", 1));
        disks.put("mid", ToyImage.of("..DD....", 2).over("base", "qcow2"));
        disks.put("overlay.qcow2", ToyImage.of("DD......", 3).over("mid", "qcow2"));
        CopyResult result = assertCopies(keep("copy"));
        assertEquals(2048, result.progress().copied());
        assertEquals(2048, result.progress().skipped());
    }

    @Test
    void aCopyOfTheMiddleImageOverTheSameBaseIsRecognised() throws BlockException {
        disks.put("base", ToyImage.of("DDDDDDDD", 1));
        disks.put("mid", ToyImage.of("..DD....", 2).over("base", "qcow2"));
        disks.put("midcopy", ToyImage.of("..DD....", 2).over("base", "qcow2"));
        disks.put("overlay.qcow2", ToyImage.of("DD......", 3).over("mid", "qcow2"));
        assertEquals(1024, assertCopies(keep("midcopy")).progress().copied());
    }

    @Test
    void aSourceWithoutABaseIsCopiedWholeOverIt() throws BlockException {
        disks.put("base", ToyImage.of("DDDDDDDD", 1));
        disks.put("overlay.qcow2", ToyImage.of("DD..ZZWWPP..", 2));
        CopyResult result = assertCopies(keep("base"));
        assertEquals(0, result.progress().skipped());
        disks.files.names().remove("thin.qcow2");
        disks.files.put("overlay.qcow2", ToyImage.of("DD..ZZWWPP..", 2).content());
        assertCopies(keep("base").sourceFormat("raw"));
    }

    @Test
    void randomChainsReadTheSameOverEveryBase() throws BlockException {
        for (long seed = 1; seed <= 150; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            int layers = 1 + random.nextInt(4);
            String[] names = new String[layers];
            for (int i = 0; i < layers; i++) {
                names[i] = i == 0 ? "overlay.qcow2" : "layer" + i;
            }
            for (int i = 0; i < layers; i++) {
                StringBuilder clusters = new StringBuilder();
                int count = 1 + random.nextInt(40);
                for (int c = 0; c < count; c++) {
                    clusters.append("....DWCZPU".charAt(random.nextInt(10)));
                }
                ToyImage image = ToyImage.of(clusters.toString(), seed * 10 + i).withLength(count * 512 - random.nextInt(512));
                disks.put(names[i], i + 1 < layers ? image.over(names[i + 1], "qcow2") : image);
            }
            String base = names[random.nextInt(layers)];
            // Half of the time a raw copy of what that image shows, so that content must be compared.
            if (random.nextBoolean()) {
                disks.files.put("flat", disks.read(base));
                base = "flat";
            }
            CopyOptions.Builder options = keep(base).targetOption("cluster_size", "" + (512 << random.nextInt(4)));
            byte[] expected = disks.read("overlay.qcow2");
            CopyResult result = disks.copy(options);
            assertEquals(expected.length, result.progress().done(), "seed " + seed);
            assertArrayEquals(expected, disks.read("thin.qcow2"), "seed " + seed + ", base " + base);
            disks.files.names().remove("thin.qcow2");
        }
    }

    @Test
    void randomChangesOfTheBaseAreRefusedOrHarmless() throws BlockException {
        int refused = 0;
        for (long seed = 1; seed <= 100; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            disks.put("base", ToyImage.of("DDZZ..DDWWDD", seed));
            disks.put("overlay.qcow2", ToyImage.of("D.D.D.D.Z.Z.", seed + 1000).over("base", "qcow2"));
            byte[] other = disks.read("base");
            other[random.nextInt(other.length)] ^= (byte) (1 + random.nextInt(255));
            disks.files.put("other", random.nextInt(4) == 0 ? Arrays.copyOf(other, random.nextInt(other.length)) : other);
            byte[] expected = disks.read("overlay.qcow2");
            try {
                disks.copy(keep("other"));
                assertArrayEquals(expected, disks.read("thin.qcow2"), "seed " + seed);
            } catch (BlockException e) {
                assertEquals(Kind.REFUSED, e.kind(), e.getMessage());
                refused++;
            }
            disks.files.names().remove("thin.qcow2");
        }
        assertTrue(refused > 25 && refused < 90, refused + " of 100 were refused");
    }

    @Test
    void aMissingBaseIsTold() {
        disks.put("overlay.qcow2", ToyImage.of("D", 2));
        assertRefused(Kind.NOT_FOUND, "thin.qcow2: backing file '/x/base': No such file or directory", keep("/x/base"));
        assertRefused(Kind.NOT_FOUND,
                "d/thin.qcow2: backing file 'd/base': No such file or directory; a relative name is relative "
                + "to the folder of the target", keep("base").target("d/thin.qcow2"));
    }

    @Test
    void aRelativeNameIsRelativeToTheFolderOfTheTarget() throws BlockException {
        disks.put("d/base", ToyImage.of("DDDD", 1)).put("overlay.qcow2", ToyImage.of("D...", 2).over("d/base", "qcow2"));
        disks.copy(keep("base").target("d/thin.qcow2"));
        assertArrayEquals(disks.read("overlay.qcow2"), disks.read("d/thin.qcow2"));
    }

    @Test
    void aBaseThatCouldNotBeOpenedThroughTheTargetIsRefused() {
        disks.put("overlay.qcow2", ToyImage.of("D", 2));
        assertRefused(Kind.REFUSED,
                "thin.qcow2: backing file is 'nbd://host/x'; inside an image only files may be named, not 'nbd:'",
                keep("nbd://host/x"));
    }

    @Test
    void aBaseOfAnotherFormatThanClaimedIsRefused() {
        disks.put("base", ToyImage.of("DD", 1)).put("overlay.qcow2", ToyImage.of("D.", 2).over("base", "qcow2"));
        disks.files.put("base.raw", new byte[1024]);
        assertRefused(Kind.INVALID_FORMAT, "base: the backing file is of the format qcow2, not raw as claimed",
                keep("base").backingFormat("raw"));
        assertRefused(Kind.INVALID_FORMAT, "base.raw: the backing file is of the format raw, not qcow2 as claimed",
                keep("base.raw").backingFormat("qcow2"));
    }

    @Test
    void aRawBaseOfTheChainStaysRawWhateverItBeginsWith() throws BlockException {
        disks.put("base", ToyImage.of("DD", 1).over("/etc/shadow", "raw"));
        disks.put("overlay.qcow2", ToyImage.of("D.", 2).over("base", "raw"));
        assertCopies(keep("base"));
        disks.files.names().remove("thin.qcow2");
        assertCopies(keep("base").backingFormat("raw"));
        assertFalse(disks.files.everOpened().contains("/etc/shadow"));
    }

    @Test
    void aTargetThatIsInTheChainOfTheBaseIsRefused() {
        disks.put("root", ToyImage.of("DD", 1)).put("base", ToyImage.of("D.", 2).over("root", "qcow2"));
        disks.put("overlay.qcow2", ToyImage.of("DD", 3));
        BlockException refused = assertThrows(BlockException.class, () -> disks.copy(keep("base").target("root")));
        assertEquals("root: the target is an image that is read: 'root'", refused.getMessage());
        assertEquals(Kind.REFUSED, refused.kind());
    }

    @Test
    void aRawTargetCannotKeepABase() {
        disks.put("base", ToyImage.of("DD", 1)).put("overlay.qcow2", ToyImage.of("D.", 2).over("base", "qcow2"));
        assertRefused(Kind.INVALID_ARGUMENT,
                "thin.qcow2: a raw disk has no backing file (-B); the format (-O) of a target with one "
                + "is qcow2", keep("base").targetFormat("raw"));
    }
}

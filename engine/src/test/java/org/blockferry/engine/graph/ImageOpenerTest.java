package org.blockferry.engine.graph;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Optional;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockException.Kind;
import org.blockferry.engine.block.BlockTarget;
import org.blockferry.engine.block.CreateOptions;
import org.blockferry.engine.block.OpenOptions;
import org.blockferry.engine.toy.ToyFiles;
import org.blockferry.engine.toy.ToyImage;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ImageOpenerTest {
    private final ToyFiles files = new ToyFiles();

    @AfterEach
    void nothingStaysOpen() {
        assertEquals(0, files.openNodes());
    }

    private ImageChain open(String image, OpenPolicy policy) throws BlockException {
        return new ImageOpener(files.registry(), policy).openChain(image, Optional.empty(), OpenOptions.DEFAULT);
    }

    private String layersOf(String image) throws BlockException {
        try (ImageChain chain = open(image, OpenPolicy.DEFAULT)) {
            return String.join(" ", chain.layers().stream().map(layer -> layer.location() + "=" + layer.format()).toList());
        }
    }

    private void assertRefused(Kind kind, String message, String image, OpenPolicy policy) {
        BlockException refused = assertThrows(BlockException.class, () -> open(image, policy).close());
        assertEquals(message, refused.getMessage());
        assertEquals(kind, refused.kind());
    }

    private void assertRefused(Kind kind, String message, String image) {
        assertRefused(kind, message, image, OpenPolicy.DEFAULT);
    }

    private static byte[] over(String backing, String format) {
        return ToyImage.of("D.", 1).over(backing, format).bytes();
    }

    @Test
    void opensTheWholeChainWithTheFormatsThatTheImagesName() throws BlockException {
        files.put("top.qcow2", over("mid", "qcow2")).put("mid", over("base", "raw")).put("base", ToyImage.of("D", 3).bytes());
        assertEquals("top.qcow2=qcow2 mid=qcow2 base=raw", layersOf("top.qcow2"));
    }

    @Test
    void aSourceThatIsCalledRawIsNotLookedInto() throws BlockException {
        files.put("disk", over("/etc/shadow", "raw"));
        ImageOpener opener = new ImageOpener(files.registry(), OpenPolicy.DEFAULT);
        try (ImageChain chain = opener.openChain("disk", Optional.of("raw"), OpenOptions.DEFAULT)) {
            assertEquals(1, chain.layers().size());
            assertEquals("raw", chain.top().format());
        }
    }

    @Test
    void anUnknownFormatIsToldWithTheKnownOnesAndNothingIsOpened() {
        files.put("disk", new byte[10]);
        ImageOpener opener = new ImageOpener(files.registry(), OpenPolicy.DEFAULT);
        BlockException unknown = assertThrows(BlockException.class,
                () -> opener.openChain("disk", Optional.of("vmdk2"), OpenOptions.DEFAULT));
        assertEquals("disk: Unknown file format 'vmdk2'; known are raw, qcow2", unknown.getMessage());
        assertTrue(files.everOpened().isEmpty());
    }

    @ParameterizedTest
    @CsvSource({
        "top.qcow2,          base.raw,            base.raw",
        "d/top.qcow2,        base.raw,            d/base.raw",
        "/x/y/top.qcow2,     base.raw,            /x/y/base.raw",
        "/x/y/top.qcow2,     ../base.raw,         /x/y/../base.raw",
        "/x/y/top.qcow2,     /z/base.raw,         /z/base.raw",
        "/x/y/top.qcow2,     sub/a:b.raw,         /x/y/sub/a:b.raw",
        "/x/y/top.qcow2,     ./a:b.raw,           /x/y/./a:b.raw",
        "/x/y/top.qcow2,     file:/z/base.raw,    /z/base.raw",
        "/x/y/top.qcow2,     file:base.raw,       /x/y/base.raw",
        "file:/x/top.qcow2,  base.raw,            /x/base.raw",
    })
    void aNameIsRelativeToTheFolderOfTheImageThatHoldsIt(String image, String stored, String found) throws BlockException {
        files.put(image.replaceFirst("^file:", ""), over(stored, "raw")).put(found, new byte[1024]);
        try (ImageChain chain = open(image, OpenPolicy.DEFAULT)) {
            assertEquals(found, chain.layers().get(1).location().rest());
        }
    }

    @Test
    void symbolicLinksInTheNameOfAnImageAreNotLookedThrough() throws BlockException {
        files.put("/store/top.qcow2", over("base.raw", "raw")).link("/links/top.qcow2", "/store/top.qcow2");
        files.put("/links/base.raw", new byte[1024]);
        assertEquals("/links/top.qcow2=qcow2 /links/base.raw=raw", layersOf("/links/top.qcow2"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"json:{\"driver\":\"file\"}", "nbd:localhost:10809", "nbd+unix:///x?socket=/s", "null:1T",
        "xyz:abc", "stream:x", "c:base.raw", ":x"})
    void everyOtherProtocolInsideAnImageIsRefused(String stored) {
        files.put("/x/top.qcow2", over(stored, "raw"));
        String prefix = stored.substring(0, stored.indexOf(':') + 1);
        assertRefused(Kind.REFUSED,
                "/x/top.qcow2: backing file is '" + stored + "'; inside an image only files may be named, not '"
                + prefix + "'", "/x/top.qcow2");
        files.put("/x/top.qcow2", ToyImage.of("D", 1).withDataFile(stored).bytes());
        assertRefused(Kind.REFUSED, "/x/top.qcow2: external data file is '" + stored
                + "'; inside an image only files may be named, not '" + prefix + "'", "/x/top.qcow2");
    }

    @Test
    void fileInsideFileIsNoWayAround() {
        files.put("/x/top.qcow2", over("file:nbd:host", "raw"));
        assertRefused(Kind.REFUSED,
                "/x/top.qcow2: backing file is 'file:nbd:host'; inside an image only files may be named, not "
                + "'nbd:'", "/x/top.qcow2");
        files.put("/x/top.qcow2", over("file:", "raw"));
        assertRefused(Kind.REFUSED, "/x/top.qcow2: backing file is 'file:'; not the name of a file", "/x/top.qcow2");
    }

    @Test
    void whatATerminalWouldObeyIsPrintedHarmlessly() {
        files.put("top.qcow2", over("x:\u001b[2J", "raw"));
        assertRefused(Kind.REFUSED,
                "top.qcow2: backing file is 'x:\\x1b[2J'; inside an image only files may be named, not 'x:'", "top.qcow2");
    }

    @Test
    void aMissingBackingFileIsToldWithTheImageThatNamesIt() {
        files.put("top.qcow2", over("mid.qcow2", "qcow2")).put("mid.qcow2", over("/x/base.qcow2", "qcow2"));
        assertRefused(Kind.NOT_FOUND, "mid.qcow2: backing file '/x/base.qcow2': No such file or directory", "top.qcow2");
    }

    @Test
    void aBackingFileOfAnotherFormatIsToldWithTheImageThatNamesIt() {
        files.put("top.qcow2", over("base", "qcow2")).put("base", new byte[8192]);
        assertRefused(Kind.INVALID_FORMAT, "top.qcow2: backing file 'base': Image is not in qcow2 format", "top.qcow2");
        files.put("top.qcow2", over("base", "vdi"));
        assertRefused(Kind.INVALID_ARGUMENT,
                "top.qcow2: backing file 'base': Unknown file format 'vdi'; known are raw, qcow2", "top.qcow2");
    }

    @Test
    void aFolderOrNothingAtAllIsTold() {
        files.folder("/x/d").put("top.qcow2", over("/x/d", "raw"));
        assertRefused(Kind.NOT_FOUND, "nowhere: No such file or directory", "nowhere");
        assertRefused(Kind.INVALID_ARGUMENT, "/x/d: Is a directory", "/x/d");
        assertRefused(Kind.INVALID_ARGUMENT, "top.qcow2: backing file '/x/d': Is a directory", "top.qcow2");
    }

    @Test
    void aCycleIsFoundByName() {
        files.put("a.qcow2", over("b.qcow2", "qcow2")).put("b.qcow2", over("a.qcow2", "qcow2")).withoutIdentities();
        assertRefused(Kind.CORRUPT_IMAGE, "b.qcow2: backing file 'a.qcow2' is in the chain already, as 'a.qcow2'", "a.qcow2");
    }

    @Test
    void aCycleIsFoundByIdentity() {
        files.put("a.qcow2", over("b.qcow2", "qcow2")).put("b.qcow2", over("c.qcow2", "qcow2")).link("c.qcow2", "a.qcow2");
        assertRefused(Kind.CORRUPT_IMAGE, "b.qcow2: backing file 'c.qcow2' is in the chain already, as 'a.qcow2'", "a.qcow2");
        files.put("self.qcow2", over("self.qcow2", "qcow2"));
        assertRefused(Kind.CORRUPT_IMAGE, "self.qcow2: backing file 'self.qcow2' is in the chain already, as 'self.qcow2'",
                "self.qcow2");
    }

    @Test
    void aChainDeeperThanThePolicyAllowsIsRefused() throws BlockException {
        for (int i = 0; i < 80; i++) {
            files.put("i" + i, over("i" + (i + 1), i == 79 ? "raw" : "qcow2"));
        }
        files.put("i80", new byte[1]);
        assertRefused(Kind.REFUSED,
                "i63: backing file is 'i64'; the chain already has 64 images, and no more are followed", "i0");
        try (ImageChain chain = open("i0", OpenPolicy.DEFAULT.withMaxDepth(81))) {
            assertEquals(81, chain.layers().size());
        }
        try (ImageChain chain = open("i17", OpenPolicy.DEFAULT)) {
            assertEquals(64, chain.layers().size());
        }
    }

    @Test
    void anUntrustedImageOpensNothingElse() throws BlockException {
        files.put("top.qcow2", over("base", "raw")).put("base", new byte[10]).put("alone.qcow2", ToyImage.of("D", 1).bytes());
        assertRefused(Kind.REFUSED, "top.qcow2: backing file is 'base'; an untrusted image's backing file is not opened",
                "top.qcow2", OpenPolicy.UNTRUSTED);
        files.put("data.qcow2", ToyImage.of("D", 1).withDataFile("base").bytes());
        assertRefused(Kind.REFUSED, "data.qcow2: external data file is 'base'; an untrusted image's data file is not opened",
                "data.qcow2", OpenPolicy.UNTRUSTED);
        assertFalse(files.everOpened().contains("base"));
        open("alone.qcow2", OpenPolicy.UNTRUSTED).close();
    }

    @Test
    void anExternalDataFileIsBytesWhateverItBeginsWith() throws BlockException {
        files.put("/x/top.qcow2", ToyImage.of("D", 1).withDataFile("data").bytes());
        files.put("/x/data", over("/etc/shadow", "raw"));
        assertEquals("/x/top.qcow2=qcow2", layersOf("/x/top.qcow2"));
        files.link("/x/data", "/x/top.qcow2");
        assertRefused(Kind.CORRUPT_IMAGE, "/x/top.qcow2: external data file 'data' is the image itself", "/x/top.qcow2");
    }

    @Test
    void aBackingFileWithoutANamedFormatIsProbed() throws BlockException {
        files.put("top.qcow2", over("base", "")).put("base", ToyImage.of("D", 2).bytes());
        assertEquals("top.qcow2=qcow2 base=qcow2", layersOf("top.qcow2"));
        files.put("base", new byte[100]);
        assertEquals("top.qcow2=qcow2 base=raw", layersOf("top.qcow2"));
    }

    @Test
    void aProbedBackingFileIsNotFollowedFurther() throws BlockException {
        files.put("top.qcow2", over("base", "")).put("base", over("/etc/shadow", "raw")).put("/etc/shadow", new byte[99]);
        assertRefused(Kind.REFUSED,
                "base: backing file is '/etc/shadow', but that this file is an image was only probed: top.qcow2 "
                + "does not name the format of its backing file, and a raw disk could look like this", "top.qcow2");
        assertFalse(files.everOpened().contains("/etc/shadow"));
        try (ImageChain chain = open("top.qcow2", OpenPolicy.DEFAULT.withFollowProbed(true))) {
            assertEquals(3, chain.layers().size());
        }
    }

    @Test
    void aProbedBackingFileMayNotNameADataFileEither() {
        files.put("top.qcow2", over("base", "")).put("base", ToyImage.of("D", 2).withDataFile("/etc/shadow").bytes());
        files.put("/etc/shadow", new byte[9999]);
        assertRefused(Kind.REFUSED,
                "top.qcow2: backing file 'base': external data file is '/etc/shadow', but that this file is "
                + "an image was only probed, and a raw disk could look like this", "top.qcow2");
        assertFalse(files.everOpened().contains("/etc/shadow"));
    }

    @Test
    void lookingAtAFileTellsItsFormatAndCloses() throws BlockException {
        files.put("a", over("base", "raw")).put("b", new byte[3]);
        ImageOpener opener = new ImageOpener(files.registry(), OpenPolicy.DEFAULT);
        assertEquals("qcow2", opener.find(files.registry().locate("a"), OpenOptions.DEFAULT).orElseThrow().format());
        assertEquals(3, opener.find(files.registry().locate("b"), OpenOptions.DEFAULT).orElseThrow().file().length());
        assertTrue(opener.find(files.registry().locate("c"), OpenOptions.DEFAULT).isEmpty());
    }

    @Test
    void aTargetThatCannotBeMadeLeavesNothingOpen() {
        ImageOpener opener = new ImageOpener(files.registry(), OpenPolicy.DEFAULT);
        CreateOptions wrong = CreateOptions.ofLength(1024).withFormatOptions(java.util.Map.of("colour", "red"));
        BlockException refused = assertThrows(BlockException.class, () -> opener.createTarget("t", "qcow2", wrong));
        assertEquals("t: qcow2 has no option 'colour'", refused.getMessage());
        files.put("t", over("base", "raw"));
        assertEquals("t: qcow2 images are not written in place", assertThrows(BlockException.class,
                () -> opener.openTarget("t", Optional.empty(), OpenOptions.DEFAULT)).getMessage());
        assertEquals(List.of("t"), List.copyOf(files.names()));
    }

    @Test
    void aNewTargetAppearsWhenItIsComplete() throws BlockException {
        ImageOpener opener = new ImageOpener(files.registry(), OpenPolicy.DEFAULT);
        opener.createTarget("a.qcow2", "qcow2", CreateOptions.ofLength(1024)).close();
        assertTrue(files.names().isEmpty());
        try (BlockTarget target = opener.createTarget("a.qcow2", "qcow2", CreateOptions.ofLength(1024))) {
            target.complete();
        }
        assertEquals("a.qcow2=qcow2", layersOf("a.qcow2"));
    }
}

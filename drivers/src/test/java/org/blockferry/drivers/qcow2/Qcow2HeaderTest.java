package org.blockferry.drivers.qcow2;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockException.Kind;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The header and its extensions, parsed and encoded. Bounds are the business of {@link HostileImageTest}. */
class Qcow2HeaderTest {
    @TempDir
    Path dir;

    @ParameterizedTest
    @ValueSource(strings = {"compat=0.10", "", "extended_l2=on", "compression_type=zstd,lazy_refcounts=on,refcount_bits=1",
            "data_file=data.raw,data_file_raw=on", "cluster_size=2M,backing_file=b.qcow2,backing_fmt=qcow2"})
    void encodesWhatQemuWroteToTheSameBytes(String options) throws Exception {
        QemuImage.create(dir, "b.qcow2", 1 << 20, "");
        byte[] bytes = QemuImage.create(dir, "h.qcow2", 3 << 20, options).fileBytes();
        Qcow2Header header = Qcow2Header.parse("h.qcow2", ByteBuffer.wrap(bytes));
        header.check("h.qcow2", bytes.length);
        int areaEnd = header.hasBacking() ? (int) header.backingOffset() : header.layout().clusterSize();
        HeaderExtensions extensions = HeaderExtensions.parse("h.qcow2",
                ByteBuffer.wrap(bytes, header.headerLength(), areaEnd - header.headerLength()));
        ByteBuffer encoded = ByteBuffer.allocate(header.headerLength() + extensions.encodedLength());
        header.encode(encoded);
        extensions.encode(encoded);
        assertFalse(encoded.hasRemaining());
        assertArrayEquals(Arrays.copyOf(bytes, encoded.capacity()), encoded.array());
        if (header.version() == 3) {
            assertEquals(Feature.nameTable(), extensions.featureNames(), "our table is QEMU's");
        }
    }

    @Test
    void aNewHeaderSurvivesEncodingWithEveryField() throws Exception {
        Qcow2Header header = Qcow2Header.ofNew(3, 16, 3, 10L << 30).withL1(20, 3 << 16).withRefcountTable(1 << 16, 1)
                .withBacking(600, 7).withSnapshots(2, 5 << 16).with(Feature.DIRTY).with(Feature.LAZY_REFCOUNTS)
                .with(Feature.DATA_FILE_RAW).withCompression(CompressionType.ZSTD);
        ByteBuffer bytes = ByteBuffer.allocate(Qcow2Header.V3_LENGTH);
        header.encode(bytes);
        assertEquals(header, Qcow2Header.parse("x", bytes.flip()));
        assertEquals(List.of(Feature.DIRTY, Feature.COMPRESSION_TYPE, Feature.LAZY_REFCOUNTS, Feature.DATA_FILE_RAW),
                header.features());
        assertEquals(header.without(Feature.DIRTY).with(Feature.DIRTY), header);
        assertFalse(header.withCompression(CompressionType.ZLIB).has(Feature.COMPRESSION_TYPE));
    }

    @Test
    void versionTwoAssumesSixteenBitRefcountsAndNoFeatures() throws Exception {
        ByteBuffer bytes = ByteBuffer.allocate(200);
        Qcow2Header.ofNew(2, 12, 4, 1 << 20).withL1(1, 4096).encode(bytes);
        assertEquals(Qcow2Header.V2_LENGTH, bytes.position());
        bytes.putLong(-1).putLong(-1).putLong(-1).putLong(-1);
        Qcow2Header header = Qcow2Header.parse("x", bytes.flip());
        assertEquals(4, header.refcountOrder());
        assertEquals(List.of(), header.features());
        assertEquals(72, header.headerLength());
    }

    @Test
    void keepsUnknownExtensionsAndTakesTheBitmapDirectory() throws Exception {
        HeaderExtensions extensions = new HeaderExtensions(Optional.of("raw"), Optional.of("däta.raw"),
                List.of(new HeaderExtensions.FeatureName(1, 63, "x".repeat(46))),
                Optional.of(new HeaderExtensions.Bitmaps(3, 96, 1 << 20)),
                Optional.of(new HeaderExtensions.CryptoHeader(1 << 17, 4096)),
                List.of(new HeaderExtensions.Unknown(0x77777777, ByteBuffer.wrap(new byte[] {1, 2, 3}))));
        ByteBuffer bytes = ByteBuffer.allocate(extensions.encodedLength() + 40);
        extensions.encode(bytes);
        assertEquals(0, bytes.position() % 8);
        assertEquals(extensions, HeaderExtensions.parse("x", bytes.flip()));
        assertEquals(Optional.of("x".repeat(46)), extensions.nameOf(Feature.Field.COMPATIBLE, 63));
        assertEquals(Optional.empty(), extensions.nameOf(Feature.Field.INCOMPATIBLE, 63));
    }

    @Test
    void refusesWhatIsTooShortToBeAHeader() {
        byte[] head = {'Q', 'F', 'I', (byte) 0xfb, 0, 0, 0, 3};
        BlockException refused = assertThrows(BlockException.class, () -> Qcow2Header.parse("x", ByteBuffer.wrap(head)));
        assertEquals(Kind.INVALID_FORMAT, refused.kind());
        assertEquals("x: length of the file is 8; its header needs 72", refused.getMessage());
    }

    @Test
    void theDriverRecognisesVersionsFromTwoOnAndTouchesNothing() {
        Qcow2Driver driver = new Qcow2Driver();
        ByteBuffer head = ByteBuffer.wrap(new byte[] {9, 'Q', 'F', 'I', (byte) 0xfb, 0, 0, 0, 2}).position(1);
        assertTrue(driver.recognises(head));
        assertEquals(1, head.position());
        assertFalse(driver.recognises(ByteBuffer.wrap(new byte[] {'Q', 'F', 'I', (byte) 0xfb, 0, 0, 0, 1})));
        assertFalse(driver.recognises(ByteBuffer.wrap(new byte[] {'Q', 'F', 'I', (byte) 0xfb, 0, 0, 0})));
        assertFalse(driver.recognises(ByteBuffer.wrap(new byte[0])));
    }
}

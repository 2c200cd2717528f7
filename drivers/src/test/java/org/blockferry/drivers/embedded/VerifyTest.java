package org.blockferry.drivers.embedded;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.blockferry.drivers.filter.Operation;
import org.blockferry.drivers.filter.Request;
import org.blockferry.drivers.filter.RequestHook;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.ByteRange;
import org.blockferry.engine.block.DriverRegistry;
import org.blockferry.engine.digest.DigestAlgorithm;
import org.blockferry.engine.inspect.ImageChecksum;
import org.blockferry.engine.inspect.ImageRequest;
import org.blockferry.engine.job.CopyJob;
import org.blockferry.engine.job.CopyOptions;
import org.blockferry.engine.job.CopyResult;
import org.blockferry.engine.job.Verification;
import org.blockferry.engine.testing.PeerProcess;
import org.blockferry.engine.testing.Peers;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A verified copy has the source's digest on both sides, and a bit that changes underneath is found. */
@Timeout(120)
class VerifyTest {
    private static final int MIB = 1 << 20;

    @TempDir
    Path folder;

    private String name(String file) {
        return folder.resolve(file).toString();
    }

    /** Data and holes of many lengths, none of them on blocks of the digest for long. */
    private void makeSource(int length) throws IOException {
        Random random = new Random(97);
        try (RandomAccessFile file = new RandomAccessFile(folder.resolve("disk.raw").toFile(), "rw")) {
            file.setLength(length);
            for (int at = 0; at < length; at += 4096 * (1 + random.nextInt(at < MIB ? 4 : 60))) {
                byte[] data = new byte[Math.min(length - at, 4096 * (1 + random.nextInt(at < MIB ? 1 : 40)))];
                random.nextBytes(data);
                file.seek(at);
                file.write(data);
                at += data.length;
            }
        }
    }

    private static CopyResult copy(DriverRegistry drivers, CopyOptions options) throws BlockException {
        try (CopyJob job = CopyJob.open(drivers, options)) {
            return job.run();
        }
    }

    private CopyOptions.Builder options(String target, String format) {
        return CopyOptions.copy(name("disk.raw"), name(target)).sourceFormat("raw").targetFormat(format).verify(true);
    }

    private String checksum(String image, String format) throws BlockException {
        try (ImageChecksum checksum = ImageChecksum.open(DriverRegistry.load(),
                ImageRequest.of(name(image)).withFormat(java.util.Optional.of(format)), DigestAlgorithm.SHA256)) {
            return checksum.run().hex();
        }
    }

    @ParameterizedTest
    @CsvSource({"raw, false", "qcow2, false", "qcow2, true"})
    void bothDigestsAreThatOfTheSource(String format, boolean compress) throws IOException {
        makeSource(24 * MIB + 1000);
        CopyResult result = copy(DriverRegistry.load(), options("copy", format).compress(compress).build());
        assertFalse(result.cancelled());
        assertEquals("complete", result.targetState());
        Verification verified = result.verification().orElseThrow();
        assertEquals(checksum("disk.raw", "raw"), verified.source().hex());
        assertEquals(verified.source().hex(), verified.target().hex());
        assertTrue(verified.source().read() < 24 * MIB, "holes are not read: " + verified.source().read());
        if (compress) {
            // Carried over compressed, with the digest of what is inside.
            CopyOptions carried = CopyOptions.copy(name("copy"), name("again.qcow2")).sourceFormat("qcow2").targetFormat("qcow2")
                    .compress(true).verify(true).build();
            assertTrue(copy(DriverRegistry.load(), carried).verification().isPresent());
        }
    }

    @ParameterizedTest
    @CsvSource({"raw, 0", "raw, 5000000", "raw, 25166823"})
    void aBitThatChangesUnderneathIsFound(String format, long at) throws IOException {
        makeSource(24 * MIB + 1000);
        RequestHook flip = new RequestHook() {
            @Override
            public void after(Request request) {
                if (request.operation() == Operation.COMPLETE) {
                    flipBit(at);
                }
            }
        };
        CopyOptions options = options("copy", format).build();
        try (CopyJob job = CopyJob.open(HookedFiles.registry(new RequestHook() { }, flip), options)) {
            BlockException failure = assertThrows(BlockException.class, job::run);
            assertEquals(at / 65536 * 65536, failure.range().map(ByteRange::offset).orElse(-1L), failure.getMessage());
            assertTrue(failure.getMessage().contains("the first block that does not read as in the source"), failure.getMessage());
            assertTrue(job.targetState().startsWith("incomplete"), job.targetState());
        }
    }

    private void flipBit(long at) {
        try (RandomAccessFile file = new RandomAccessFile(folder.resolve("copy").toFile(), "rw")) {
            file.seek(at);
            int was = file.read();
            file.seek(at);
            file.write(was ^ 1);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void aKeptBaseIsPartOfTheDigest() throws IOException {
        Peers.require("qemu-img", "qemu-io");
        makeSource(4 * MIB);
        Peers.run(folder, "qemu-img", "create", "-f", "qcow2", "-b", "disk.raw", "-F", "raw", "overlay.qcow2");
        Peers.run(folder, "qemu-io", "-f", "qcow2", "-c", "write -P 7 1M 70k", "-c", "write -z 2M 128k", "overlay.qcow2");
        CopyResult result = copy(DriverRegistry.load(), CopyOptions.copy(name("overlay.qcow2"), name("thin.qcow2"))
                .backing("disk.raw").backingFormat("raw").verify(true).build());
        assertEquals(checksum("overlay.qcow2", "qcow2"), result.verification().orElseThrow().target().hex());
    }

    /** The server ends with its first client: it is read back before that leaves. */
    @Test
    void aServerIsReadBackBeforeItGoes() throws Exception {
        Peers.require("qemu-nbd", "qemu-img");
        makeSource(6 * MIB);
        Peers.run(folder, "qemu-img", "create", "-f", "qcow2", "served.qcow2", "6M");
        try (PeerProcess server = Peers.start(folder, "qemu-nbd", "-f", "qcow2", "-k", name("sock"), "--pid-file", name("pid"),
                "served.qcow2").await(folder.resolve("pid"))) {
            CopyResult result = copy(DriverRegistry.load(), CopyOptions.copy(name("disk.raw"), "nbd+unix:///?socket=" + name("sock"))
                    .sourceFormat("raw").targetFormat("raw").verify(true).build());
            assertTrue(result.verification().isPresent());
            assertTrue(server.process().waitFor(60, java.util.concurrent.TimeUnit.SECONDS));
        }
        assertEquals(List.of(checksum("disk.raw", "raw")), List.of(checksum("served.qcow2", "qcow2")));
    }
}

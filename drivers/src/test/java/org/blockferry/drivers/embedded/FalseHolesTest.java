package org.blockferry.drivers.embedded;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.Random;
import org.blockferry.drivers.filter.FalseHoles;
import org.blockferry.drivers.filter.Operation;
import org.blockferry.drivers.filter.RequestLog;
import org.blockferry.engine.block.BlockSource;
import org.blockferry.engine.block.ByteRange;
import org.blockferry.engine.block.DriverRegistry;
import org.blockferry.engine.job.CopyJob;
import org.blockferry.engine.job.CopyOptions;
import org.blockferry.engine.job.CopyResult;
import org.blockferry.engine.job.HoleChecking;
import org.blockferry.engine.testing.Peers;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** A source that calls data a hole: believed it loses the data, and looked at it does not. */
@Timeout(120)
class FalseHolesTest {
    private static final int MIB = 1 << 20;
    private static final int LENGTH = 8 * MIB;
    /** A true hole is before it, and one behind it. */
    private static final ByteRange LIE = new ByteRange(4 * MIB, 2 * MIB);

    @TempDir
    Path folder;
    private byte[] content;

    @BeforeEach
    void image() throws IOException {
        content = new byte[LENGTH];
        byte[] data = new byte[MIB];
        new Random(31).nextBytes(data);
        data[0] = 1;
        try (RandomAccessFile file = new RandomAccessFile(folder.resolve("disk.raw").toFile(), "rw")) {
            file.setLength(LENGTH);
            for (int at : new int[] {0, 3 * MIB, 4 * MIB, 5 * MIB}) {
                file.seek(at);
                file.write(data);
                System.arraycopy(data, 0, content, at, MIB);
            }
        }
    }

    private CopyResult copy(HoleChecking checking, String target, RequestLog log, ByteRange lie) throws Exception {
        DriverRegistry drivers = HookedFiles.registry(log,
                source -> source.info().name().endsWith("disk.raw") ? lying(source, lie) : source);
        CopyOptions options = CopyOptions.copy(folder.resolve("disk.raw").toString(), folder.resolve(target).toString())
                .sourceFormat("raw").targetFormat(target.endsWith("qcow2") ? "qcow2" : "raw").holeChecking(checking).build();
        try (CopyJob job = CopyJob.open(drivers, options)) {
            return job.run();
        }
    }

    private static BlockSource lying(BlockSource source, ByteRange lie) {
        return lie.isEmpty() ? source : new FalseHoles(source, lie);
    }

    private byte[] read(String target) throws Exception {
        if (target.endsWith("qcow2")) {
            Peers.require("qemu-img");
            Peers.run(folder, "qemu-img", "convert", "-f", "qcow2", "-O", "raw", target, "read.raw");
            return Files.readAllBytes(folder.resolve("read.raw"));
        }
        return Files.readAllBytes(folder.resolve(target));
    }

    @ParameterizedTest
    @CsvSource({"SAMPLE,t.raw", "SAMPLE,t.qcow2", "ALL,t.raw", "ALL,t.qcow2"})
    void aLieIsFoundAndNothingIsLost(HoleChecking checking, String target) throws Exception {
        CopyResult result = copy(checking, target, new RequestLog(), LIE);
        assertEquals(LIE.offset(), result.falseHole().orElseThrow().offset());
        assertEquals("complete", result.targetState());
        assertEquals(LENGTH, result.progress().done());
        assertArrayEquals(content, read(target));
    }

    @Test
    void believedItLosesWhatItHides() throws Exception {
        CopyResult result = copy(HoleChecking.NONE, "t.qcow2", new RequestLog(), LIE);
        assertEquals(Optional.empty(), result.falseHole());
        byte[] less = content.clone();
        Arrays.fill(less, (int) LIE.offset(), (int) LIE.end(), (byte) 0);
        assertArrayEquals(less, read("t.qcow2"));
    }

    @ParameterizedTest
    @EnumSource(names = {"SAMPLE", "ALL"})
    void anHonestSourceIsBelieved(HoleChecking checking) throws Exception {
        RequestLog log = new RequestLog(Operation.READ);
        CopyResult result = copy(checking, "t.qcow2", log, new ByteRange(0, 0));
        assertEquals(Optional.empty(), result.falseHole());
        assertEquals(4L * MIB, result.progress().zeroed());
        assertArrayEquals(content, read("t.qcow2"));
        long holesRead = log.requests().stream().map(request -> request.range())
                .filter(range -> range.offset() >= MIB && range.end() <= 3 * MIB || range.offset() >= 6 * MIB)
                .mapToLong(ByteRange::length).sum();
        if (checking == HoleChecking.ALL) {
            assertEquals(4L * MIB, holesRead);
        } else {
            assertTrue(holesRead > 0 && holesRead <= 4 * 4096, holesRead + " bytes of holes were read");
        }
    }

    @Test
    void oneBytePastTheSamplesIsFoundWhenAllIsRead() throws Exception {
        try (RandomAccessFile file = new RandomAccessFile(folder.resolve("disk.raw").toFile(), "rw")) {
            file.seek(7 * MIB + 5);
            file.write(1);
        }
        content[7 * MIB + 5] = 1;
        ByteRange lie = new ByteRange(6 * MIB, 2 * MIB);
        CopyResult sampled = copy(HoleChecking.SAMPLE, "t.raw", new RequestLog(), lie);
        assertFalse(sampled.falseHole().isPresent(), "a sample is a sample");
        Files.delete(folder.resolve("t.raw"));
        CopyResult all = copy(HoleChecking.ALL, "t.raw", new RequestLog(), lie);
        assertEquals(7L * MIB + 5, all.falseHole().orElseThrow().offset());
        assertArrayEquals(content, read("t.raw"));
    }
}

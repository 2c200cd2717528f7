package org.blockferry.cli.interop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.blockferry.cli.CliRun;
import org.blockferry.engine.block.DriverRegistry;
import org.blockferry.engine.inspect.CompareResult;
import org.blockferry.engine.inspect.CompareResult.Outcome;
import org.blockferry.engine.inspect.ImageCompare;
import org.blockferry.engine.inspect.ImageRequest;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code compare} beside {@code qemu-img compare}, and the answer that several threads give beside that of one. */
class CompareLineTest {
    private static final long SEED = 20_261_122;
    private static final int LENGTH = 24 << 20;

    @TempDir
    static Path folder;

    @BeforeAll
    static void images() throws IOException {
        InspectImages.make(folder);
        InspectImages.img(folder, "convert -O raw top.qcow2 top.raw");
        InspectImages.img(folder, "convert -O qcow2 -c top.qcow2 packed.qcow2");
        InspectImages.img(folder, "convert -O qcow2 odd.raw odd.qcow2");
        InspectImages.img(folder, "create -f raw long.raw 5M");
        try (RandomAccessFile raw = new RandomAccessFile(folder.resolve("long.raw").toFile(), "rw")) {
            raw.write(Files.readAllBytes(folder.resolve("top.raw")));
        }
        Files.copy(folder.resolve("long.raw"), folder.resolve("longer.raw"));
        try (RandomAccessFile raw = new RandomAccessFile(folder.resolve("longer.raw").toFile(), "rw")) {
            raw.seek(4_700_001);
            raw.write(1);
        }
    }

    @ParameterizedTest(name = "compare {0}")
    @ValueSource(strings = {"@base.qcow2 @base.qcow2", "@overlay.qcow2 @base.qcow2", "@base.qcow2 @overlay.qcow2", "@top.qcow2 @top.raw",
            "@top.raw @packed.qcow2", "@odd.raw @odd.qcow2", "@odd.qcow2 @odd.raw", "@odd.raw @onodd.qcow2", "@top.qcow2 @long.raw",
            "@long.raw @top.qcow2", "@top.qcow2 @longer.raw", "@longer.raw @top.qcow2", "-q @top.qcow2 @long.raw",
            "-q @top.qcow2 @longer.raw", "-f raw -F raw @base.qcow2 @overlay.qcow2", "-f qcow2 -F raw @packed.qcow2 @top.raw",
            "-U @top.qcow2 @top.raw", "-T none @top.qcow2 @top.raw", "@nothing.raw @nothing.raw", "@nothing.raw @holes.raw",
            "@nothing.raw @odd.raw", "-s @base.qcow2 @base.qcow2", "-s @top.qcow2 @long.raw", "-s @top.raw @top.raw",
            "-s @packed.qcow2 @top.raw", "@advance.qcow2 @holes.raw", "@sub.qcow2 @zstd.qcow2", "@v2.qcow2 @holes.raw"})
    void saysTheSame(String line) {
        QemuImgLine.run(folder, "compare " + line).sameText();
    }

    @ParameterizedTest(name = "compare {0}")
    @ValueSource(strings = {
            "@nosuch @odd.raw | Could not open '@nosuch': Could not open '@nosuch': No such file or directory",
            "@odd.raw @nosuch | Could not open '@nosuch': Could not open '@nosuch': No such file or directory",
            "-F qcow2 @odd.raw @odd.raw | Could not open '@odd.raw': Image is not in qcow2 format",
            "-f nope @odd.raw @odd.raw | Could not open '@odd.raw': Unknown driver 'nope'",
            "-T nope @odd.raw @odd.raw | Invalid source cache option: nope",
            "@odd.raw | Expecting two image file names",
            "@odd.raw @odd.raw @odd.raw | Expecting two image file names",
            "--nope @odd.raw @odd.raw | '--nope'"})
    void failsTheSame(String row) {
        String[] parts = row.split(" \\| ");
        QemuImgLine.run(folder, "compare " + parts[0]).sameError(parts[1]);
    }

    /** The first guest cluster's L2 entry or L1 entry, or what the entry points at. */
    private static Path damaged(String name, boolean inTable) throws IOException {
        Path image = folder.resolve(name);
        InspectImages.img(folder, "create -f qcow2 " + name + " 8M");
        InspectImages.io(folder, name, "write -c -P 7 512k 64k");
        try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
            file.seek(40);
            long l1 = file.readLong();
            file.seek(l1);
            long l2 = file.readLong() & 0x00fffffffffffe00L;
            file.seek(l2 + 8 * 8);
            long data = file.readLong() & (1L << 54) - 1;
            file.seek(inTable ? l1 : data);
            file.write(inTable ? new byte[] {(byte) 0x80, 0, 0, 0, 0, 4, 2, 0} : "no deflate stream".getBytes(StandardCharsets.US_ASCII));
        }
        return image;
    }

    @Test
    void failsTheSameWhereDataCannotBeRead() throws IOException {
        damaged("unreadable.qcow2", false);
        QemuImgLine.run(folder, "compare @unreadable.qcow2 @holes.raw").sameError("Error while reading offset 524288 of @unreadable.qcow2: ");
        QemuImgLine.run(folder, "compare @top.qcow2 @unreadable.qcow2").sameText();
    }

    @Test
    void failsTheSameWhereStatusCannotBeTold() throws IOException {
        damaged("statusless.qcow2", true);
        QemuImgLine.run(folder, "compare @statusless.qcow2 @holes.raw").sameError("Sector allocation test failed for @statusless.qcow2");
    }

    @Test
    void showsProgressInPercent() {
        CliRun run = CliRun.of("compare", "-p", folder.resolve("top.qcow2").toString(), folder.resolve("top.raw").toString()).expect(0);
        assertTrue(run.out().contains("    (100.00/100%)\r"), run.out());
        assertTrue(run.out().endsWith("Images are identical.\n"), run.out());
    }

    @Test
    void findsTheFirstByteThatDiffersWhicheverThreadMeetsIt() throws IOException {
        Random random = new Random(SEED);
        byte[] bytes = new byte[LENGTH];
        random.nextBytes(bytes);
        Path one = folder.resolve("one.raw");
        Path two = folder.resolve("two.raw");
        Files.write(one, bytes);
        DriverRegistry drivers = DriverRegistry.load();
        for (int round = 0; round < 20; round++) {
            byte[] changed = bytes.clone();
            for (int i = 0; i < round; i++) {
                int at = random.nextInt(LENGTH);
                changed[at] ^= 1 + random.nextInt(255);
            }
            // Two changes may have undone each other.
            int expected = java.util.Arrays.mismatch(bytes, changed);
            Files.write(two, changed);
            try (ImageCompare comparison = ImageCompare.of(ImageCompare.open(drivers, ImageRequest.of(one.toString()), false),
                    ImageCompare.open(drivers, ImageRequest.of(two.toString()), false), false)) {
                CompareResult result = comparison.run();
                assertEquals(expected < 0 ? Outcome.SAME : Outcome.CONTENT_DIFFERS, result.outcome(), "seed " + SEED + " round " + round);
                assertEquals(Math.max(expected, 0), result.offset(), "seed " + SEED + " round " + round);
            }
        }
    }

    @Test
    void doesNotReadWhatBothKnowToBeZeroes() throws IOException {
        InspectImages.img(folder, "create -f qcow2 huge1.qcow2 4T");
        InspectImages.img(folder, "create -f raw huge2.raw 4T");
        for (List<String> pair : List.of(List.of("huge1.qcow2", "huge2.raw"), List.of("huge2.raw", "huge1.qcow2"))) {
            assertEquals("Images are identical.\n", CliRun.of("compare", folder.resolve(pair.get(0)).toString(),
                    folder.resolve(pair.get(1)).toString()).expect(0).out());
        }
    }
}

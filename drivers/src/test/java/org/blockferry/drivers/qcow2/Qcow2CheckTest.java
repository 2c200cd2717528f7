package org.blockferry.drivers.qcow2;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.blockferry.drivers.file.FileDriver;
import org.blockferry.engine.block.BlockSource;
import org.blockferry.engine.block.BlockStorage;
import org.blockferry.engine.block.CheckReport;
import org.blockferry.engine.block.ImageLocation;
import org.blockferry.engine.block.OpenOptions;
import org.blockferry.engine.block.RepairMode;
import org.blockferry.engine.testing.Peers;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** That a check in several windows finds and repairs what one in a single window does; the rest is compared with qemu-img elsewhere. */
class Qcow2CheckTest {
    private static final long LARGE = 16L << 20;
    private static final long SMALL = 1;
    @TempDir
    Path dir;

    private static CheckReport check(Path image, long budget, List<String> findings) throws IOException {
        try (BlockSource file = new FileDriver().openSource(ImageLocation.file(image.toString()), OpenOptions.DEFAULT)) {
            return Qcow2Check.check(file, findings::add, budget);
        }
    }

    private static CheckReport repair(Path image, long budget) throws IOException {
        try (BlockStorage file = (BlockStorage) new FileDriver().openTarget(ImageLocation.file(image.toString()), OpenOptions.DEFAULT)) {
            CheckReport report = Qcow2Check.repair(file, RepairMode.ALL, finding -> { }, budget);
            file.complete();
            return report;
        }
    }

    /** More than 100,000 clusters, each referred to three times, with some refcounts wrong all over the file. */
    private Path damaged(long seed) throws IOException {
        QemuImage image = QemuImage.create(dir, "image.qcow2", 48 << 20, "cluster_size=512,preallocation=metadata");
        Peers.run(dir, "qemu-img", "snapshot", "-c", "one", image.path().toString());
        Peers.run(dir, "qemu-img", "snapshot", "-c", "two", image.path().toString());
        byte[] bytes = image.fileBytes();
        ByteBuffer file = ByteBuffer.wrap(bytes);
        long table = file.getLong(48);
        Random random = new Random(seed);
        for (int i = 0; i < 40; i++) {
            long block = file.getLong((int) table + 8 * random.nextInt(350));
            file.putShort((int) block + 2 * random.nextInt(256), (short) random.nextInt(6));
        }
        Files.write(image.path(), bytes);
        return image.path();
    }

    @Test
    void severalWindowsFindWhatOneFinds() throws IOException {
        Path image = damaged(5);
        List<String> once = new ArrayList<>();
        List<String> often = new ArrayList<>();
        CheckReport one = check(image, LARGE, once);
        assertEquals(one, check(image, SMALL, often));
        assertTrue(one.corruptions() > 5 && one.leaks() > 5, one::toString);
        assertEquals(once.stream().sorted().toList(), often.stream().sorted().toList());
    }

    @Test
    void severalWindowsRepairWhatOneRepairs() throws IOException {
        Path image = damaged(6);
        CheckReport report = repair(image, SMALL);
        assertTrue(report.isRepaired() && report.isClean(), report::toString);
        Peers.run(dir, "qemu-img", "check", image.toString());
    }
}

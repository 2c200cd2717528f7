package org.blockferry.drivers.qcow2;

import java.nio.file.Files;
import java.nio.file.Path;
import org.blockferry.engine.block.BlockSource;
import org.blockferry.engine.block.BlockSourceContract;
import org.blockferry.engine.block.BlockTarget;
import org.blockferry.engine.block.BlockTargetContract;
import org.blockferry.engine.testing.Peers;
import org.blockferry.engine.testing.TestImage;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.io.TempDir;

/** The contracts of targets and sources, kept by images of several makes that exist and are written in place. */
class InPlaceContractTest {

    /** A target of one make; what it leaves is read and checked by QEMU. */
    abstract static class Target extends BlockTargetContract {
        @TempDir
        Path dir;
        private final String options;
        private QemuImage image;

        Target(String options) {
            this.options = options;
        }

        @Override
        protected BlockTarget create(long length) throws Exception {
            image = QemuImage.create(dir, "image.qcow2", length, options);
            return InPlaceImages.open(image.path());
        }

        @Override
        protected byte[] contentAfterClose() {
            ImageUnderTest.check(image.path());
            return image.content();
        }

        @Override
        protected boolean isWrittenInPlace() {
            return true;
        }

        @Override
        protected boolean looksFinished() {
            return Peers.tryRun(dir, "qemu-img", "check", "-q", image.path().toString()).exitCode() == 0;
        }
    }

    @Nested
    class Plain extends Target {
        Plain() {
            super("");
        }
    }

    @Nested
    class VersionTwoInTinyClusters extends Target {
        VersionTwoInTinyClusters() {
            super("compat=0.10,cluster_size=512");
        }
    }

    @Nested
    class Subclusters extends Target {
        Subclusters() {
            super("extended_l2=on");
        }
    }

    @Nested
    class Preallocated extends Target {
        Preallocated() {
            super("preallocation=metadata,cluster_size=4k");
        }
    }

    /** Opened for writing, an image is a source as well. */
    @Nested
    class AsSource extends BlockSourceContract {
        @TempDir
        Path dir;

        @Override
        protected BlockSource open(TestImage image) throws Exception {
            Path path = dir.resolve("image.qcow2");
            Files.deleteIfExists(path);
            return InPlaceImages.open(QemuImage.of(dir, "image.qcow2", image, "", "").path());
        }

        @Override
        protected String dataLetters() {
            return "L-MO";
        }
    }
}

package org.blockferry.drivers.qcow2;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.blockferry.engine.block.BackedSourceContract;
import org.blockferry.engine.block.BlockSource;
import org.blockferry.engine.block.BlockSourceContract;
import org.blockferry.engine.block.FormatSource;
import org.blockferry.engine.testing.TestImage;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.io.TempDir;

/** The contracts of sources and layers, kept by images of each make that QEMU wrote. */
class Qcow2ContractTest {
    private static final String TINY = "cluster_size=512";
    private static final String SUBCLUSTERS = "cluster_size=2M,extended_l2=on";
    private static final String ZSTD = "compression_type=zstd,cluster_size=16k";
    private static final int K = 1024;

    /** As {@link TestImage#standard}, of data that QEMU does store compressed. */
    private static TestImage compressible() {
        return TestImage.builder().text(64 * K).zero(64 * K).text(128 * K).zero(192 * K).text(64 * K).zero(320 * K)
                .text(192 * K + 1536).build();
    }

    /** As {@link TestImage#overlay}, of data that QEMU does store compressed. */
    private static TestImage compressibleOverlay() {
        return TestImage.builder().text(64 * K).deferred(128 * K).zero(128 * K).text(64 * K).zero(64 * K).deferred(192 * K)
                .text(128 * K).deferred(256 * K + 1536).build();
    }

    /** A source of one make. */
    abstract static class Source extends BlockSourceContract {
        @TempDir
        Path dir;
        private final String options;
        private final String flags;
        private final String letters;

        Source(String options, String flags, String letters) {
            this.options = options;
            this.flags = flags;
            this.letters = letters;
        }

        @Override
        protected BlockSource open(TestImage image) throws Exception {
            return QemuImage.of(dir, "source.qcow2", image, options, flags).open();
        }

        @Override
        protected String dataLetters() {
            return letters;
        }
    }

    /** A layer of one make. */
    abstract static class Layer extends BackedSourceContract {
        @TempDir
        Path dir;
        private final String options;
        private final String flags;
        private final String letters;

        Layer(String options, String flags, String letters) {
            this.options = options;
            this.flags = flags;
            this.letters = letters;
        }

        @Override
        protected FormatSource openLayer(TestImage overlay, TestImage backing) throws Exception {
            QemuImage.of(dir, "base.qcow2", backing, "", "");
            String comma = options.isEmpty() ? "" : ",";
            return QemuImage.of(dir, "overlay.qcow2", overlay, options + comma + "backing_file=base.qcow2,backing_fmt=qcow2", flags)
                    .open();
        }

        @Override
        protected String dataLetters() {
            return letters;
        }
    }

    @Nested
    class Plain extends Source {
        Plain() {
            super("", "", "L-MO");
        }
    }

    @Nested
    class PlainInTinyClusters extends Source {
        PlainInTinyClusters() {
            super(TINY, "", "L-MO");
        }
    }

    @Nested
    class CompressedByZlib extends Source {
        CompressedByZlib() {
            super("", "-c", "L-M-C");
        }

        @Override
        protected TestImage image() {
            return compressible();
        }
    }

    @Nested
    class CompressedByZstd extends Source {
        CompressedByZstd() {
            super(ZSTD, "-c", "L-M-C");
        }

        @Override
        protected TestImage image() {
            return compressible();
        }
    }

    @Nested
    class PlainLayer extends Layer {
        PlainLayer() {
            super("", "", "L-MO");
        }
    }

    @Nested
    class CompressedLayer extends Layer {
        CompressedLayer() {
            super("cluster_size=32k", "-c", "L-M-C");
        }

        @Override
        protected TestImage image() {
            return compressibleOverlay();
        }
    }

    /** Clusters of 2 MiB: all of the image is subclusters of one that is allocated. */
    @Nested
    class Subclusters extends Source {
        Subclusters() {
            super(SUBCLUSTERS, "", "L-MO");
        }

        @Override
        protected String zeroLetters() {
            return "LZMO";
        }
    }

    @Nested
    class SubclusterLayer extends Layer {
        SubclusterLayer() {
            super(SUBCLUSTERS, "", "L-MO");
        }

        @Override
        protected List<String> expectedMap(TestImage image) {
            List<String> lines = new ArrayList<>();
            for (TestImage.Run run : image.runs()) {
                lines.add(run.range() + " " + switch (run.kind()) {
                    case DATA -> "L-MO";
                    case ZERO -> "LZMO";
                    // The last run is the rest of the cluster, which QEMU has not written: the file ends before it.
                    case DEFERRED -> run.range().end() == image.length() ? "----" : "--MO";
                });
            }
            return lines;
        }
    }
}

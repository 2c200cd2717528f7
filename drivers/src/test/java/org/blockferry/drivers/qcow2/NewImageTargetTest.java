package org.blockferry.drivers.qcow2;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.blockferry.engine.block.BlockTarget;
import org.blockferry.engine.block.BlockTargetContract;
import org.blockferry.engine.block.CreateOptions;
import org.blockferry.engine.testing.Peers;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.io.TempDir;

/** A new image is a block target, with every kind of cluster; read back by QEMU, after its check found nothing. */
class NewImageTargetTest {

    @BeforeAll
    static void peers() {
        Peers.require("qemu-img");
    }

    abstract static class Contract extends BlockTargetContract {
        @TempDir
        Path dir;

        private final Map<String, String> options;
        private final int window;

        Contract(int window, Map<String, String> options) {
            this.window = window;
            this.options = options;
        }

        private Path image() {
            return dir.resolve("image.qcow2");
        }

        @Override
        protected BlockTarget create(long length) throws Exception {
            return new Qcow2Creator(window).create(new ChannelDisk(image()),
                    CreateOptions.ofLength(length).withFormatOptions(options));
        }

        @Override
        protected byte[] contentAfterClose() throws Exception {
            ImageUnderTest.check(image());
            Peers.run(dir, "qemu-img", "convert", "-f", "qcow2", "-O", "raw", "image.qcow2", "out.raw");
            return Files.readAllBytes(dir.resolve("out.raw"));
        }

        @Override
        protected boolean looksFinished() {
            return Peers.tryRun(dir, "qemu-img", "info", "-f", "qcow2", "image.qcow2").exitCode() == 0;
        }
    }

    @Nested
    class WithDefaults extends Contract {
        WithDefaults() {
            super(L2Window.DEFAULT_BYTES, Map.of());
        }
    }

    @Nested
    class Version2 extends Contract {
        Version2() {
            super(L2Window.DEFAULT_BYTES, Map.of("compat", "0.10"));
        }
    }

    @Nested
    class WithExtendedL2 extends Contract {
        WithExtendedL2() {
            super(1, Map.of("extended_l2", "on", "cluster_size", "16k"));
        }
    }

    @Nested
    class WithSmallClustersAndASmallWindow extends Contract {
        WithSmallClustersAndASmallWindow() {
            super(1024, Map.of("cluster_size", "512", "refcount_bits", "1"));
        }
    }

    @Nested
    class WithLargeClusters extends Contract {
        WithLargeClusters() {
            super(1, Map.of("cluster_size", "2M", "refcount_bits", "64"));
        }
    }

    @Nested
    class Preallocated extends Contract {
        Preallocated() {
            super(L2Window.DEFAULT_BYTES, Map.of("preallocation", "metadata"));
        }
    }
}

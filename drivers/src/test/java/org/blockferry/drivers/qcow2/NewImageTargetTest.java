package org.blockferry.drivers.qcow2;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.blockferry.drivers.file.FileDriver;
import org.blockferry.engine.block.BlockTarget;
import org.blockferry.engine.block.BlockTargetContract;
import org.blockferry.engine.block.CacheMode;
import org.blockferry.engine.block.CreateOptions;
import org.blockferry.engine.block.ImageLocation;
import org.blockferry.engine.block.NodeInfo;
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

        final Path image() {
            return dir.resolve("image.qcow2");
        }

        @Override
        protected BlockTarget create(long length) throws Exception {
            return new Qcow2Creator(window).create(new ChannelDisk(image()), options(length));
        }

        final CreateOptions options(long length) {
            return CreateOptions.ofLength(length).withFormatOptions(options);
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

    /** On the driver that users write with: the image appears under its name when it is complete. */
    abstract static class OnAFile extends Contract {
        private final CacheMode cache;

        OnAFile(CacheMode cache, Map<String, String> options) {
            super(1, options);
            this.cache = cache;
        }

        @Override
        protected BlockTarget create(long length) throws Exception {
            FileDriver driver = new FileDriver();
            BlockTarget file = driver.create(ImageLocation.file(image().toString()),
                    CreateOptions.ofLength(NodeInfo.UNKNOWN_LENGTH).withCache(cache));
            return new Qcow2Driver().create(file, options(length).withCache(cache));
        }

        @Override
        protected boolean looksFinished() {
            return Files.exists(image()) && super.looksFinished();
        }
    }

    @Nested
    class ThroughThePageCache extends OnAFile {
        ThroughThePageCache() {
            super(CacheMode.WRITEBACK, Map.of("extended_l2", "on"));
        }
    }

    @Nested
    class PastThePageCacheWithClustersSmallerThanABlock extends OnAFile {
        PastThePageCacheWithClustersSmallerThanABlock() {
            super(CacheMode.NONE, Map.of("cluster_size", "1k"));
        }
    }

    @Nested
    class WithReservedSpace extends OnAFile {
        WithReservedSpace() {
            super(CacheMode.UNSAFE, Map.of("preallocation", "falloc"));
        }
    }
}

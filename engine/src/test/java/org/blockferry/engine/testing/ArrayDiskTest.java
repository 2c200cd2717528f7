package org.blockferry.engine.testing;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
import org.blockferry.engine.block.BackedSourceContract;
import org.blockferry.engine.block.BackingReference;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockSource;
import org.blockferry.engine.block.BlockSourceContract;
import org.blockferry.engine.block.BlockStatus;
import org.blockferry.engine.block.BlockStorage;
import org.blockferry.engine.block.BlockStorageContract;
import org.blockferry.engine.block.ByteRange;
import org.blockferry.engine.block.FormatSource;
import org.blockferry.engine.block.NodeInfo;
import org.junit.jupiter.api.Nested;

/** The contracts hold for the simplest node, so that a failure of a driver is the driver's. */
class ArrayDiskTest {

    @Nested
    class AsSource extends BlockSourceContract {
        @Override
        protected BlockSource open(TestImage image) {
            return new ArrayDisk("array", image);
        }
    }

    @Nested
    class AsUnknowingSource extends BlockSourceContract {
        @Override
        protected BlockSource open(TestImage image) {
            return new ArrayDisk("array", image.bytes());
        }

        @Override
        protected List<String> expectedMap(TestImage image) {
            return List.of(image.range() + " L-M-");
        }
    }

    @Nested
    class AsStorage extends BlockStorageContract {
        private ArrayDisk last;

        @Override
        protected BlockStorage create(long length) {
            last = ArrayDisk.blank("array", (int) length);
            return last;
        }

        @Override
        protected BlockStorage createGrowing() {
            last = ArrayDisk.growing("array");
            return last;
        }

        @Override
        protected byte[] contentAfterClose() {
            return last.content();
        }

        @Override
        protected boolean looksFinished() {
            return last.isClosed() && last.isCompleted();
        }
    }

    @Nested
    class AsLayer extends BackedSourceContract {
        @Override
        protected FormatSource openLayer(TestImage overlay, TestImage backing) {
            return new Layer(new ArrayDisk("array", overlay));
        }
    }

    private record Layer(ArrayDisk file) implements FormatSource {
        @Override
        public Optional<BackingReference> backing() {
            return Optional.of(new BackingReference("base", Optional.empty()));
        }

        @Override
        public BlockStatus status(ByteRange range) throws BlockException {
            return file.status(range);
        }

        @Override
        public void read(long offset, ByteBuffer into) throws BlockException {
            file.read(offset, into);
        }

        @Override
        public NodeInfo info() {
            return file.info();
        }

        @Override
        public void close() {
            file.close();
        }
    }
}

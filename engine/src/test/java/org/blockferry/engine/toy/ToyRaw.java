package org.blockferry.engine.toy;

import java.nio.ByteBuffer;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.blockferry.engine.block.BackingReference;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockSource;
import org.blockferry.engine.block.BlockStatus;
import org.blockferry.engine.block.BlockStorage;
import org.blockferry.engine.block.BlockTarget;
import org.blockferry.engine.block.ByteRange;
import org.blockferry.engine.block.CreateOptions;
import org.blockferry.engine.block.FormatDriver;
import org.blockferry.engine.block.FormatSource;
import org.blockferry.engine.block.NodeInfo;
import org.blockferry.engine.block.OpenOptions;

/** The bytes as they are. */
final class ToyRaw implements FormatDriver {
    @Override
    public String name() {
        return "raw";
    }

    @Override
    public Set<String> extensions() {
        return Set.of("raw", "img");
    }

    @Override
    public boolean recognises(ByteBuffer head) {
        return false;
    }

    @Override
    public Map<String, String> createOptions() {
        return Map.of();
    }

    @Override
    public FormatSource open(BlockSource file, OpenOptions options, DataFileOpener data) {
        return new Layer(file);
    }

    @Override
    public BlockTarget create(BlockTarget file, CreateOptions options) {
        return file;
    }

    @Override
    public BlockTarget openTarget(BlockStorage file, OpenOptions options, DataFileOpener data) {
        return file;
    }

    @Override
    public void checkCreateOptions(String node, CreateOptions options) throws BlockException {
        if (!options.formatOptions().isEmpty()) {
            throw BlockException.of(BlockException.Kind.INVALID_ARGUMENT, node, "raw has no option " + options.formatOptions());
        }
    }

    private record Layer(BlockSource file) implements FormatSource {
        @Override
        public NodeInfo info() {
            return file.info();
        }

        @Override
        public BlockStatus status(ByteRange range) throws BlockException {
            BlockStatus below = file.status(range);
            return below.isMapped() ? BlockStatus.at(below.range(), below.bits(), file, below.offset()) : below;
        }

        @Override
        public void read(long offset, ByteBuffer into) throws BlockException {
            file.read(offset, into);
        }

        @Override
        public Optional<BackingReference> backing() {
            return Optional.empty();
        }

        @Override
        public void close() throws BlockException {
            file.close();
        }
    }
}

package org.blockferry.engine.toy;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.blockferry.engine.block.BackingReference;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockException.Kind;
import org.blockferry.engine.block.BlockLimits;
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
import org.blockferry.engine.block.Trait;
import org.blockferry.engine.block.WriteFlag;
import org.blockferry.engine.block.ZeroFlag;

/** Images as {@link ToyImage} describes them. Called {@code qcow2}, because that is what it stands in for. */
final class ToyFormat implements FormatDriver {
    private static final int CREATED_CLUSTER = 1024;

    @Override
    public String name() {
        return "qcow2";
    }

    @Override
    public Set<String> extensions() {
        return Set.of("qcow2");
    }

    @Override
    public boolean recognises(ByteBuffer head) {
        byte[] magic = new byte[Math.min(4, head.remaining())];
        head.duplicate().get(magic);
        return Arrays.equals(magic, ToyImage.MAGIC.getBytes());
    }

    @Override
    public Map<String, String> createOptions() {
        return Map.of("cluster_size", "bytes of a cluster");
    }

    @Override
    public FormatSource open(BlockSource file, OpenOptions options, DataFileOpener data) throws BlockException {
        try {
            byte[] head = new byte[(int) Math.min(ToyImage.HEADER, file.info().length())];
            file.read(0, ByteBuffer.wrap(head));
            byte[] map = new byte[ToyImage.HEADER];
            if (file.info().length() >= 2 * ToyImage.HEADER) {
                file.read(ToyImage.HEADER, ByteBuffer.wrap(map));
            }
            ToyImage image = ToyImage.parse(head, map).orElseThrow(() ->
                    BlockException.of(Kind.INVALID_FORMAT, file.info().name(), "Image is not in qcow2 format"));
            Optional<BlockSource> dataFile = image.dataFile().isEmpty() ? Optional.empty()
                    : Optional.of(data.open(file.info().name(), image.dataFile()));
            return new Layer(file, image, dataFile);
        } catch (BlockException | RuntimeException | Error e) {
            file.close();
            throw e;
        }
    }

    @Override
    public BlockTarget create(BlockTarget file, CreateOptions options) {
        String cluster = options.formatOptions().getOrDefault("cluster_size", "" + CREATED_CLUSTER);
        return new Target(file, options, Integer.parseInt(cluster));
    }

    @Override
    public BlockTarget openTarget(BlockStorage file, OpenOptions options, DataFileOpener data) throws BlockException {
        throw BlockException.of(Kind.UNSUPPORTED, file.info().name(), "qcow2 images are not written in place");
    }

    @Override
    public void checkCreateOptions(String node, CreateOptions options) throws BlockException {
        for (String name : options.formatOptions().keySet()) {
            if (!createOptions().containsKey(name)) {
                throw BlockException.of(Kind.INVALID_ARGUMENT, node, "qcow2 has no option '" + name + "'");
            }
        }
    }

    private record Layer(BlockSource file, ToyImage image, Optional<BlockSource> dataFile) implements FormatSource {
        @Override
        public NodeInfo info() {
            return new NodeInfo(file.info().name(), "qcow2", image.length(), BlockLimits.NONE.withClusterSize(image.cluster()),
                    Set.of(), 4, 1, Optional.empty());
        }

        @Override
        public BlockStatus status(ByteRange range) {
            int number = (int) (range.offset() / image.cluster());
            int end = number + 1;
            while ((long) end * image.cluster() < image.length() && image.letter(end) == image.letter(number)) {
                end++;
            }
            ByteRange run = ByteRange.between(range.offset(), Math.min(image.length(), (long) end * image.cluster()));
            long hostOffset = range.offset() + (dataFile.isPresent() ? 0 : 2 * ToyImage.HEADER);
            BlockSource host = dataFile.orElse(file);
            return switch (image.letter(number)) {
                case '.' -> BlockStatus.deferred(run);
                case 'D', 'W' -> BlockStatus.data(run, host, hostOffset);
                case 'C' -> BlockStatus.of(run, BlockStatus.LOCAL | BlockStatus.MAPPED | BlockStatus.COMPRESSED);
                case 'Z' -> BlockStatus.zero(run);
                case 'P' -> BlockStatus.at(run, BlockStatus.LOCAL | BlockStatus.ZERO | BlockStatus.MAPPED, host, hostOffset);
                case 'U' -> BlockStatus.at(run, BlockStatus.MAPPED, host, hostOffset);
                case 'N' -> BlockStatus.of(run, BlockStatus.LOCAL);
                default -> throw new AssertionError("cluster " + number + " is " + image.letter(number));
            };
        }

        @Override
        public void read(long offset, ByteBuffer into) throws BlockException {
            int limit = into.limit();
            long position = offset;
            while (into.hasRemaining()) {
                BlockStatus run = status(new ByteRange(position, 1));
                int piece = (int) Math.min(into.remaining(), run.end() - position);
                into.limit(into.position() + piece);
                if (run.isLocal() && !run.isZero()) {
                    long hostOffset = position + (dataFile.isPresent() ? 0 : 2 * ToyImage.HEADER);
                    dataFile.orElse(file).read(hostOffset, into);
                } else {
                    into.put(new byte[piece]);
                }
                into.limit(limit);
                position += piece;
            }
        }

        @Override
        public Optional<BackingReference> backing() {
            return image.backing().isEmpty() ? Optional.empty()
                    : Optional.of(new BackingReference(image.backing(),
                            Optional.of(image.backingFormat()).filter(f -> !f.isEmpty())));
        }

        @Override
        public void close() throws BlockException {
            if (dataFile.isPresent()) {
                dataFile.get().close();
            }
            file.close();
        }
    }

    /** Takes whole clusters only when it has a backing file, whose length it does not know; the header comes last. */
    private static final class Target implements BlockTarget {
        private final BlockTarget file;
        private final CreateOptions options;
        private final int cluster;
        private final char[] letters;
        private final NodeInfo info;

        Target(BlockTarget file, CreateOptions options, int cluster) {
            this.file = file;
            this.options = options;
            this.cluster = cluster;
            this.letters = new char[(int) ((options.length() + cluster - 1) / cluster)];
            Arrays.fill(letters, '.');
            boolean backed = options.backing().isPresent();
            this.info = new NodeInfo(file.info().name(), "qcow2", options.length(),
                    BlockLimits.NONE.withZero(cluster, Long.MAX_VALUE).withClusterSize(cluster),
                    backed ? Set.of(Trait.BACKING, Trait.FAST_ZERO) : Set.of(Trait.READS_ZERO_WHEN_NEW, Trait.FAST_ZERO), 1, 4,
                    Optional.empty());
        }

        @Override
        public NodeInfo info() {
            return info;
        }

        private synchronized void mark(ByteRange range, char letter) {
            boolean whole = range.offset() % cluster == 0 && (range.end() % cluster == 0 || range.end() == options.length());
            if (!whole && options.backing().isPresent()) {
                throw new AssertionError("part of a cluster of " + cluster + " is written above a backing file: " + range);
            }
            for (long i = range.offset() / cluster; i * cluster < range.end(); i++) {
                letters[(int) i] = letter;
            }
        }

        @Override
        public void write(long offset, ByteBuffer from, Set<WriteFlag> flags) throws BlockException {
            mark(new ByteRange(offset, from.remaining()), 'D');
            file.write(2 * ToyImage.HEADER + offset, from, flags);
        }

        @Override
        public boolean writeZeroes(ByteRange range, Set<ZeroFlag> flags) {
            boolean whole = range.offset() % cluster == 0 && (range.end() % cluster == 0 || range.end() == options.length());
            if (whole) {
                mark(range, 'Z');
            }
            return whole;
        }

        @Override
        public void flush() throws BlockException {
            file.flush();
        }

        @Override
        public void complete() throws BlockException {
            ToyImage image = new ToyImage((int) options.length(), cluster, new String(letters), 0,
                    options.backing().map(BackingReference::file).orElse(""),
                    options.backing().flatMap(BackingReference::format).orElse(""), "");
            file.write(0, ByteBuffer.wrap(Arrays.copyOf(image.bytes(), 2 * ToyImage.HEADER)), WriteFlag.NONE);
            long end = 2 * ToyImage.HEADER + options.length();
            if (file instanceof BlockStorage storage && storage.info().length() < end) {
                storage.setLength(end);
            }
            file.complete();
        }

        @Override
        public void close() throws BlockException {
            file.close();
        }
    }
}

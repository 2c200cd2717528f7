package org.blockferry.drivers.nbd;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import org.blockferry.drivers.nbd.server.NbdServer;
import org.blockferry.drivers.nbd.server.NbdServerOptions;
import org.blockferry.drivers.nbd.server.ServedExport;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockLimits;
import org.blockferry.engine.block.BlockSource;
import org.blockferry.engine.block.BlockStatus;
import org.blockferry.engine.block.BlockStorage;
import org.blockferry.engine.block.BlockTarget;
import org.blockferry.engine.block.ByteRange;
import org.blockferry.engine.block.CacheMode;
import org.blockferry.engine.block.ImageLocation;
import org.blockferry.engine.block.NodeInfo;
import org.blockferry.engine.block.OpenOptions;
import org.blockferry.engine.block.WriteFlag;
import org.blockferry.engine.block.ZeroFlag;

/**
 * Not a test: moves every byte of an export with so many threads and prints how long it took, for comparison with nbdcopy and
 * qemu-img on the same servers. {@code NbdSpeed read URI FILE|null: threads slotBytes [option=value…]}, likewise {@code write}
 * (from a file) and {@code copy} (to a URI).
 */
final class NbdSpeed {
    private NbdSpeed() {
    }

    @FunctionalInterface
    private interface Mover {
        void move(long offset, ByteBuffer buffer) throws IOException;
    }

    public static void main(String[] args) throws Exception {
        Map<String, String> options = new TreeMap<>();
        for (int i = 5; i < args.length; i++) {
            options.put(args[i].substring(0, args[i].indexOf('=')), args[i].substring(args[i].indexOf('=') + 1));
        }
        int threads = Integer.parseInt(args[3]);
        int slot = Integer.parseInt(args[4]);
        OpenOptions open = OpenOptions.DEFAULT.withDriverOptions(options).withCache(CacheMode.UNSAFE);
        NbdDriver driver = new NbdDriver();
        long start = System.nanoTime();
        long length;
        switch (args[0]) {
            case "read" -> {
                try (BlockSource source = driver.openSource(location(args[1]), open);
                        FileChannel file = args[2].equals("null:")
                                ? FileChannel.open(Path.of("/dev/null"), StandardOpenOption.WRITE)
                                : FileChannel.open(Path.of(args[2]), StandardOpenOption.WRITE, StandardOpenOption.CREATE)) {
                    length = source.info().length();
                    boolean discard = args[2].equals("null:");
                    run(length, threads, slot, source::read, (offset, buffer) -> {
                        if (!discard) {
                            file.write(buffer, offset);
                        }
                    });
                }
            }
            case "write" -> {
                try (BlockTarget target = driver.openTarget(location(args[1]), open);
                        FileChannel file = FileChannel.open(Path.of(args[2]), StandardOpenOption.READ)) {
                    length = file.size();
                    run(length, threads, slot, (offset, buffer) -> file.read(buffer, offset),
                            (offset, buffer) -> target.write(offset, buffer, WriteFlag.NONE));
                    target.complete();
                }
            }
            case "copy" -> {
                try (BlockSource source = driver.openSource(location(args[1]), open);
                        BlockTarget target = driver.openTarget(location(args[2]), open)) {
                    length = source.info().length();
                    run(length, threads, slot, source::read, (offset, buffer) -> target.write(offset, buffer, WriteFlag.NONE));
                    target.complete();
                }
            }
            case "serve" -> {
                // NbdSpeed serve SOCKET FILE workers 0: until a byte comes on standard input.
                try (FileDisk disk = new FileDisk(Path.of(args[2]));
                        NbdServer server = NbdServer.start(
                                NbdServerOptions.unix(Path.of(args[1])).withRequestsPerConnection(threads),
                                List.of(ServedExport.writable("", disk)))) {
                    System.out.println(server.address());
                    System.in.read();
                    return;
                }
            }
            default -> throw new IllegalArgumentException(args[0]);
        }
        double seconds = (System.nanoTime() - start) / 1e9;
        System.out.printf("%s %.3f s, %.0f MiB/s%n", args[0], seconds, length / seconds / (1 << 20));
    }

    private static ImageLocation location(String uri) {
        return new ImageLocation("nbd", uri, uri);
    }

    private static void run(long length, int threads, int slot, Mover from, Mover to) throws InterruptedException,
            ExecutionException {
        AtomicLong next = new AtomicLong();
        ExecutorService pool = Executors.newFixedThreadPool(threads);
        try {
            List<Future<?>> all = new ArrayList<>();
            for (int i = 0; i < threads; i++) {
                all.add(pool.submit(() -> {
                    ByteBuffer buffer = ByteBuffer.allocateDirect(slot);
                    for (long at = next.getAndAdd(slot); at < length; at = next.getAndAdd(slot)) {
                        buffer.clear().limit((int) Math.min(slot, length - at));
                        from.move(at, buffer);
                        buffer.flip();
                        to.move(at, buffer);
                    }
                    return null;
                }));
            }
            for (Future<?> each : all) {
                each.get();
            }
        } finally {
            pool.shutdownNow();
        }
    }

    /** A file as plain as can be, so that the server is what is measured. */
    private static final class FileDisk implements BlockStorage {
        private final FileChannel file;
        private final NodeInfo info;

        FileDisk(Path path) throws IOException {
            file = FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE);
            info = new NodeInfo(path.toString(), "file", file.size(), BlockLimits.NONE, Set.of(), 64, 64, Optional.empty());
        }

        @Override
        public NodeInfo info() {
            return info;
        }

        @Override
        public BlockStatus status(ByteRange range) {
            return BlockStatus.data(range);
        }

        @Override
        public void read(long offset, ByteBuffer into) throws BlockException {
            try {
                file.read(into, offset);
            } catch (IOException e) {
                throw BlockException.of(BlockException.Kind.IO, info.name(), e.toString(), e);
            }
        }

        @Override
        public void write(long offset, ByteBuffer from, Set<WriteFlag> flags) throws BlockException {
            try {
                file.write(from, offset);
            } catch (IOException e) {
                throw BlockException.of(BlockException.Kind.IO, info.name(), e.toString(), e);
            }
        }

        @Override
        public boolean writeZeroes(ByteRange range, Set<ZeroFlag> flags) {
            return false;
        }

        @Override
        public void flush() {
        }

        @Override
        public void complete() {
        }

        @Override
        public void setLength(long length) {
        }

        @Override
        public boolean allocate(ByteRange range) {
            return false;
        }

        @Override
        public void close() throws BlockException {
            try {
                file.close();
            } catch (IOException e) {
                throw BlockException.of(BlockException.Kind.IO, info.name(), e.toString(), e);
            }
        }
    }
}

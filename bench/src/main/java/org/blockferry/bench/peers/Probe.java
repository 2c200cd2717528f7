package org.blockferry.bench.peers;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import org.blockferry.drivers.posix.NativeAccess;

/**
 * What this machine can do when all bytes of a file are to be in another: the least that any program needs, without starting one and
 * without looking at a byte. Threads take ranges in turn from one counter.
 */
final class Probe {
    private static final int ROUNDS = 3;
    private static final int RANGE = 256 << 10;
    private static final long OFFLOAD_RANGE = 16 << 20;

    private final Path source;
    private final Path target;

    Probe(Path source, Path target) {
        this.source = source;
        this.target = target;
    }

    /** Carries one range over. */
    private interface Mover {
        void move(long offset, long length) throws IOException;
    }

    /** Makes a mover for one thread. */
    private interface Movers {
        Mover mover() throws IOException;
    }

    /** Seconds of each way, medians; ways that this system does not have are left out. */
    Map<String, Double> seconds() throws IOException, InterruptedException {
        Map<String, Double> found = new LinkedHashMap<>();
        for (int threads : new int[] {1, 2}) {
            String many = threads == 1 ? "1 thread" : threads + " threads";
            found.put("read and write, " + many, median(threads, RANGE, false));
            if (NativeAccess.instance().isPresent()) {
                found.put("copy_file_range, " + many, median(threads, OFFLOAD_RANGE, true));
            }
        }
        Files.deleteIfExists(target);
        found.values().removeIf(seconds -> seconds.isNaN());
        return found;
    }

    private double median(int threads, long range, boolean offload) throws IOException, InterruptedException {
        double[] seconds = new double[ROUNDS];
        for (int round = 0; round < ROUNDS; round++) {
            seconds[round] = offload ? offload(threads, range) : readAndWrite(threads, range);
        }
        Arrays.sort(seconds);
        return seconds[ROUNDS / 2];
    }

    private double readAndWrite(int threads, long range) throws IOException, InterruptedException {
        Files.deleteIfExists(target);
        try (FileChannel from = FileChannel.open(source, StandardOpenOption.READ);
                FileChannel to = FileChannel.open(target, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            return time(threads, from.size(), range, () -> {
                ByteBuffer buffer = ByteBuffer.allocateDirect((int) range);
                return (offset, length) -> {
                    buffer.clear().limit((int) length);
                    while (buffer.hasRemaining() && from.read(buffer, offset + buffer.position()) >= 0) {
                        // until the range is there
                    }
                    buffer.flip();
                    while (buffer.hasRemaining()) {
                        to.write(buffer, offset + buffer.position());
                    }
                };
            });
        }
    }

    private double offload(int threads, long range) throws IOException, InterruptedException {
        Files.deleteIfExists(target);
        NativeAccess system = NativeAccess.instance().orElseThrow();
        int from = system.open(source.toString(), NativeAccess.O_RDONLY, 0);
        int to = system.open(target.toString(), NativeAccess.O_RDWR | NativeAccess.O_CREAT, 0644);
        try {
            return time(threads, Files.size(source), range, () -> (offset, length) -> {
                for (long done = 0; done < length; ) {
                    long copied = system.copyFileRange(from, offset + done, to, offset + done, length - done);
                    if (copied <= 0) {
                        throw new IOException("copy_file_range: " + system.describe((int) -copied));
                    }
                    done += copied;
                }
            });
        } catch (IOException e) {
            System.err.println("  probe: " + e.getMessage());
            return Double.NaN;
        } finally {
            system.close(from);
            system.close(to);
        }
    }

    private static double time(int threads, long total, long range, Movers movers) throws IOException, InterruptedException {
        AtomicLong next = new AtomicLong();
        ExecutorService pool = Executors.newFixedThreadPool(threads);
        try {
            List<Callable<Void>> work = new ArrayList<>();
            for (int i = 0; i < threads; i++) {
                Mover mover = movers.mover();
                work.add(() -> {
                    for (long at = next.getAndAdd(range); at < total; at = next.getAndAdd(range)) {
                        mover.move(at, Math.min(range, total - at));
                    }
                    return null;
                });
            }
            long start = System.nanoTime();
            for (Future<Void> each : pool.invokeAll(work)) {
                each.get();
            }
            return (System.nanoTime() - start) / 1e9;
        } catch (ExecutionException e) {
            throw new IOException(e.getCause());
        } finally {
            pool.shutdown();
        }
    }
}

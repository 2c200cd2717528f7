package org.blockferry.drivers.qmp;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.blockferry.drivers.nbd.NbdDriver;
import org.blockferry.engine.block.BlockTarget;
import org.blockferry.engine.block.ByteRange;
import org.blockferry.engine.block.ImageLocation;
import org.blockferry.engine.block.OpenOptions;
import org.blockferry.engine.block.WriteFlag;
import org.blockferry.engine.block.ZeroFlag;
import org.opentest4j.AssertionFailedError;

/**
 * A guest: writes and zeroes at random places of an export, one request after the other, until it is told to stop, and knows
 * what the disk must hold: a write that was answered is never lost. Places and lengths follow from the seed.
 */
public final class GuestWriter implements AutoCloseable {
    private static final int SECTOR = 512;
    private static final int MOST_SECTORS = 256;
    private static final long PATIENCE_SECONDS = 60;

    private final byte[] disk;
    private final BlockTarget target;
    private final Random random;
    private final CompletableFuture<Void> end = new CompletableFuture<>();
    private volatile boolean stop;
    private long written;

    private GuestWriter(String uri, byte[] disk, long seed) throws IOException {
        this.disk = disk;
        random = new Random(seed);
        target = new NbdDriver().openTarget(new ImageLocation("nbd", uri, uri), OpenOptions.DEFAULT);
    }

    /**
     * Starts to write.
     *
     * @param content a raw file with what the disk holds
     */
    public static GuestWriter start(String uri, Path content, long seed) throws IOException {
        GuestWriter writer = new GuestWriter(uri, Files.readAllBytes(content), seed);
        Thread thread = new Thread(writer::run, "guest");
        thread.setDaemon(true);
        thread.start();
        return writer;
    }

    private void run() {
        try {
            ByteBuffer buffer = ByteBuffer.allocateDirect(MOST_SECTORS * SECTOR);
            while (!stop) {
                step(buffer);
                synchronized (this) {
                    written++;
                    notifyAll();
                }
            }
            target.flush();
            end.complete(null);
        } catch (IOException | RuntimeException | Error e) {
            end.completeExceptionally(e);
        } finally {
            synchronized (this) {
                notifyAll();
            }
        }
    }

    private void step(ByteBuffer buffer) throws IOException {
        int sectors = disk.length / SECTOR;
        // Half of all goes to an eighth of the disk, as guests do.
        int at = random.nextBoolean() ? random.nextInt(sectors / 8) : random.nextInt(sectors);
        int count = Math.min(1 + random.nextInt(MOST_SECTORS), sectors - at);
        int offset = at * SECTOR;
        int length = count * SECTOR;
        byte value = (byte) (random.nextInt(4) == 0 ? 0 : written + 1);
        if (value == 0 && random.nextBoolean()) {
            Set<ZeroFlag> flags = random.nextBoolean() ? Set.of(ZeroFlag.MAY_UNMAP) : ZeroFlag.NONE;
            if (target.writeZeroes(new ByteRange(offset, length), flags)) {
                Arrays.fill(disk, offset, offset + length, (byte) 0);
                return;
            }
        }
        Arrays.fill(disk, offset, offset + length, value);
        buffer.clear().put(disk, offset, length).flip();
        target.write(offset, buffer, WriteFlag.NONE);
    }

    /** Waits until so many more requests are answered. */
    public synchronized void await(int more) {
        long wanted = written + more;
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
        try {
            while (written < wanted && !end.isDone()) {
                long left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
                if (left <= 0) {
                    throw new AssertionFailedError("the guest wrote " + (written - wanted + more) + " times, not " + more);
                }
                wait(left);
            }
        } catch (InterruptedException e) {
            throw new AssertionFailedError("interrupted", e);
        }
        if (end.isCompletedExceptionally()) {
            stop();
        }
    }

    /** Lets the request in flight be answered, flushes, and fails if any request failed. */
    public GuestWriter stop() {
        stop = true;
        try {
            end.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException | ExecutionException | TimeoutException e) {
            throw new AssertionFailedError("the guest's disk failed: " + e, e);
        }
        return this;
    }

    /** Writes what the disk must hold as a raw file; after {@link #stop}. */
    public Path expected(Path file) throws IOException {
        return Files.write(file, disk);
    }

    /** Lets go of the export now. */
    public void leave() {
        close();
    }

    /** Lets go of the export, whatever became of its server. */
    @Override
    public void close() {
        stop = true;
        try {
            target.close();
        } catch (IOException e) {
            // Its server may be gone by now.
            return;
        }
    }
}

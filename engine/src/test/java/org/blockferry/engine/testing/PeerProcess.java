package org.blockferry.engine.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.opentest4j.AssertionFailedError;

/** A peer that runs until it is closed: a server. Its output is kept in files, so that it never waits for a reader. */
public final class PeerProcess implements AutoCloseable {
    private static final long STEP_MILLIS = 5;
    private static final long GRACE_SECONDS = 5;

    private final Process process;
    private final String command;
    private final Path folder;
    private String out = "";
    private String err = "";

    PeerProcess(Process process, String command, Path folder) {
        this.process = process;
        this.command = command;
        this.folder = folder;
    }

    /** The process itself. */
    public Process process() {
        return process;
    }

    /** What it has written to standard output so far; after close, all of it. */
    public String out() {
        return Files.exists(folder) ? Peers.text(folder.resolve("out")) : out;
    }

    /** What it has written to standard error so far; after close, all of it. */
    public String err() {
        return Files.exists(folder) ? Peers.text(folder.resolve("err")) : err;
    }

    /** Waits until a socket or file is there. */
    public PeerProcess await(Path path) {
        return await(path + " appears", () -> Files.exists(path));
    }

    /**
     * Waits until {@code condition} holds.
     *
     * @throws AssertionError with what the process said, if it ends before that or half a minute passes
     */
    public PeerProcess await(String what, BooleanSupplier condition) {
        long deadline = System.nanoTime() + Duration.ofSeconds(30).toNanos();
        try {
            while (!condition.getAsBoolean()) {
                if (process.waitFor(STEP_MILLIS, TimeUnit.MILLISECONDS) && !condition.getAsBoolean()) {
                    throw new AssertionFailedError("ended before " + what + ": " + said());
                }
                if (System.nanoTime() > deadline) {
                    throw new AssertionFailedError("waited too long until " + what + ": " + said());
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionFailedError("interrupted while waiting until " + what, e);
        }
        return this;
    }

    private String said() {
        return command + "\n" + out() + err();
    }

    /** Ends the process and its children, asking first; a second call does nothing. */
    @Override
    public void close() {
        if (!Files.exists(folder)) {
            return;
        }
        List<ProcessHandle> all = new ArrayList<>(process.descendants().toList());
        all.add(process.toHandle());
        all.forEach(ProcessHandle::destroy);
        try {
            if (!process.waitFor(GRACE_SECONDS, TimeUnit.SECONDS)) {
                all.forEach(ProcessHandle::destroyForcibly);
                process.waitFor(GRACE_SECONDS, TimeUnit.SECONDS);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        all.forEach(ProcessHandle::destroyForcibly);
        out = out();
        err = err();
        delete(folder);
    }

    static void delete(Path folder) {
        try {
            Files.deleteIfExists(folder.resolve("out"));
            Files.deleteIfExists(folder.resolve("err"));
            Files.deleteIfExists(folder);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}

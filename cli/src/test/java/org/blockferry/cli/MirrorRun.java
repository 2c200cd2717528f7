package org.blockferry.cli;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.Arrays;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;

/** {@code blockferry mirror} within this process. Closing it ends it as a second Ctrl-C does. */
public final class MirrorRun implements AutoCloseable {
    private static final long LIMIT_SECONDS = 90;
    private static final int SIGINT = 2;

    private final CompletableFuture<Signals.Stop> stop = new CompletableFuture<>();
    private final CompletableFuture<CliRun> run = new CompletableFuture<>();
    private String said = "";

    private MirrorRun(String... args) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter() {
            @Override
            public void flush() {
                synchronized (MirrorRun.this) {
                    said = toString();
                    MirrorRun.this.notifyAll();
                }
            }
        };
        Signals signals = (stopping, report) -> {
            stop.complete(stopping);
            return () -> { };
        };
        Thread thread = new Thread(() -> {
            int code = new Launcher(new PrintWriter(out), new PrintWriter(err, true), Optional.empty(), signals)
                    .run(Stream.concat(Stream.of("mirror"), Arrays.stream(args)).toArray(String[]::new));
            run.complete(new CliRun(code, out.toString(), err.toString()));
            synchronized (this) {
                said = err.toString();
                notifyAll();
            }
            stop.completeExceptionally(new AssertionError("it has ended: " + err));
        }, "mirror");
        thread.setDaemon(true);
        thread.start();
    }

    public static MirrorRun start(String... args) {
        return new MirrorRun(args);
    }

    /** Waits until it says that it is ready. */
    public MirrorRun awaitReady() {
        return await("blockferry: ready");
    }

    /** Waits until something stands on stderr. */
    public synchronized MirrorRun await(String text) {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(LIMIT_SECONDS);
        try {
            while (!said.contains(text)) {
                long left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
                if (left <= 0 || run.isDone()) {
                    throw new AssertionError((left <= 0 ? "waited too long for '" : "it has ended without '") + text + "': " + said);
                }
                wait(left);
            }
        } catch (InterruptedException e) {
            throw new AssertionError("interrupted", e);
        }
        return this;
    }

    /** Presses Ctrl-C. */
    public MirrorRun interrupt() {
        get(stop).requested("SIGINT", SIGINT);
        return this;
    }

    /** Waits for its end. */
    public CliRun finish() {
        return get(run);
    }

    @Override
    public void close() {
        if (!run.isDone()) {
            interrupt().interrupt().finish();
        }
    }

    private static <T> T get(CompletableFuture<T> future) {
        try {
            return future.get(LIMIT_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException | ExecutionException | TimeoutException e) {
            throw new AssertionError(e.getMessage(), e);
        }
    }
}

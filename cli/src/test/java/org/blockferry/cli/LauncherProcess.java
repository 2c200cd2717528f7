package org.blockferry.cli;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Predicate;
import java.util.stream.Stream;

/** {@code bin/blockferry} as a process, for tests that run after the jar is made. Closing it ends the process. */
public final class LauncherProcess implements AutoCloseable {
    private static final long LIMIT_SECONDS = 60;

    private final Process process;
    private final CompletableFuture<byte[]> out;
    private final List<String> errLines = new ArrayList<>();
    private final CompletableFuture<Void> errEnd;

    private LauncherProcess(Process process) {
        this.process = process;
        out = CompletableFuture.supplyAsync(() -> readAll(process.getInputStream()), LauncherProcess::inThread);
        errEnd = CompletableFuture.runAsync(() -> readLines(process.getErrorStream()), LauncherProcess::inThread);
    }

    /** The launcher of this build. */
    public static Path launcher() {
        String path = System.getProperty("blockferry.launcher");
        if (path == null) {
            throw new AssertionError("the launcher is tested in the phase integration-test, by failsafe");
        }
        return Path.of(path);
    }

    /** Starts the launcher of this build in the current folder. */
    public static LauncherProcess start(String... args) throws IOException {
        return start(launcher().toString(), Path.of("."), Map.of(), args);
    }

    /**
     * Starts a launcher.
     *
     * @param launcher how it is called: a path, a link
     * @param environment added to this process's; an empty value removes
     */
    public static LauncherProcess start(String launcher, Path folder, Map<String, String> environment, String... args)
            throws IOException {
        // A test run in the background has SIGINT ignored, which children inherit; a user's shell has not.
        List<String> command = new ArrayList<>(List.of("/usr/bin/env", "--default-signal=INT,TERM,HUP", launcher));
        command.addAll(List.of(args));
        ProcessBuilder builder = new ProcessBuilder(command).directory(folder.toFile())
                .redirectInput(new File("/dev/null"));
        environment.forEach((name, value) -> {
            if (value.isEmpty()) {
                builder.environment().remove(name);
            } else {
                builder.environment().put(name, value);
            }
        });
        return new LauncherProcess(builder.start());
    }

    /** Waits for a line on stderr. */
    public String awaitErr(Predicate<String> wanted) throws InterruptedException {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(LIMIT_SECONDS);
        synchronized (errLines) {
            int seen = 0;
            while (true) {
                for (; seen < errLines.size(); seen++) {
                    if (wanted.test(errLines.get(seen))) {
                        return errLines.get(seen);
                    }
                }
                long left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
                if (left <= 0 || errEnd.isDone()) {
                    throw new AssertionError("no such line on stderr: " + errLines);
                }
                errLines.wait(Math.min(left, 1000));
            }
        }
    }

    /** The process; the launcher's shell has become the JVM when that has said anything. */
    public long pid() {
        return process.pid();
    }

    /** Whether it ends within this time. */
    public boolean endsWithin(Duration time) throws InterruptedException {
        return process.waitFor(time.toMillis(), TimeUnit.MILLISECONDS);
    }

    /** Waits until a server has made its socket. */
    public void awaitSocket(Path socket) throws InterruptedException {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(LIMIT_SECONDS);
        while (!Files.exists(socket)) {
            if (endsWithin(Duration.ofMillis(10)) || System.nanoTime() > deadline) {
                throw new AssertionError("no socket " + socket + "; stderr: " + errLines);
            }
        }
    }

    /** {@code kill -NAME}. */
    public void signal(String name) throws IOException, InterruptedException {
        new ProcessBuilder("kill", "-" + name, Long.toString(process.pid())).inheritIO().start().waitFor();
    }

    /**
     * Waits for the end and returns the most memory that was resident, in bytes, as the kernel counted it until shortly before.
     * The shell that starts Java becomes it, so this is one process.
     */
    public long peakMemory() throws InterruptedException {
        Path status = Path.of("/proc", Long.toString(process.pid()), "status");
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(LIMIT_SECONDS);
        long peak = 0;
        while (!process.waitFor(2, TimeUnit.MILLISECONDS) && System.nanoTime() < deadline) {
            try (Stream<String> lines = Files.lines(status)) {
                peak = Math.max(peak, lines.filter(line -> line.startsWith("VmHWM:")).findFirst()
                        .map(line -> Long.parseLong(line.replaceAll("\\D", "")) << 10).orElse(0L));
            } catch (IOException | java.io.UncheckedIOException e) {
                // It has just ended.
                continue;
            }
        }
        return peak;
    }

    /** Waits for the end and returns what came of it. */
    public CliRun finish() throws InterruptedException {
        if (!process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS)) {
            throw new AssertionError("still running after " + LIMIT_SECONDS + " s; stderr: " + errLines);
        }
        try {
            errEnd.get(LIMIT_SECONDS, TimeUnit.SECONDS);
            String stdout = new String(out.get(LIMIT_SECONDS, TimeUnit.SECONDS), StandardCharsets.UTF_8);
            return new CliRun(process.exitValue(), stdout, String.join("\n", errLines));
        } catch (java.util.concurrent.ExecutionException | TimeoutException e) {
            throw new AssertionError("outputs do not end", e);
        }
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }

    private static void inThread(Runnable task) {
        Thread thread = new Thread(task, "outputs of a process");
        thread.setDaemon(true);
        thread.start();
    }

    private static byte[] readAll(InputStream in) {
        try {
            return in.readAllBytes();
        } catch (IOException e) {
            return new byte[0];
        }
    }

    private void readLines(InputStream in) {
        try (BufferedReader reader = new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8))) {
            for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                synchronized (errLines) {
                    errLines.add(line);
                    errLines.notifyAll();
                }
            }
        } catch (IOException e) {
            // The process is gone, and so is its output.
            return;
        } finally {
            synchronized (errLines) {
                errLines.notifyAll();
            }
        }
    }
}

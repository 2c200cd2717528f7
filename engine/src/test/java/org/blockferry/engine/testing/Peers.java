package org.blockferry.engine.testing;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;
import org.opentest4j.AssertionFailedError;

/**
 * The programs that tests compare Blockferry with: qemu-img, qemu-io, qemu-nbd, nbdkit, nbdcopy, nbdinfo, fio, mke2fs, e2fsck.
 *
 * <p>A test begins with {@link #require}. A peer that is not there skips the test, by name; but where the environment variable
 * {@code CI} is {@code true} it fails the test: everything that apt can install must be there. What a container may honestly
 * not have (root, loop devices, mounts) skips by name everywhere: {@link #requireRoot}, {@link LoopDevice}.
 *
 * <p>No process outlives its call: one that takes too long is ended together with its children, and the test fails. Servers are
 * {@link #start started} in a try statement.
 */
public final class Peers {
    private static final Duration PATIENCE = Duration.ofSeconds(120);
    /** Where Debian keeps losetup, mke2fs and others; not on everybody's path. */
    private static final List<String> MORE_FOLDERS = List.of("/usr/local/sbin", "/usr/sbin", "/sbin", "/usr/bin", "/bin");

    private Peers() {
    }

    /**
     * What a finished peer left.
     *
     * @param exitCode as the shell shows it
     * @param out standard output
     * @param err standard error
     */
    public record Result(int exitCode, String out, String err) {
    }

    /** Goes on if all these programs are there; else skips the test, or fails it in CI. */
    public static void require(String... tools) {
        for (String tool : tools) {
            if (find(tool).isEmpty()) {
                missing(tool + " is not installed here", isCi());
            }
        }
    }

    /** Whether a program is there. For choosing test data; a test that needs it says {@link #require}. */
    public static boolean has(String tool) {
        return find(tool).isPresent();
    }

    /** Goes on if this process is root, which {@code what} needs; else skips the test, in CI too. */
    public static void requireRoot(String what) {
        Assumptions.assumeTrue(isRoot(), () -> "skipped: " + what + ": only root can make them");
    }

    /** Whether this process is root. */
    public static boolean isRoot() {
        try {
            return Files.getAttribute(Path.of("/proc/self"), "unix:uid").equals(0);
        } catch (IOException | UnsupportedOperationException e) {
            return false;
        }
    }

    /** Whether nothing that apt can install may be missing. */
    public static boolean isCi() {
        return "true".equals(System.getenv("CI"));
    }

    static void missing(String what, boolean ci) {
        if (ci) {
            throw new AssertionFailedError(what + ", and in CI nothing may be skipped for want of a peer");
        }
        Assumptions.abort("skipped: " + what);
    }

    static Optional<Path> find(String tool) {
        String path = System.getenv("PATH");
        List<String> folders = new ArrayList<>(List.of(path == null ? new String[0] : path.split(":")));
        folders.addAll(MORE_FOLDERS);
        return folders.stream().filter(folder -> !folder.isEmpty()).map(folder -> Path.of(folder, tool))
                .filter(Files::isExecutable).filter(Files::isRegularFile).findFirst();
    }

    /**
     * Runs a program in {@code dir} and expects it to succeed.
     *
     * @return its output
     * @throws AssertionError naming the command and what it said, if it fails
     */
    public static Result run(Path dir, String... command) {
        Result result = tryRun(dir, command);
        if (result.exitCode() != 0) {
            throw new AssertionFailedError(describe(command, result));
        }
        return result;
    }

    /** Runs a program in {@code dir}, whatever its exit code. */
    public static Result tryRun(Path dir, String... command) {
        return tryRun(dir, PATIENCE, command);
    }

    /** As {@link #tryRun(Path, String...)}, with more or less patience than two minutes. */
    public static Result tryRun(Path dir, Duration patience, String... command) {
        try (PeerProcess process = start(dir, command)) {
            if (!process.process().waitFor(patience.toMillis(), TimeUnit.MILLISECONDS)) {
                throw new AssertionFailedError(
                        "after " + patience + " still running: " + describe(command, new Result(-1, process.out(), process.err())));
            }
            return new Result(process.process().exitValue(), process.out(), process.err());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionFailedError("interrupted while waiting for " + String.join(" ", command), e);
        }
    }

    /** Starts a program in {@code dir}, with nothing on its standard input; closing ends it and its children. */
    public static PeerProcess start(Path dir, String... command) {
        String program = command[0].indexOf('/') >= 0 ? command[0]
                : find(command[0]).map(Path::toString).orElse(command[0]);
        List<String> words = new ArrayList<>(List.of(command));
        words.set(0, program);
        try {
            Path folder = Files.createTempDirectory("peer");
            ProcessBuilder builder = new ProcessBuilder(words).directory(dir.toFile())
                    .redirectInput(ProcessBuilder.Redirect.from(new File("/dev/null")))
                    .redirectOutput(folder.resolve("out").toFile())
                    .redirectError(folder.resolve("err").toFile());
            builder.environment().put("LC_ALL", "C");
            try {
                return new PeerProcess(builder.start(), String.join(" ", command), folder);
            } catch (IOException e) {
                PeerProcess.delete(folder);
                throw e;
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot start " + String.join(" ", command), e);
        }
    }

    static String describe(String[] command, Result result) {
        return String.join(" ", command) + "\nexit code " + result.exitCode() + "\n" + result.out() + result.err();
    }

    static String text(Path file) {
        try {
            return new String(Files.readAllBytes(file), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}

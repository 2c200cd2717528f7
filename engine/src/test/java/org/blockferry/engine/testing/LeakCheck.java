package org.blockferry.engine.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.opentest4j.AssertionFailedError;

/**
 * After each test class: no thread runs our code any more, no file of a temporary folder is open, no child process lives. What
 * is about to end has time to. Registered for every class of every module, see {@code META-INF/services}; one that needs none
 * of it costs a millisecond.
 */
public final class LeakCheck implements BeforeAllCallback, AfterAllCallback {
    private static final long PATIENCE = TimeUnit.SECONDS.toNanos(20);
    private static final String OURS = "org.blockferry.";
    /** Reads what a process says until that ends, whoever started it. */
    private static final String OUTPUTS = "outputs of a process";

    /** What another class has left: it has been said once. */
    private List<String> before = List.of();

    @Override
    public void beforeAll(ExtensionContext context) {
        if (context.getRequiredTestClass().getEnclosingClass() == null) {
            before = left();
        }
    }

    @Override
    public void afterAll(ExtensionContext context) {
        if (context.getRequiredTestClass().getEnclosingClass() != null) {
            // What the class around it has set up is still to be used.
            return;
        }
        long deadline = System.nanoTime() + PATIENCE;
        List<String> left = since(before);
        while (!left.isEmpty() && System.nanoTime() < deadline) {
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20));
            left = since(before);
        }
        if (!left.isEmpty()) {
            throw new AssertionFailedError(context.getDisplayName() + " leaves behind: " + String.join("; ", left));
        }
    }

    private static List<String> since(List<String> before) {
        List<String> left = left();
        left.removeAll(before);
        return left;
    }

    static List<String> left() {
        List<String> left = new ArrayList<>(openFiles());
        ProcessHandle.current().children().filter(ProcessHandle::isAlive)
                .forEach(child -> left.add("process " + child.pid() + " " + child.info().commandLine().orElse("")));
        for (Map.Entry<Thread, StackTraceElement[]> thread : Thread.getAllStackTraces().entrySet()) {
            if (thread.getKey() != Thread.currentThread() && !thread.getKey().getName().equals(OUTPUTS)
                    && Arrays.stream(thread.getValue()).anyMatch(frame -> frame.getClassName().startsWith(OURS))) {
                left.add("thread " + thread.getKey().getName() + " in " + Arrays.stream(thread.getValue())
                        .map(StackTraceElement::getClassName).filter(name -> name.startsWith(OURS)).findFirst().orElseThrow());
            }
        }
        return left;
    }

    private static List<String> openFiles() {
        String folders = Path.of(System.getProperty("java.io.tmpdir")).resolve("junit").toString();
        return open(name -> name.startsWith(folders)).stream().map(name -> "open file " + name).toList();
    }

    /** The files below a folder that this process has open; none where the system does not tell. */
    public static List<String> openFiles(Path folder) {
        return open(name -> name.startsWith(folder + "/"));
    }

    private static List<String> open(Predicate<String> wanted) {
        Path all = Path.of("/proc/self/fd");
        if (!Files.isDirectory(all)) {
            return List.of();
        }
        try (Stream<Path> open = Files.list(all)) {
            return open.map(LeakCheck::target).filter(wanted).toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String target(Path link) {
        try {
            return Files.readSymbolicLink(link).toString();
        } catch (IOException e) {
            // Closed meanwhile.
            return "";
        }
    }
}

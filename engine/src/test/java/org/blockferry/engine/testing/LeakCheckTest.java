package org.blockferry.engine.testing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ServiceLoader;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.Extension;

/** The check is at work in this class itself; what it finds is tried on a thread and a process that are let go again. */
class LeakCheckTest {

    @Test
    void itIsRegisteredForEveryClass() throws IOException {
        try (InputStream properties = LeakCheck.class.getResourceAsStream("/junit-platform.properties")) {
            assertEquals("junit.jupiter.extensions.autodetection.enabled=true",
                    new String(properties.readAllBytes(), StandardCharsets.UTF_8).strip());
        }
        assertTrue(ServiceLoader.load(Extension.class).stream().anyMatch(found -> found.type() == LeakCheck.class));
    }

    @Test
    void aThreadOfOursIsFoundUntilItEnds() throws Exception {
        CountDownLatch begun = new CountDownLatch(1);
        CountDownLatch ended = new CountDownLatch(1);
        Thread thread = new Thread(() -> work(begun, ended), "leak-check-try");
        thread.start();
        try {
            begun.await();
            assertTrue(LeakCheck.left().contains("thread leak-check-try in org.blockferry.engine.testing.LeakCheckTest"),
                    LeakCheck.left().toString());
        } finally {
            ended.countDown();
            thread.join();
        }
        assertTrue(LeakCheck.left().stream().noneMatch(line -> line.contains("leak-check-try")), LeakCheck.left().toString());
    }

    @Test
    void aProcessIsFoundUntilItEnds() throws Exception {
        Process process = new ProcessBuilder("cat").start();
        try {
            assertTrue(LeakCheck.left().stream().anyMatch(line -> line.startsWith("process " + process.pid())),
                    LeakCheck.left().toString());
        } finally {
            process.destroyForcibly().waitFor();
        }
        assertTrue(LeakCheck.left().stream().noneMatch(line -> line.startsWith("process " + process.pid())),
                LeakCheck.left().toString());
    }

    private static void work(CountDownLatch begun, CountDownLatch ended) {
        begun.countDown();
        try {
            ended.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}

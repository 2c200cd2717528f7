package org.blockferry.drivers.posix;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.blockferry.engine.testing.Peers;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** In processes of its own: a library is loaded once in the life of one. */
class NativeLoaderTest {
    @TempDir
    private Path folder;

    /** What the processes run. */
    public static final class Probe {
        private Probe() {
        }

        public static void main(String[] arguments) {
            NativeAccess.warmUp();
            long start = System.nanoTime();
            boolean loaded = NativeAccess.instance().isPresent();
            System.out.println((loaded ? "loaded " : "none ") + NativeAccess.orRefusing().close(-1));
            System.err.println((System.nanoTime() - start) / 1000 + " microseconds");
        }
    }

    private Peers.Result probe(String... options) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(List.of(options));
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), Probe.class.getName()));
        return Peers.run(folder, command.toArray(String[]::new));
    }

    private static String loaded() {
        return NativeAccess.instance().isPresent() ? "loaded " + -Errno.EBADF : "none " + -Errno.ENOSYS;
    }

    @Test
    void loadsByItself() {
        assertEquals(loaded(), probe().out().strip());
    }

    @Test
    void loadsALibraryThatWasUnpackedBefore() throws Exception {
        String name = "/com/sun/jna/" + com.sun.jna.Platform.RESOURCE_PREFIX + "/libjnidispatch.so";
        try (InputStream library = com.sun.jna.Native.class.getResourceAsStream(name)) {
            Files.copy(library, folder.resolve("libjnidispatch.so"));
        }
        assertEquals(loaded(), probe("-Djna.boot.library.path=" + folder, "-Djna.nounpack=true", "-Djna.nosys=true",
                "-Djna.platform.library.path=").out().strip());
    }

    @Test
    void goesOnWithoutWhenTheLibraryCannotBeLoaded() {
        Peers.Result result = probe("-Djna.boot.library.path=" + folder, "-Djna.nounpack=true", "-Djna.nosys=true",
                "-Dorg.slf4j.simpleLogger.defaultLogLevel=debug");
        assertEquals("none " + -Errno.ENOSYS, result.out().strip());
        assertTrue(result.err().contains("JNA could not be loaded: holes are read as data"), result.err());
    }
}

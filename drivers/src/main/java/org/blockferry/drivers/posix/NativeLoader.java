package org.blockferry.drivers.posix;

import java.util.Locale;
import java.util.Optional;
import org.slf4j.LoggerFactory;

/**
 * Finds the implementation of {@link NativeAccess} once.
 *
 * <p>What that costs, best of nine starts, Java 17 and JNA 5.17 on two cores that others were using too (a first call after it
 * takes another 0.3 ms, later ones 0.7 µs with the seek):
 *
 * <pre>
 *   as it comes                                            140 ms
 *   library unpacked before                                144 ms   jna.boot.library.path=FOLDER, jna.nounpack, jna.nosys
 *   and no ldconfig run to look for system libraries       103 ms   jna.platform.library.path= (empty; we need only libc)
 *   and JNA's classes in the class-data archive             62 ms   java -XX:SharedArchiveFile
 *     of which JNA's own initialisation 20 to 30 ms, and linking libc 11 ms
 * </pre>
 *
 * <p>All of it is processor time of one thread, so {@link NativeAccess#warmUp} at the start of {@code main} hides what fits
 * beside the parsing of options and the loading of other classes.
 */
final class NativeLoader {
    private NativeLoader() {
    }

    static Optional<NativeAccess> instance() {
        return Holder.INSTANCE;
    }

    static void warmUp() {
        // No method reference: the first of a process costs milliseconds, which are to pass beside this thread, not before it.
        Thread thread = new Thread("native-warm-up") {
            @Override
            public void run() {
                NativeLoader.instance();
            }
        };
        thread.setDaemon(true);
        thread.start();
    }

    /** Class initialisation is the lock: a caller that comes while the warm-up runs waits for it. */
    private static final class Holder {
        static final Optional<NativeAccess> INSTANCE = load();
    }

    private static Optional<NativeAccess> load() {
        if (!isSupported(System.getProperty("os.name", ""), System.getProperty("os.arch", ""))) {
            return without("no native calls on this system: holes are read as data and nothing is copied in the kernel", null);
        }
        try {
            return Optional.of(new LinuxNative());
        } catch (LinkageError | RuntimeException e) {
            // The classes of JNA are missing, its library cannot be unpacked or loaded, or libc lacks a call.
            return without("JNA could not be loaded: holes are read as data and nothing is copied in the kernel", e);
        }
    }

    /**
     * Linux with 64-bit {@code long} and the generic ioctl numbers and open flags. {@code open}, {@code ioctl} and {@code
     * fcntl} take variable arguments and are called as if they did not, which is the same call on these two processors only.
     */
    static boolean isSupported(String system, String processor) {
        return system.toLowerCase(Locale.ROOT).equals("linux") && (processor.equals("amd64") || processor.equals("aarch64"));
    }

    private static Optional<NativeAccess> without(String message, Throwable cause) {
        LoggerFactory.getLogger(NativeAccess.class).debug(message, cause);
        return Optional.empty();
    }
}

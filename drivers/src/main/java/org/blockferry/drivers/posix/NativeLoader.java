package org.blockferry.drivers.posix;

import java.util.Locale;
import java.util.Optional;
import org.slf4j.LoggerFactory;

/** Finds the implementation of {@link NativeAccess} once. */
final class NativeLoader {
    private NativeLoader() {
    }

    static Optional<NativeAccess> instance() {
        return Holder.INSTANCE;
    }

    static void warmUp() {
        Thread thread = new Thread(NativeLoader::instance, "native-warm-up");
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

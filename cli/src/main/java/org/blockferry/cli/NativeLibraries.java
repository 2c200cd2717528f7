package org.blockferry.cli;

import com.github.luben.zstd.util.ZstdVersion;
import com.sun.jna.Platform;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Takes the native libraries of this machine out of the jar, once, so that not every start unpacks them to a temporary file. What
 * the jar does not have for this machine is left out; the libraries then help themselves.
 */
final class NativeLibraries {
    private static final String JNA = "libjnidispatch.so";
    private static final String ZSTD = "libzstd-jni.so";
    /** Where JNA looks for libraries; unless it is set, JNA starts ldconfig at every start to find out. */
    private static final String SYSTEM_FOLDERS = "jna.platform.library.path";

    private NativeLibraries() {
    }

    static void unpack(Path folder) throws IOException {
        // The places are those of JNA 5 (com.sun.jna.Platform) and of zstd-jni 1.5 (com.github.luben.zstd.util.Native).
        unpack("/com/sun/jna/" + Platform.RESOURCE_PREFIX + "/" + JNA, folder.resolve(JNA));
        unpack("/linux/" + System.getProperty("os.arch") + "/libzstd-jni-" + ZstdVersion.VERSION + ".so", folder.resolve(ZSTD));
    }

    private static void unpack(String resource, Path to) throws IOException {
        try (InputStream in = NativeLibraries.class.getResourceAsStream(resource)) {
            if (in != null) {
                Files.copy(in, to);
            }
        }
    }

    /**
     * The options for a JVM that is to use what was unpacked, each a line of an argument file.
     *
     * @param folder where it is now
     * @param later where it will be
     */
    static List<String> options(Path folder, Path later) {
        List<String> options = new ArrayList<>();
        if (Files.exists(folder.resolve(JNA))) {
            options.add("-Djna.nounpack=true");
            options.add("-Djna.nosys=true");
            // JNA makes a logger that is hardly ever used: java.util.logging need not read a configuration for it.
            options.add("-Djava.util.logging.manager=" + QuietLogs.class.getName());
            options.add(option("-Djna.boot.library.path=", later));
        }
        Optional.ofNullable(System.getProperty(SYSTEM_FOLDERS)).ifPresent(path -> options.add(option("-D" + SYSTEM_FOLDERS + "=", path)));
        if (Files.exists(folder.resolve(ZSTD))) {
            options.add(option("-DZstdNativePath=", later.resolve(ZSTD)));
        }
        return options;
    }

    /** One option, quoted for an argument file of the {@code java} command. */
    static String option(String name, Object value) {
        return "\"" + name + value.toString().replace("\\", "\\\\").replace("\"", "\\\"") + "\"";
    }
}

package org.blockferry.cli;

import com.sun.jna.Platform;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Takes the native libraries of this machine out of the jar, once, so that not every start unpacks them to a temporary file. What
 * the jar does not have for this machine is left out; the libraries then help themselves.
 */
final class NativeLibraries {
    private NativeLibraries() {
    }

    static void unpack(Path folder) throws IOException {
        // The places are those of JNA 5 (com.sun.jna.Platform) and of zstd-jni 1.5 (com.github.luben.zstd.util.Native).
        unpack("/com/sun/jna/" + Platform.RESOURCE_PREFIX + "/libjnidispatch.so", folder.resolve("libjnidispatch.so"));
        unpack("/linux/" + System.getProperty("os.arch") + "/libzstd-jni-" + zstdVersion() + ".so", folder.resolve("libzstd-jni.so"));
    }

    private static String zstdVersion() {
        return com.github.luben.zstd.util.ZstdVersion.VERSION;
    }

    private static void unpack(String resource, Path to) throws IOException {
        try (InputStream in = NativeLibraries.class.getResourceAsStream(resource)) {
            if (in != null) {
                Files.copy(in, to);
            }
        }
    }
}

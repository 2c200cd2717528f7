package org.blockferry.cli.interop;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import java.util.zip.CRC32C;

/**
 * What a folder holds: every name, and of files owner, mode, length and a checksum. Two that are equal say that nothing was made,
 * left behind or changed in between.
 */
record Snapshot(Map<String, String> entries) {

    static Snapshot of(Path folder) {
        Map<String, String> entries = new TreeMap<>();
        try (Stream<Path> all = Files.walk(folder)) {
            for (Path path : (Iterable<Path>) all::iterator) {
                entries.put(folder.relativize(path).toString(), describe(path));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return new Snapshot(entries);
    }

    private static String describe(Path path) throws IOException {
        if (Files.isSymbolicLink(path)) {
            return "-> " + Files.readSymbolicLink(path);
        }
        Map<String, Object> facts = Files.readAttributes(path, "unix:ino,uid,gid,mode,size", LinkOption.NOFOLLOW_LINKS);
        if (!Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS)) {
            return "mode " + facts.get("mode");
        }
        return facts + " " + checksum(path);
    }

    private static long checksum(Path path) throws IOException {
        CRC32C sum = new CRC32C();
        byte[] bytes = new byte[1 << 16];
        try (InputStream in = Files.newInputStream(path)) {
            for (int got = in.read(bytes); got >= 0; got = in.read(bytes)) {
                sum.update(bytes, 0, got);
            }
        }
        return sum.getValue();
    }
}

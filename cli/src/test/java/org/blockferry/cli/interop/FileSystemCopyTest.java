package org.blockferry.cli.interop;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.blockferry.cli.CliRun;
import org.blockferry.engine.testing.Peers;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A file system full of real files, those of the running JDK, is copied and is clean and the same afterwards. */
class FileSystemCopyTest {
    @TempDir
    static Path folder;

    @BeforeAll
    static void fileSystem() {
        Peers.require("qemu-img", "mke2fs", "e2fsck");
        Peers.run(folder, "mke2fs", "-q", "-F", "-t", "ext4", "-d", System.getProperty("java.home"), "fs.raw", "1G");
        Peers.run(folder, "qemu-img", "convert", "-f", "raw", "-O", "qcow2", "fs.raw", "fs.qcow2");
        Peers.run(folder, "qemu-img", "convert", "-c", "-W", "-f", "raw", "-O", "qcow2", "fs.raw", "fs-zlib.qcow2");
        Peers.run(folder, "qemu-img", "convert", "-c", "-W", "-f", "raw", "-O", "qcow2", "-o", "compression_type=zstd", "fs.raw",
                "fs-zstd.qcow2");
        Peers.run(folder, "qemu-img", "create", "-q", "-f", "qcow2", "-b", "fs.qcow2", "-F", "qcow2", "fs-overlay.qcow2");
    }

    @ParameterizedTest
    @ValueSource(strings = {"fs.raw", "fs.qcow2", "fs-zlib.qcow2", "fs-zstd.qcow2", "fs-overlay.qcow2"})
    void isCleanAndTheSameAfterTheCopy(String source) throws IOException {
        for (String target : List.of("copy.raw", "copy.qcow2")) {
            CliRun.of("copy", folder.resolve(source).toString(), folder.resolve(target).toString()).expect(0);
            String format = target.substring(target.indexOf('.') + 1);
            Peers.run(folder, "qemu-img", "compare", "-f", "raw", "-F", format, "fs.raw", target);
            if (format.equals("raw")) {
                Peers.run(folder, "e2fsck", "-fn", target);
            } else {
                Peers.run(folder, "qemu-img", "check", target);
                CliRun.of("copy", folder.resolve(target).toString(), folder.resolve("back.raw").toString()).expect(0);
                Peers.run(folder, "e2fsck", "-fn", "back.raw");
            }
            Files.delete(folder.resolve(target));
        }
    }
}

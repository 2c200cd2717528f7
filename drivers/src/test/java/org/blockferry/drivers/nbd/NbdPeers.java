package org.blockferry.drivers.nbd;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockSource;
import org.blockferry.engine.block.BlockStorage;
import org.blockferry.engine.block.ImageLocation;
import org.blockferry.engine.block.OpenOptions;
import org.blockferry.engine.testing.PeerProcess;
import org.blockferry.engine.testing.Peers;
import org.blockferry.engine.testing.TestImage;

/** Servers of other people for the tests of the client, each on a Unix socket, and nodes opened on them. */
final class NbdPeers {
    private NbdPeers() {
    }

    /** Starts nbdkit on {@code folder/sock}; the arguments are filters, plugin and parameters. */
    static PeerProcess nbdkit(Path folder, String... arguments) {
        Peers.require("nbdkit");
        return serve(folder, List.of("nbdkit", "-f", "--exit-with-parent", "-P", pidFile(folder).toString(),
                "-U", socket(folder).toString()), arguments);
    }

    /** Starts qemu-nbd on {@code folder/sock}, for several clients until it is closed. */
    static PeerProcess qemuNbd(Path folder, String... arguments) {
        Peers.require("qemu-nbd");
        return serve(folder, List.of("qemu-nbd", "-t", "-e", "8", "--pid-file", pidFile(folder).toString(),
                "-k", socket(folder).toString()), arguments);
    }

    private static PeerProcess serve(Path folder, List<String> program, String... arguments) {
        List<String> command = new ArrayList<>(program);
        command.addAll(List.of(arguments));
        // Both write this file once they listen; the socket is there a moment too early.
        return Peers.start(folder, command.toArray(String[]::new)).await(pidFile(folder));
    }

    private static Path pidFile(Path folder) {
        return folder.resolve("pid");
    }

    static Path socket(Path folder) {
        return folder.resolve("sock");
    }

    /** The default export of the server in {@code folder}. */
    static String uri(Path folder) {
        return "nbd+unix:///?socket=" + socket(folder);
    }

    static ImageLocation location(String uri) {
        return new ImageLocation(NbdDriver.NAME, uri, uri);
    }

    static NbdSource source(String uri, Map<String, String> options) throws BlockException {
        return (NbdSource) new NbdDriver().openSource(location(uri), OpenOptions.DEFAULT.withDriverOptions(options));
    }

    static BlockSource source(Path folder) throws BlockException {
        return source(uri(folder), Map.of());
    }

    static BlockStorage target(String uri, Map<String, String> options) throws BlockException {
        return (BlockStorage) new NbdDriver().openTarget(location(uri), OpenOptions.DEFAULT.withDriverOptions(options));
    }

    static BlockStorage target(Path folder) throws BlockException {
        return target(uri(folder), Map.of());
    }

    /** Writes an image as a raw file in which zeroes are holes. */
    static Path file(Path file, TestImage image) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            for (TestImage.Run run : image.runs()) {
                if (run.kind() == TestImage.Kind.DATA) {
                    ByteBuffer bytes = ByteBuffer.wrap(image.bytes(run.range()));
                    while (bytes.hasRemaining()) {
                        channel.write(bytes, run.range().offset() + bytes.position());
                    }
                }
            }
        }
        setLength(file, image.length());
        return file;
    }

    /** Makes a file longer, without data. */
    static Path setLength(Path file, long length) throws IOException {
        try (RandomAccessFile access = new RandomAccessFile(file.toFile(), "rw")) {
            access.setLength(length);
        }
        return file;
    }
}

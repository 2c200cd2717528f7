package org.blockferry.cli.interop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.blockferry.cli.CliRun;
import org.blockferry.cli.ServeRun;
import org.blockferry.engine.testing.PeerProcess;
import org.blockferry.engine.testing.Peers;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code serve --bitmap} and {@code --allocation-depth} say what {@code qemu-nbd -B} and {@code -A} say of the same image. */
@Timeout(180)
class ServeBitmapTest {
    private static final String DIRTY = "qemu:dirty-bitmap:";
    private static final String DEPTH = "qemu:allocation-depth";

    @TempDir
    Path folder;

    @BeforeEach
    void tools() {
        Peers.require("qemu-img", "qemu-io", "qemu-nbd", "nbdinfo");
    }

    private String path(String name) {
        return folder.resolve(name).toString();
    }

    private void io(String image, String... commands) {
        List<String> line = new ArrayList<>(List.of("qemu-io"));
        for (String each : commands) {
            line.addAll(List.of("-c", each));
        }
        line.add(image);
        Peers.run(folder, line.toArray(String[]::new));
    }

    private String map(String context, String uri) {
        return Peers.run(folder, "nbdinfo", "--json", "--map=" + context, uri).out();
    }

    /** What qemu-nbd says, in the order of the contexts. */
    private List<String> qemu(List<String> options, String image, String... contexts) throws IOException {
        String[] line = Stream.of(Stream.of("qemu-nbd", "-t", "-e", "4", "-f", "qcow2", "-k", path("q")), options.stream(),
                Stream.of(path(image))).flatMap(part -> part).toArray(String[]::new);
        try (PeerProcess server = Peers.start(folder, line)) {
            server.await(folder.resolve("q"));
            return Arrays.stream(contexts).map(context -> map(context, "nbd+unix:///?socket=" + path("q"))).toList();
        }
    }

    private List<String> ours(List<String> options, String image, String... contexts) {
        String[] line = Stream.of(Stream.of("--persistent", "-f", "qcow2", "--socket", path("o")), options.stream(),
                Stream.of(path(image))).flatMap(part -> part).toArray(String[]::new);
        try (ServeRun server = ServeRun.start(line)) {
            return Arrays.stream(contexts).map(context -> map(context, server.uri())).toList();
        }
    }

    /** Small clusters, so that a bitmap has many; sizes that end inside a bit. */
    @ParameterizedTest
    @CsvSource({"64k, 65536, 256M", "512, 512, 3000k", "4k, 1k, 70001k", "2M, 1M, 1T", "64k, 4k, 100000512"})
    void aBitmapIsTheOneThatQemuServes(String cluster, String granularity, String size) throws IOException {
        Peers.run(folder, "qemu-img", "create", "-q", "-f", "qcow2", "-o", "cluster_size=" + cluster, "disk.qcow2", size);
        Peers.run(folder, "qemu-img", "bitmap", "--add", "-g", granularity, "disk.qcow2", "first");
        Random random = new Random(size.hashCode());
        String[] writes = new String[40];
        for (int i = 0; i < writes.length; i++) {
            writes[i] = "write -P " + (i + 1) + " " + random.nextInt(2900) * 1024L + " " + (1 + random.nextInt(40)) * 512;
        }
        io("disk.qcow2", writes);
        Peers.run(folder, "qemu-img", "bitmap", "--disable", "disk.qcow2", "first");
        Peers.run(folder, "qemu-img", "bitmap", "--add", "-g", granularity, "disk.qcow2", "second");
        io("disk.qcow2", "write -P 1 1M 1M", "write -z 2M 300k");
        Peers.run(folder, "qemu-img", "bitmap", "--add", "disk.qcow2", "empty");
        String[] contexts = {DIRTY + "first", DIRTY + "second", DIRTY + "empty"};
        List<String> expected = new ArrayList<>();
        for (String name : List.of("first", "second", "empty")) {
            expected.addAll(qemu(List.of("-r", "-B", name), "disk.qcow2", DIRTY + name));
        }
        assertTrue(expected.get(0).contains("dirty"), expected.get(0));
        assertEquals(expected, ours(List.of("--read-only", "--bitmap", "first", "--bitmap", "second", "--bitmap", "empty"),
                "disk.qcow2", contexts));
    }

    @Test
    void aBitmapThatIsAllOnesNeedsNoClusterOfItsOwn() throws IOException {
        Peers.run(folder, "qemu-img", "create", "-q", "-f", "qcow2", "-o", "cluster_size=4k", "disk.qcow2", "64G");
        Peers.run(folder, "qemu-img", "bitmap", "--add", "-g", "64k", "disk.qcow2", "all");
        io("disk.qcow2", "write -z 0 1G", "write -z 1G 1G", "write -z 33G 1G");
        assertEquals(qemu(List.of("-r", "-B", "all"), "disk.qcow2", DIRTY + "all"),
                ours(List.of("--read-only", "--bitmap", "all"), "disk.qcow2", DIRTY + "all"));
    }

    /** A chain of three, the lowest the shortest; the bitmap is in the middle. */
    private void chain() {
        Peers.run(folder, "qemu-img", "create", "-q", "-f", "qcow2", "base.qcow2", "6M");
        io("base.qcow2", "write -P 1 0 2M", "write -z 3M 1M", "write -P 2 5M 1M");
        Peers.run(folder, "qemu-img", "create", "-q", "-f", "qcow2", "-b", "base.qcow2", "-F", "qcow2", "middle.qcow2", "7M");
        Peers.run(folder, "qemu-img", "bitmap", "--add", "-g", "64k", "middle.qcow2", "m");
        io("middle.qcow2", "write -P 3 1M 128k", "write -z 2M 64k", "write -P 3 6400k 64k");
        Peers.run(folder, "qemu-img", "bitmap", "--disable", "middle.qcow2", "m");
        Peers.run(folder, "qemu-img", "create", "-q", "-f", "qcow2", "-b", "middle.qcow2", "-F", "qcow2", "top.qcow2", "8M");
        io("top.qcow2", "write -P 4 1088k 64k", "write -z 5M 64k", "write -P 4 7900k 64k");
    }

    @Test
    void depthAndABitmapOfTheMiddleAreQemusReadOnlyAndWithWrites() throws IOException {
        chain();
        String[] contexts = {DEPTH, DIRTY + "m"};
        List<String> expected = qemu(List.of("-r", "-A", "-B", "m"), "top.qcow2", contexts);
        assertTrue(expected.get(0).contains("3"), expected.get(0));
        assertEquals(expected, ours(List.of("--read-only", "--allocation-depth", "--bitmap", "m"), "top.qcow2", contexts));
        assertEquals(expected, ours(List.of("--allocation-depth", "--bitmap", "m"), "top.qcow2", contexts));
    }

    @Test
    void whatIsWrittenChangesTheDepthAndNotADisabledBitmap() throws IOException {
        chain();
        Peers.run(folder, "qemu-img", "convert", "-f", "qcow2", "-O", "qcow2", "middle.qcow2", "own.qcow2");
        Peers.run(folder, "qemu-img", "bitmap", "--add", "top.qcow2", "t");
        io("top.qcow2", "write -P 5 4M 64k");
        Peers.run(folder, "qemu-img", "bitmap", "--disable", "top.qcow2", "t");
        Peers.run(folder, "cp", "top.qcow2", "theirs.qcow2");
        String write = "write -P 6 2M 192k";
        try (ServeRun server = ServeRun.start("--persistent", "-f", "qcow2", "--allocation-depth", "--bitmap", "t", "--socket",
                path("o"), path("top.qcow2"))) {
            Peers.run(folder, "qemu-io", "-f", "raw", "-c", write, server.uri());
            io("theirs.qcow2", write);
            assertEquals(qemu(List.of("-r", "-A", "-B", "t"), "theirs.qcow2", DEPTH, DIRTY + "t"),
                    List.of(map(DEPTH, server.uri()), map(DIRTY + "t", server.uri())));
        }
        Peers.run(folder, "qemu-img", "check", "-q", "top.qcow2");
        assertEquals(qemu(List.of("-r", "-B", "t"), "theirs.qcow2", DIRTY + "t"),
                qemu(List.of("-r", "-B", "t"), "top.qcow2", DIRTY + "t"));
    }

    @Test
    void whatCannotBeToldIsRefusedInOneLine() {
        chain();
        Peers.run(folder, "qemu-img", "bitmap", "--add", "top.qcow2", "enabled");
        CliRun none = CliRun.of("serve", "--read-only", "--bitmap", "no\nsuch", path("top.qcow2")).expect(1);
        assertEquals("blockferry: " + path("top.qcow2") + ": no image of the chain has a bitmap 'no\\x0asuch'\n", none.err());
        CliRun enabled = CliRun.of("serve", "--bitmap", "enabled", path("top.qcow2")).expect(1);
        assertEquals("blockferry: " + path("top.qcow2") + ": bitmap 'enabled' is enabled, and what is written here would be missing "
                + "in it; reading only, or a disabled one, is possible\n", enabled.err());
        Peers.run(folder, "qemu-img", "create", "-q", "-f", "raw", "disk.raw", "1M");
        CliRun.of("serve", "--read-only", "-f", "raw", "--bitmap", "x", path("disk.raw")).expect(1);
    }
}

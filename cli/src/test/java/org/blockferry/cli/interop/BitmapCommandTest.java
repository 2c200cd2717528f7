package org.blockferry.cli.interop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.blockferry.cli.CliRun;
import org.blockferry.engine.testing.Peers;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code bitmap}: the same line through qemu-img and through us; then QEMU says the same of the bitmaps, and check finds nothing. */
@Timeout(180)
class BitmapCommandTest {
    @TempDir
    Path theirs;
    @TempDir
    Path ours;
    private SameLine line;

    @BeforeEach
    void peers() {
        Peers.require("qemu-img", "qemu-io", "qemu-nbd", "nbdinfo");
        line = new SameLine(theirs, ours);
    }

    private void both(String... command) {
        Peers.run(theirs, command);
        Peers.run(ours, command);
    }

    private void sameBitmaps(String image, String what) {
        assertEquals(QemuBitmaps.of(theirs.resolve(image)), QemuBitmaps.of(ours.resolve(image)), what);
        Peers.run(ours, "qemu-img", "check", "-q", "-f", "qcow2", image);
        Peers.run(ours, "qemu-img", "compare", "-q", "-f", "qcow2", "-F", "qcow2", image, theirs.resolve(image).toString());
    }

    /** Seeded steps: writes by QEMU, actions by each on its own image; what both refuse stays as it was. */
    @ParameterizedTest(name = "{0}")
    @ValueSource(strings = {"cluster_size=64k", "cluster_size=512", "extended_l2=on,cluster_size=16k", "cluster_size=2M",
        "cluster_size=4k,preallocation=metadata", "data_file=data.bin,data_file_raw=on", "backing_file=base.raw,backing_fmt=raw"})
    void keepsTheBitmapsThatQemuKeeps(String options) {
        both("qemu-img", "create", "-q", "-f", "raw", "base.raw", "3000k");
        both("qemu-img", "create", "-q", "-f", "qcow2", "-o", options, "disk.qcow2", "3000k");
        Random random = new Random(options.hashCode());
        String[] names = {"a", "b", "c"};
        String[] granularities = {"512", "4k", "64k", "1M"};
        StringBuilder log = new StringBuilder(options);
        List<String> done = new ArrayList<>();
        for (int step = 0; step < 16; step++) {
            String write = "write -P " + (step + 1) + " " + random.nextInt(2 << 20) / 512 * 512 + " " + (1 + random.nextInt(300)) * 512;
            both("qemu-io", "-c", write, "disk.qcow2");
            List<String> words = new ArrayList<>(List.of("bitmap"));
            int actions = 1 + random.nextInt(2);
            for (int i = 0; i < actions; i++) {
                switch (step < 4 ? 0 : random.nextInt(7)) {
                    case 0, 1 -> words.addAll(List.of("--add", "-g", granularities[random.nextInt(granularities.length)]));
                    case 2 -> words.add("--remove");
                    case 3 -> words.add("--clear");
                    case 4 -> words.add("--enable");
                    case 5 -> words.add("--disable");
                    default -> words.addAll(List.of("--merge", names[random.nextInt(names.length)]));
                }
            }
            words.addAll(List.of("@disk.qcow2", names[random.nextInt(names.length)]));
            log.append("; ").append(write).append("; ").append(words);
            if (line.run(words.toArray(String[]::new)).sameCode().ours().code() == 0) {
                done.addAll(words);
            }
        }
        sameBitmaps("disk.qcow2", log.toString());
        assertTrue(done.contains("--add") && done.size() > 20, () -> "little was done: " + log);
    }

    @Test
    void eachStepOfALifeIsThatOfQemuImg() {
        both("qemu-img", "create", "-q", "-f", "qcow2", "disk.qcow2", "10M");
        for (String words : List.of("--add @disk.qcow2 x", "--add -g 4k @disk.qcow2 fine", "--disable @disk.qcow2 x",
                "--add --merge x --merge fine --disable @disk.qcow2 both", "--enable @disk.qcow2 x", "--clear -f qcow2 @disk.qcow2 fine",
                "--merge both @disk.qcow2 fine", "--add --remove @disk.qcow2 none", "--merge both @disk.qcow2 both",
                "--image-opts --disable driver=qcow2,file.filename=@disk.qcow2 fine",
                "--object secret,id=s,data=x --remove @disk.qcow2 x", "--add --remove --remove @disk.qcow2 none",
                "--add --merge nope @disk.qcow2 half", "--remove @disk.qcow2 both", "--remove @disk.qcow2 half", "--remove @disk.qcow2 fine")) {
            both("qemu-io", "-c", "write " + words.length() * 100_352L + " 70000", "disk.qcow2");
            line.run(("bitmap " + words).split(" ")).sameCode();
            sameBitmaps("disk.qcow2", words);
        }
        assertEquals(List.of(), QemuBitmaps.of(ours.resolve("disk.qcow2")));
    }

    @Test
    void mergesFromAnotherImage() {
        both("qemu-img", "create", "-q", "-f", "qcow2", "-o", "cluster_size=4k", "source.qcow2", "40M");
        both("qemu-img", "create", "-q", "-f", "qcow2", "disk.qcow2", "40M");
        both("qemu-img", "bitmap", "--add", "-g", "1k", "source.qcow2", "s");
        both("qemu-io", "-c", "write 3M 1000", "-c", "write 30M 5M", "-c", "write 41942528 512", "source.qcow2");
        line.run("bitmap", "--add", "--merge", "s", "-b", "@source.qcow2", "-F", "qcow2", "@disk.qcow2", "d").sameCode();
        line.run("bitmap", "--merge", "s", "-b", "@source.qcow2", "-g", "64k", "--add", "@disk.qcow2", "e").sameCode();
        sameBitmaps("disk.qcow2", "merged");
        assertTrue(QemuBitmaps.dirty(ours.resolve("disk.qcow2"), "d").contains("dirty"));
    }

    static Stream<Arguments> errors() {
        return Stream.of(
                Arguments.of("--add @disk.qcow2 x", "Operation add on bitmap x failed: Bitmap already exists: x (disk.qcow2)"),
                Arguments.of("--add -g 100 @disk.qcow2 y", "Operation add on bitmap y failed: Granularity must be power of 2 and at least 512"),
                Arguments.of("--add -g 4G @disk.qcow2 y", "Operation add on bitmap y failed: Granularity must be power of 2 and at least 512"),
                Arguments.of("--remove @disk.qcow2 nope", "Operation remove on bitmap nope failed: Dirty bitmap 'nope' not found"),
                Arguments.of("--merge nope @disk.qcow2 x", "Operation merge on bitmap x failed: Dirty bitmap 'nope' not found"),
                Arguments.of("--clear --enable @disk.qcow2 nope", "Operation clear on bitmap nope failed: Dirty bitmap 'nope' not found"),
                Arguments.of("--add @v2.qcow2 x", "Cannot store dirty bitmaps in qcow2 v2 files"),
                Arguments.of("--add -f raw @disk.raw x", "Operation add on bitmap x failed: Can't store persistent bitmaps to "),
                Arguments.of("--remove -f raw @disk.raw x", "Operation remove on bitmap x failed: Dirty bitmap 'x' not found"),
                Arguments.of("--merge y -b @other.qcow2 @disk.qcow2 x", "Operation merge on bitmap x failed: Bitmaps are of different sizes "
                        + "(destination size is 10485760, source size is 20971520) and can't be merged"),
                Arguments.of("--merge y -b @missing @disk.qcow2 x", "Could not open 'missing'"),
                Arguments.of("--add @missing x", "Could not open 'missing'"),
                Arguments.of("@disk.qcow2 x", "Need at least one of --add, --remove, --clear, --enable, --disable, or --merge"),
                Arguments.of("--add @disk.qcow2", "Expecting filename and bitmap name"),
                Arguments.of("--add @disk.qcow2 y z", "Expecting filename and bitmap name"),
                Arguments.of("--add -g 1x @disk.qcow2 y", "Invalid granularity specified. You may use k, M, G, T, P or E suffixes for"),
                Arguments.of("--remove -g 64k @disk.qcow2 x", "granularity only supported with --add"),
                Arguments.of("--remove -b @other.qcow2 @disk.qcow2 x", "Merge bitmap source file only supported with --merge"),
                Arguments.of("--add -F qcow2 @disk.qcow2 y", "-F only supported with -b"),
                Arguments.of("--image-opts -f qcow2 --add driver=qcow2,file.filename=@disk.qcow2 y",
                        "--image-opts and --format are mutually exclusive"),
                Arguments.of("--add -g 512 @large.qcow2 y", "Too much space will be occupied by the bitmap. Use larger granularity"),
                Arguments.of("--add @disk.qcow2 " + "n".repeat(1024), "Name length exceeds maximum (1023 characters)"),
                Arguments.of("--clear @lost.qcow2 x", "Operation clear on bitmap x failed: Bitmap 'x' is inconsistent and cannot be used"),
                Arguments.of("--merge x @lost.qcow2 y", "Operation merge on bitmap y failed: Bitmap 'x' is inconsistent and cannot be used"),
                Arguments.of("--enable @lost.qcow2 x", "Operation enable on bitmap x failed: Bitmap 'x' is inconsistent and cannot be used"));
    }

    private void images(Path folder) {
        Peers.run(folder, "qemu-img", "create", "-q", "-f", "qcow2", "disk.qcow2", "10M");
        Peers.run(folder, "qemu-img", "bitmap", "--add", "disk.qcow2", "x");
        Peers.run(folder, "qemu-img", "create", "-q", "-f", "qcow2", "-o", "compat=0.10", "v2.qcow2", "10M");
        Peers.run(folder, "qemu-img", "create", "-q", "-f", "qcow2", "large.qcow2", "4T");
        Peers.run(folder, "qemu-img", "create", "-q", "-f", "raw", "disk.raw", "10M");
        Peers.run(folder, "qemu-img", "create", "-q", "-f", "qcow2", "other.qcow2", "20M");
        Peers.run(folder, "qemu-img", "bitmap", "--add", "other.qcow2", "y");
        Peers.run(folder, "cp", "disk.qcow2", "lost.qcow2");
        lose(folder.resolve("lost.qcow2"));
        Peers.run(folder, "qemu-img", "bitmap", "--add", "lost.qcow2", "y");
    }

    /** QEMU is ended while it records. */
    static void lose(Path image) {
        Peers.tryRun(image.getParent(), "qemu-io", "-c", "write 0 64k", "-c", "abort", image.toString());
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource
    void errors(String words, String reason) throws IOException {
        images(theirs);
        images(ours);
        Snapshot before = Snapshot.of(ours);
        line.run(("bitmap " + words).split(" ")).failed(reason);
        assertEquals(before, Snapshot.of(ours), "nothing is changed");
    }

    @Test
    void aBitmapThatWasLostCanBeRemoved() {
        images(theirs);
        images(ours);
        assertTrue(QemuBitmaps.of(ours.resolve("lost.qcow2")).get(0).contains("in-use"));
        line.run("bitmap", "--remove", "@lost.qcow2", "x").sameCode();
        assertEquals(1, QemuBitmaps.of(ours.resolve("lost.qcow2")).size());
        Peers.run(ours, "qemu-img", "check", "-q", "lost.qcow2");
    }

    /** The name of the backing file has to move, and a crowded header keeps what matters. */
    @Test
    void theHeaderKeepsEverythingElse() throws IOException {
        String base = "b".repeat(200) + ".raw";
        both("qemu-img", "create", "-q", "-f", "raw", base, "1M");
        both("qemu-img", "create", "-q", "-f", "qcow2", "-b", base, "-F", "raw", "-o", "lazy_refcounts=on,compression_type=zstd",
                "disk.qcow2");
        String image = ours.resolve("disk.qcow2").toString();
        Object before = CliRun.object(Peers.run(ours, "qemu-img", "info", "--output", "json", image).out()).get("full-backing-filename");
        line.run("bitmap", "--add", "@disk.qcow2", "x").sameCode();
        line.run("bitmap", "--add", "@disk.qcow2", "y").sameCode();
        sameBitmaps("disk.qcow2", "two");
        assertEquals(before, CliRun.object(Peers.run(ours, "qemu-img", "info", "--output", "json", image).out()).get("full-backing-filename"));
        line.run("bitmap", "--remove", "@disk.qcow2", "x").sameCode();
        line.run("bitmap", "--remove", "@disk.qcow2", "y").sameCode();
        sameBitmaps("disk.qcow2", "none");
        byte[] head = new byte[4096];
        try (var in = Files.newInputStream(Path.of(image))) {
            assertEquals(head.length, in.readNBytes(head, 0, head.length));
        }
        assertTrue(new String(head, java.nio.charset.StandardCharsets.ISO_8859_1).contains("lazy refcounts"), "feature names stay");
        assertTrue(IntStream.range(0, 8).anyMatch(i -> head[80 + i] != 0), "lazy refcounts are still on");
    }
}

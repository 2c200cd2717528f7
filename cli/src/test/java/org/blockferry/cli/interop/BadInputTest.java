package org.blockferry.cli.interop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.blockferry.cli.CliRun;
import org.blockferry.engine.testing.Peers;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What cannot be copied: one line on stderr that names the file and the reason, a code that is not zero, and everything as it was.
 * Where qemu-img has the same case it refuses as well, but for the rows that say otherwise.
 */
class BadInputTest {
    private static final int MIB = 1 << 20;
    /** Where the fields of a qcow2 header stand: docs/interop/qcow2.txt of QEMU. */
    private static final int VERSION = 4;
    private static final int BACKING_OFFSET = 8;
    private static final int BACKING_LENGTH = 16;
    private static final int CLUSTER_BITS = 20;
    private static final int SIZE = 24;
    private static final int CRYPT_METHOD = 32;
    private static final int L1_SIZE = 36;
    private static final int L1_OFFSET = 40;
    private static final int REFCOUNT_OFFSET = 48;
    private static final int SNAPSHOTS = 60;
    private static final int SNAPSHOTS_OFFSET = 64;
    private static final int INCOMPATIBLE = 72;
    private static final int REFCOUNT_ORDER = 96;
    private static final int HEADER_LENGTH = 100;

    @TempDir
    static Path folder;

    /**
     * One row.
     *
     * @param code exit code
     * @param message parts of the line; {@code @} stands for the folder
     * @param words after {@code copy}; {@code @} stands for the folder
     * @param qemu words after {@code qemu-img convert} for the same case, which it refuses; empty: it has no such case, or takes it
     */
    record Bad(String name, int code, List<String> message, List<String> words, List<String> qemu) {
        @Override
        public String toString() {
            return name;
        }
    }

    private static Bad bad(String name, int code, String message, String words) {
        return new Bad(name, code, List.of(message.split("\\|")), split(words), List.of());
    }

    private static Bad badForQemuToo(String name, int code, String message, String words) {
        return new Bad(name, code, List.of(message.split("\\|")), split(words), split(words));
    }

    /** Words between blanks; {@code ''} is the empty word. */
    private static List<String> split(String words) {
        return Arrays.stream(words.split(" ")).map(word -> word.equals("''") ? "" : word).toList();
    }

    @BeforeAll
    static void images() throws IOException {
        Peers.require("qemu-img", "qemu-io");
        byte[] data = new byte[MIB / 4];
        new Random(11).nextBytes(data);
        Files.write(folder.resolve("disk.raw"), data);
        try (RandomAccessFile file = new RandomAccessFile(folder.resolve("disk.raw").toFile(), "rw")) {
            file.setLength(2 * MIB);
        }
        qemuImg("convert", "-f", "raw", "-O", "qcow2", "disk.raw", "disk.qcow2");
        Files.write(folder.resolve("old.raw"), Arrays.copyOf(data, 5000));
        Files.write(folder.resolve("old.qcow2"), Files.readAllBytes(folder.resolve("disk.qcow2")));
        Files.createDirectory(folder.resolve("dir"));
        Files.createSymbolicLink(folder.resolve("nowhere.raw"), Path.of("gone.raw"));
        Files.createSymbolicLink(folder.resolve("round.raw"), Path.of("round.raw"));
        Files.createSymbolicLink(folder.resolve("link.raw"), Path.of("disk.raw"));
        Files.createLink(folder.resolve("hard.raw"), folder.resolve("disk.raw"));
        makeChains();
        makeBroken();
    }

    private static void makeChains() throws IOException {
        qemuImg("create", "-q", "-f", "qcow2", "base.qcow2", "2M");
        Peers.run(folder, "qemu-io", "-f", "qcow2", "-c", "write -P 7 0 1M", "base.qcow2");
        qemuImg("create", "-q", "-f", "qcow2", "-b", "base.qcow2", "-F", "qcow2", "overlay.qcow2");
        Peers.run(folder, "qemu-io", "-f", "qcow2", "-c", "write -P 8 512k 64k", "overlay.qcow2");
        Files.createLink(folder.resolve("base-too.qcow2"), folder.resolve("base.qcow2"));
        qemuImg("create", "-q", "-f", "qcow2", "other.qcow2", "2M");
        Peers.run(folder, "qemu-io", "-f", "qcow2", "-c", "write -P 7 0 1M", "-c", "write -P 9 65535 1", "other.qcow2");
        qemuImg("create", "-q", "-f", "qcow2", "short.qcow2", "1M");
        Peers.run(folder, "qemu-io", "-f", "qcow2", "-c", "write -P 7 0 1M", "short.qcow2");
        Files.copy(folder.resolve("base.qcow2"), folder.resolve("lost.qcow2"));
        qemuImg("create", "-q", "-f", "qcow2", "-b", "lost.qcow2", "-F", "qcow2", "orphan.qcow2");
        Files.delete(folder.resolve("lost.qcow2"));
        qemuImg("create", "-q", "-f", "qcow2", "-o", "data_file=data.raw", "split.qcow2", "1M");
        qemuImg("create", "-q", "-f", "qcow2", "-b", "base.qcow2", "-F", "qcow2", "loop1.qcow2");
        qemuImg("create", "-q", "-f", "qcow2", "-b", "loop1.qcow2", "-F", "qcow2", "loop2.qcow2");
        qemuImg("rebase", "-u", "-b", "loop2.qcow2", "-F", "qcow2", "loop1.qcow2");
        qemuImg("create", "-q", "-f", "qcow2", "-b", "base.qcow2", "-F", "qcow2", "wrong.qcow2");
        qemuImg("rebase", "-u", "-b", "disk.raw", "-F", "qcow2", "wrong.qcow2");
    }

    /** Copies of {@code disk.qcow2}, each cut short or with one field changed. */
    private static void makeBroken() throws IOException {
        long l1 = number(L1_OFFSET, 8);
        long l2 = at(l1) & 0x00fffffffffffe00L;
        cut("cut-header.qcow2", 100);
        cut("cut-l1.qcow2", l1 + 4);
        cut("cut-l2.qcow2", l2 + 8);
        cut("cut-data.qcow2", Files.size(folder.resolve("disk.qcow2")) - 65536);
        patch("version.qcow2", VERSION, 4, 7);
        patch("backing-name.qcow2", BACKING_OFFSET, 8, 70000, BACKING_LENGTH, 4, 10);
        patch("backing-length.qcow2", BACKING_OFFSET, 8, 600, BACKING_LENGTH, 4, 2000);
        patch("cluster-bits.qcow2", CLUSTER_BITS, 4, 40);
        patch("size.qcow2", SIZE, 8, 1L << 62);
        patch("crypt.qcow2", CRYPT_METHOD, 4, 2);
        patch("crypt-unknown.qcow2", CRYPT_METHOD, 4, 77);
        patch("l1-size.qcow2", L1_SIZE, 4, 0);
        patch("l1-huge.qcow2", L1_SIZE, 4, 0x7fffffff);
        patch("l1-past.qcow2", L1_OFFSET, 8, 1L << 40);
        patch("l1-unaligned.qcow2", L1_OFFSET, 8, l1 + 512);
        patch("refcount-unaligned.qcow2", REFCOUNT_OFFSET, 8, 77);
        patch("refcount-order.qcow2", REFCOUNT_ORDER, 4, 9);
        patch("header-length.qcow2", HEADER_LENGTH, 4, 1 << 30);
        patch("snapshots.qcow2", SNAPSHOTS, 4, 70000);
        patch("snapshots-past.qcow2", SNAPSHOTS, 4, 1, SNAPSHOTS_OFFSET, 8, 1L << 40);
        patch("feature.qcow2", INCOMPATIBLE, 8, 1L << 40);
        patch("corrupt.qcow2", INCOMPATIBLE, 8, 2);
        patch("l1-entry.qcow2", (int) l1, 8, 1L << 63 | 1L << 50);
        patch("l1-entry-unaligned.qcow2", (int) l1, 8, 1L << 63 | l2 + 512);
        patch("l2-entry.qcow2", (int) l2, 8, 1L << 63 | 1L << 50);
        patch("l2-entry-unaligned.qcow2", (int) l2, 8, 1L << 63 | 512);
        patch("compressed.qcow2", (int) l2, 8, 1L << 62 | 1L << 40);
    }

    private static void qemuImg(String... words) {
        List<String> line = new ArrayList<>(List.of("qemu-img"));
        line.addAll(List.of(words));
        Peers.run(folder, line.toArray(String[]::new));
    }

    private static long number(int at, int bytes) throws IOException {
        return bytes == 8 ? at(at) : at(at) >>> 32;
    }

    private static long at(long offset) throws IOException {
        try (RandomAccessFile file = new RandomAccessFile(folder.resolve("disk.qcow2").toFile(), "r")) {
            file.seek(offset);
            return file.readLong();
        }
    }

    private static void cut(String name, long length) throws IOException {
        Files.copy(folder.resolve("disk.qcow2"), folder.resolve(name));
        try (RandomAccessFile file = new RandomAccessFile(folder.resolve(name).toFile(), "rw")) {
            file.setLength(length);
        }
    }

    /** @param fields offset, bytes, value, and so on */
    private static void patch(String name, long... fields) throws IOException {
        Files.copy(folder.resolve("disk.qcow2"), folder.resolve(name));
        try (RandomAccessFile file = new RandomAccessFile(folder.resolve(name).toFile(), "rw")) {
            for (int i = 0; i < fields.length; i += 3) {
                file.seek(fields[i]);
                if (fields[i + 1] == 8) {
                    file.writeLong(fields[i + 2]);
                } else {
                    file.writeInt((int) fields[i + 2]);
                }
            }
        }
    }

    static Stream<Bad> sources() {
        return Stream.of(
                badForQemuToo("missing", 1, "@/missing.raw: No such file or directory", "@/missing.raw @/t"),
                badForQemuToo("a link to nothing", 1, "@/nowhere.raw: No such file or directory", "@/nowhere.raw @/t"),
                badForQemuToo("a link to itself", 1, "@/round.raw: |Too many levels of symbolic links", "@/round.raw @/t"),
                badForQemuToo("a folder", 1, "@/dir: Is a directory", "@/dir @/t"),
                badForQemuToo("one of several is missing", 1, "@/missing.raw: No such", "@/disk.raw @/missing.raw @/t"),
                badForQemuToo("unknown format", 2, "Unknown file format 'xyz'; known are |qcow2|raw", "-f xyz @/disk.raw @/t"),
                badForQemuToo("not of the format", 1, "@/disk.raw: Image is not in qcow2 format", "-f qcow2 @/disk.raw @/t"),
                badForQemuToo("no such snapshot", 1, "@/disk.qcow2: |'before'", "-l before @/disk.qcow2 @/t"),
                badForQemuToo("an overlay whose base is gone", 1, "@/orphan.qcow2: |backing file|lost.qcow2': No such file",
                        "@/orphan.qcow2 @/t"),
                badForQemuToo("a base of another format than the overlay says", 1, "disk.raw|Image is not in qcow2 format",
                        "@/wrong.qcow2 @/t"),
                bad("a chain in a circle", 1, "loop|backing", "@/loop1.qcow2 @/t"),
                bad("untrusted with a base", 1, "@/overlay.qcow2: |backing file|untrusted", "--untrusted @/overlay.qcow2 @/t"),
                bad("untrusted with a data file", 1, "@/split.qcow2: external data file is 'data.raw'", "--untrusted @/split.qcow2 @/t"),
                badForQemuToo("header cut", 1, "@/cut-header.qcow2: |100", "-f qcow2 @/cut-header.qcow2 @/t"),
                // qemu-img reads what is cut off as zeroes and exits 0.
                bad("L1 table cut", 1, "@/cut-l1.qcow2: l1_table_offset is 1|past the file's", "@/cut-l1.qcow2 @/t"),
                bad("L2 table cut", 1, "@/cut-l2.qcow2: L1 entry|0x0|past the file's", "@/cut-l2.qcow2 @/t"),
                bad("data cut", 1, "@/cut-data.qcow2: L2 entry|past the file's", "@/cut-data.qcow2 @/t"),
                badForQemuToo("version", 1, "@/version.qcow2: |version|7", "@/version.qcow2 @/t"),
                badForQemuToo("name of the base past the header", 1, "@/backing-name.qcow2: backing_file_offset is 70000|65",
                        "@/backing-name.qcow2 @/t"),
                badForQemuToo("length of the base's name", 1, "@/backing-length.qcow2: backing_file_size is 2000|1023",
                        "@/backing-length.qcow2 @/t"),
                badForQemuToo("cluster bits", 1, "@/cluster-bits.qcow2: cluster_bits is 40|21", "@/cluster-bits.qcow2 @/t"),
                badForQemuToo("a disk too large for its L1 table", 1, "@/size.qcow2: |size", "@/size.qcow2 @/t"),
                badForQemuToo("encrypted", 1, "@/crypt.qcow2: |LUKS|encrypt", "@/crypt.qcow2 @/t"),
                badForQemuToo("encrypted in an unknown way", 1, "@/crypt-unknown.qcow2: crypt_method is 77",
                        "@/crypt-unknown.qcow2 @/t"),
                badForQemuToo("L1 table too small", 1, "@/l1-size.qcow2: l1_size is 0", "@/l1-size.qcow2 @/t"),
                badForQemuToo("L1 table too large", 1, "@/l1-huge.qcow2: l1_size is 2147483647", "@/l1-huge.qcow2 @/t"),
                bad("L1 table past the file", 1, "@/l1-past.qcow2: l1_table_offset is 1099511627776|past the file's",
                        "@/l1-past.qcow2 @/t"),
                badForQemuToo("L1 table off the clusters", 1, "@/l1-unaligned.qcow2: l1_table_offset is ", "@/l1-unaligned.qcow2 @/t"),
                badForQemuToo("refcount table off the clusters", 1, "@/refcount-unaligned.qcow2: refcount_table_offset is 77",
                        "@/refcount-unaligned.qcow2 @/t"),
                badForQemuToo("refcount order", 1, "@/refcount-order.qcow2: refcount_order is 9|6", "@/refcount-order.qcow2 @/t"),
                badForQemuToo("header length", 1, "@/header-length.qcow2: header_length is 1073741824", "@/header-length.qcow2 @/t"),
                badForQemuToo("too many snapshots", 1, "@/snapshots.qcow2: nb_snapshots is 70000|65536", "@/snapshots.qcow2 @/t"),
                bad("snapshots past the file", 1, "@/snapshots-past.qcow2: snapshots_offset is 1099511627776",
                        "@/snapshots-past.qcow2 @/t"),
                badForQemuToo("unknown incompatible feature", 1, "@/feature.qcow2: |incompatible feature|10000000000", "@/feature.qcow2 @/t"),
                bad("L1 entry past the file", 1, "@/l1-entry.qcow2: L1 entry for guest offset 0x0 is 0x8004000000000000",
                        "@/l1-entry.qcow2 @/t"),
                badForQemuToo("L1 entry off the clusters", 1, "@/l1-entry-unaligned.qcow2: L1 entry for guest offset 0x0",
                        "@/l1-entry-unaligned.qcow2 @/t"),
                bad("L2 entry past the file", 1, "@/l2-entry.qcow2: L2 entry for guest offset 0x0 is 0x8004000000000000",
                        "@/l2-entry.qcow2 @/t"),
                badForQemuToo("L2 entry off the clusters", 1, "@/l2-entry-unaligned.qcow2: L2 entry for guest offset 0x0",
                        "@/l2-entry-unaligned.qcow2 @/t"),
                badForQemuToo("compressed cluster past the file", 1, "@/compressed.qcow2: |guest offset 0x0", "@/compressed.qcow2 @/t"),
                bad("a size that is missing", 1, "memory|size", "memory: @/t"),
                bad("a size that is none", 1, "size is '1Z'", "sparse-random:1Z @/t"));
    }

    static Stream<Bad> targets() {
        return Stream.of(
                badForQemuToo("a folder", 1, "@/dir: Is a directory", "@/disk.raw @/dir"),
                badForQemuToo("in a folder that is not there", 1, "@/no/t: |No such file or directory", "@/disk.raw @/no/t"),
                badForQemuToo("in a file", 1, "@/old.raw/t: |Not a directory", "@/disk.raw @/old.raw/t"),
                badForQemuToo("unknown format", 2, "Unknown file format 'xyz'", "-O xyz @/disk.raw @/t"),
                bad("the source", 1, "@/disk.raw: the target is an image that is read: '@/disk.raw'", "@/disk.raw @/disk.raw"),
                bad("the source by a link", 1, "@/link.raw: the target is an image that is read: '@/disk.raw'", "@/disk.raw @/link.raw"),
                bad("the source by another name", 1, "@/hard.raw: the target is an image that is read: '@/disk.raw'",
                        "@/disk.raw @/hard.raw"),
                bad("one of several sources", 1, "@/disk.raw: the target is an image", "@/old.raw @/link.raw @/disk.raw"),
                bad("the source's base", 1, "@/base.qcow2: the target is an image that is read", "@/overlay.qcow2 @/base.qcow2"),
                bad("the source's base by another name", 1, "@/base-too.qcow2: the target is an image that is read",
                        "@/overlay.qcow2 @/base-too.qcow2"),
                bad("the kept base", 1, "@/base.qcow2: the target is an image that is read",
                        "-B @/base.qcow2 @/disk.raw @/base.qcow2"),
                bad("the source's data file", 1, "@/data.raw: the target is an image that is read", "@/split.qcow2 @/data.raw"),
                bad("the source's data file, in place and shared", 1, "@/data.raw: the target is an image that is read",
                        "-U -n -O raw @/split.qcow2 @/data.raw"),
                bad("the source, in place", 1, "@/hard.raw: the target is an image that is read", "-n @/disk.raw @/hard.raw"),
                badForQemuToo("too small to write in place", 1, "@/old.raw: the target has 5000 bytes|the source 2097152",
                        "-n @/disk.raw @/old.raw"),
                badForQemuToo("not there to write in place", 1, "@/t: No such file or directory|-n", "-n @/disk.raw @/t"),
                badForQemuToo("a qcow2 image too small to write in place", 1, "@/short.qcow2: the target has 1048576 bytes|2097152",
                        "-n -O qcow2 @/disk.raw @/short.qcow2"),
                // qemu-img takes it, and makes the file as long as the table's offset says.
                bad("broken, to write in place", 1, "@/l1-past.qcow2: l1_table_offset", "-n -O qcow2 @/disk.raw @/l1-past.qcow2"),
                bad("a stream of qcow2", 1, "-: a stream takes a raw disk only|qcow2", "-O qcow2 @/disk.raw -"),
                bad("raw with a base", 1, "@/t: a raw disk has no backing file (-B)", "-O raw -B @/base.qcow2 @/overlay.qcow2 @/t"));
    }

    static Stream<Bad> bases() {
        return Stream.of(
                badForQemuToo("missing", 1, "backing file '@/missing.qcow2': No such file or directory",
                        "-O qcow2 -B @/missing.qcow2 -F qcow2 @/overlay.qcow2 @/t"),
                bad("of another format than claimed", 1, "@/base.qcow2: the backing file is of the format qcow2, not raw as claimed",
                        "-B @/base.qcow2 -F raw @/overlay.qcow2 @/t"),
                bad("of another format than claimed, not in the chain", 1, "@/old.raw: the backing file is of the format raw, not qcow2",
                        "-B @/old.raw -F qcow2 @/overlay.qcow2 @/t"),
                bad("of other content", 1, "@/other.qcow2: this is not the base of @/overlay.qcow2: they differ at byte 65535",
                        "-B @/other.qcow2 @/overlay.qcow2 @/t"),
                bad("shorter", 1, "@/short.qcow2: this is not the base of @/overlay.qcow2: it has 1048576 bytes|2097152",
                        "-B @/short.qcow2 @/overlay.qcow2 @/t"),
                bad("shorter and not to be compared", 1, "@/short.qcow2: this is not the base of",
                        "--backing-unchecked -B @/short.qcow2 @/overlay.qcow2 @/t"),
                bad("a folder", 1, "@/dir: Is a directory", "-B @/dir @/overlay.qcow2 @/t"),
                bad("broken", 1, "@/l1-past.qcow2: l1_table_offset", "-B @/l1-past.qcow2 @/overlay.qcow2 @/t"),
                bad("its own base is gone", 1, "@/orphan.qcow2: |lost.qcow2", "-B @/orphan.qcow2 @/overlay.qcow2 @/t"),
                bad("of several sources", 2, "(-B)|2 sources", "-B @/base.qcow2 @/overlay.qcow2 @/disk.raw @/t"),
                bad("in place", 2, "-n", "-n -B @/base.qcow2 @/overlay.qcow2 @/old.qcow2"));
    }

    static Stream<Bad> words() {
        List<Bad> bad = new ArrayList<>(List.of(
                badForQemuToo("no target", 2, "copy needs a target after '@/disk.raw'", "@/disk.raw"),
                bad("an empty target", 2, "a copy needs a target", "@/disk.raw ''"),
                badForQemuToo("an empty source", 2, "a copy needs a source", "'' @/t"),
                badForQemuToo("unknown option", 2, "unknown option '--frob'", "--frob @/disk.raw @/t"),
                badForQemuToo("requests", 2, "-m is '0'; it is a whole number from 1 to 64", "-m 0 @/disk.raw @/t"),
                badForQemuToo("too many requests", 2, "-m is '65'", "-m 65 @/disk.raw @/t"),
                badForQemuToo("rate", 2, "-r is 'fast'", "-r fast @/disk.raw @/t"),
                badForQemuToo("cache of the target", 2, "-t: cache mode is 'fast'; known are", "-t fast @/disk.raw @/t"),
                badForQemuToo("cache of the source", 2, "-T: cache mode is 'fast'; known are", "-T fast @/disk.raw @/t"),
                badForQemuToo("new options of an old target", 2, "(-o)|-n", "-n -o preallocation=off @/disk.raw @/old.raw"),
                bad("offload", 2, "--offload is 'maybe'; it is auto, prefer, never or always", "--offload maybe @/disk.raw @/t"),
                badForQemuToo("a format's option that there is not", 1, "@/t: |frob", "-O qcow2 -o frob=1 @/disk.raw @/t"),
                badForQemuToo("raw has none such either", 1, "@/t: |cluster_size", "-O raw -o cluster_size=64k @/disk.raw @/t")));
        for (String size : List.of("abc", "-1", "1e3", "''", "9999999999999999999", "8E", "K", "0b1", "1.5", "1000")) {
            bad.add(badForQemuToo("sparse size " + size, 2, "-S", "-S " + size + " @/disk.raw @/t"));
        }
        for (String value : List.of("cluster_size=3", "cluster_size=0", "cluster_size=256", "cluster_size=4M", "cluster_size=x",
                "refcount_bits=3", "refcount_bits=128", "compat=2", "lazy_refcounts=maybe", "extended_l2=on,cluster_size=8k",
                "preallocation=some", "compat=0.10,extended_l2=on", "compat=0.10,lazy_refcounts=on", "compat=0.10,refcount_bits=1",
                "compression_type=lzw")) {
            bad.add(badForQemuToo("qcow2 with " + value, 1, "@/t: ", "-O qcow2 -o " + value + " @/disk.raw @/t"));
        }
        return bad.stream();
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource
    void sources(Bad bad) {
        refuse(bad);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource
    void targets(Bad bad) {
        refuse(bad);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource
    void bases(Bad bad) {
        refuse(bad);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource
    void words(Bad bad) {
        refuse(bad);
    }

    private static void refuse(Bad bad) {
        refuse(bad, bad.words());
        if (bad.words().get(bad.words().size() - 1).equals("@/t")) {
            // The same onto a file that is there: it stays as it is.
            List<String> over = new ArrayList<>(bad.words());
            over.set(over.size() - 1, "@/old.raw");
            if (!over.contains("-n") && !over.subList(0, over.size() - 1).contains("@/old.raw")) {
                refuse(new Bad(bad.name(), bad.code(), bad.message().stream().map(m -> m.replace("@/t:", "@/old.raw:")).toList(),
                        over, bad.qemu()), over);
            }
        }
        if (!bad.qemu().isEmpty()) {
            List<String> line = new ArrayList<>(List.of("qemu-img", "convert"));
            line.addAll(paths(bad.qemu()));
            Peers.Result qemu = Peers.tryRun(folder, line.toArray(String[]::new));
            deleteTarget();
            assertNotEquals(0, qemu.exitCode(), "qemu-img takes it: " + line);
        }
    }

    private static void deleteTarget() {
        try {
            Files.deleteIfExists(folder.resolve("t"));
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private static void refuse(Bad bad, List<String> words) {
        Snapshot before = Snapshot.of(folder);
        List<String> line = new ArrayList<>(List.of("copy"));
        line.addAll(paths(words));
        CliRun run = CliRun.of(line.toArray(String[]::new));
        String said = line + "\nstdout: " + run.out() + "\nstderr: " + run.err();
        assertEquals(bad.code(), run.code(), said);
        List<String> lines = run.err().lines().toList();
        assertTrue(lines.get(0).startsWith("blockferry: "), said);
        for (String part : paths(bad.message())) {
            assertTrue(lines.get(0).contains(part), "no '" + part + "' in: " + said);
        }
        assertEquals(bad.code() == 2 ? List.of("Try 'blockferry copy --help' for more.") : List.of(), lines.subList(1, lines.size()), said);
        assertFalse(run.err().contains("internal error"), said);
        assertEquals("", run.out(), said);
        assertEquals(before, Snapshot.of(folder), said);
    }

    private static List<String> paths(List<String> words) {
        return words.stream().map(word -> word.replace("@/", folder + "/")).toList();
    }
}

package org.blockferry.cli.interop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.blockferry.cli.CliRun;
import org.blockferry.engine.testing.Peers;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Each line is run by {@code qemu-img convert} and by {@code blockferry convert} on the same images, and held against each other:
 * exit code, what the target reads as, how long it is, what it takes of the disk, and the words of the error. In a line, {@code @}
 * stands before a file of the test and {@code %} is the target; what stands before {@code |} is done first, by qemu-img.
 */
class ConvertLineTest {
    private static final long SEED = 20261124;
    private static final int LENGTH = (6 << 20) + 3 * 512;

    @TempDir
    static Path folder;

    @BeforeAll
    static void images() throws IOException {
        Peers.require("qemu-img", "qemu-io");
        byte[] bytes = new byte[LENGTH];
        SplittableRandom random = new SplittableRandom(SEED);
        for (int at = 0; at < LENGTH; at += 64 << 10) {
            byte[] piece = new byte[Math.min(64 << 10, LENGTH - at)];
            switch (random.nextInt(3)) {
                case 0 -> random.nextBytes(piece);
                case 1 -> Arrays.fill(piece, piece.length / 3, piece.length / 2, (byte) 7);
                default -> { }
            }
            System.arraycopy(piece, 0, bytes, at, piece.length);
        }
        Files.write(folder.resolve("base.raw"), bytes);
        Files.write(folder.resolve("odd.raw"), Arrays.copyOf(bytes, LENGTH - 100));
        Files.write(folder.resolve("short.raw"), Arrays.copyOf(bytes, 1 << 20));
        bytes[5 << 20] ^= 1;
        bytes[100] ^= 1;
        Files.write(folder.resolve("other.raw"), bytes);
        Files.write(folder.resolve("empty.raw"), new byte[0]);
        try (RandomAccessFile hole = new RandomAccessFile(folder.resolve("hole.raw").toFile(), "rw")) {
            hole.setLength(3 << 20);
        }
        qemu("convert -f raw -O qcow2 @base.raw @base.qcow2");
        qemu("convert -f raw -O vmdk @base.raw @base.vmdk");
        qemu("convert -c -f raw -O qcow2 @base.raw @packed.qcow2");
        qemu("create -q -f qcow2 -b @base.raw -F raw @overlay.qcow2");
        Peers.run(folder, "qemu-io", "-f", "qcow2", "-c", "write -P 9 1M 200k", "-c", "write -z 2M 1M", "overlay.qcow2");
        qemu("convert -f raw -O qcow2 @base.raw @snap.qcow2");
        qemu("snapshot -c before @snap.qcow2");
        qemu("resize -q @snap.qcow2 9M");
        Peers.run(folder, "qemu-io", "-f", "qcow2", "-c", "write -P 5 0 1M", "-c", "write -P 6 8M 1M", "snap.qcow2");
        qemu("create -q -u -f qcow2 -b @gone.raw -F raw @lost.qcow2 4M");
        qemu("create -q -f qcow2 @bitmap.qcow2 4M");
        qemu("bitmap --add @bitmap.qcow2 b0");
    }

    private static void qemu(String line) {
        Peers.run(folder, words("qemu-img " + line, ""));
    }

    private static String[] words(String line, String target) {
        return Arrays.stream(line.trim().split(" +")).map(word -> word.equals("''") ? "" : word)
                .map(word -> word.replace("@", folder + "/").replace("%", target)).toArray(String[]::new);
    }

    /** One line, run by both. */
    private record Both(Peers.Result qemu, CliRun ours, String line) {
        static Both run(String row) {
            int bar = row.indexOf(" | ");
            String line = "convert " + (bar < 0 ? row : row.substring(bar + 3));
            for (String target : List.of("q.out", "b.out")) {
                folder.resolve(target).toFile().delete();
                for (String prepare : bar < 0 ? new String[0] : row.substring(0, bar).split(";")) {
                    Peers.run(folder, words("qemu-img " + prepare, folder.resolve(target).toString()));
                }
            }
            Peers.Result qemu = Peers.tryRun(folder, words("qemu-img " + line, folder.resolve("q.out").toString()));
            CliRun ours = CliRun.of(words(line, folder.resolve("b.out").toString()));
            return new Both(qemu, ours, line);
        }

        String said() {
            return line + "\nqemu-img: " + qemu.exitCode() + "\n" + qemu.out() + qemu.err() + "\nours: " + ours.code() + "\n"
                    + ours.out() + ours.err();
        }

        void sameCode() {
            assertEquals(qemu.exitCode(), ours.code(), this::said);
        }

        void sameTarget() throws IOException {
            String q = Peers.run(folder, "qemu-img", "info", "-U", "--output=json", "q.out").out();
            String b = Peers.run(folder, "qemu-img", "info", "-U", "--output=json", "b.out").out();
            for (String field : List.of("virtual-size", "format", "backing-filename", "cluster-size", "compression-type")) {
                assertEquals(field(q, field), field(b, field), () -> field + " after " + said());
            }
            Peers.run(folder, "qemu-img", "compare", "q.out", "b.out");
            long theirs = Long.parseLong(field(q, "actual-size"));
            long own = Long.parseLong(field(b, "actual-size"));
            assertTrue(own <= theirs + theirs / 4 + (256 << 10), () -> "takes " + own + " bytes, qemu-img's " + theirs + ": " + said());
            if (field(b, "format").equals("\"qcow2\"")) {
                Peers.run(folder, "qemu-img", "check", "-q", "b.out");
            }
        }

        private static String field(String json, String name) {
            Matcher found = Pattern.compile("\n    \"" + name + "\": ([^\n]*?),?\n").matcher(json);
            Matcher anywhere = Pattern.compile("\"" + name + "\": ([^\n]*?),?\n").matcher(json);
            return found.find() ? found.group(1) : anywhere.find() ? anywhere.group(1) : "";
        }
    }

    static Stream<String> works() {
        return Stream.of(
                "@base.raw %", "-O raw @base.raw %", "-O qcow2 @base.raw %", "-f raw -O qcow2 @base.raw %", "@base.qcow2 %",
                "-f raw @base.qcow2 %", "-f qcow2 -O qcow2 @base.qcow2 %", "@odd.raw %", "-O qcow2 @odd.raw %", "@empty.raw %",
                "-O qcow2 @empty.raw %", "@hole.raw %", "-O qcow2 @hole.raw %", "@overlay.qcow2 %", "-O qcow2 @overlay.qcow2 %",
                "-O qcow2 -o cluster_size=4k,compat=0.10 @base.raw %", "-O qcow2 -o cluster_size=4k -o lazy_refcounts=on @base.raw %",
                "-O qcow2 -o preallocation=metadata @base.raw %", "-O raw -o preallocation=falloc @hole.raw %",
                "-c -O qcow2 @base.raw %", "-c -O qcow2 -o compression_type=zstd @base.raw %", "-c -W -m 4 -O qcow2 @odd.raw %",
                "-c -S 64k -O qcow2 @base.raw %", "-c -O qcow2 -o extended_l2=on @base.raw %", "-c -O qcow2 @packed.qcow2 %",
                "@packed.qcow2 %", "-C @base.raw %", "-C -O qcow2 @base.qcow2 %", "-S 0 @base.raw %", "-S 64k @base.raw %",
                "-S 512 -O qcow2 @base.raw %", "-S 16M @base.raw %", "-W @base.raw %", "-m 1 @base.raw %", "-m 16 -W @base.raw %",
                "-r 1G @base.raw %", "-t none -T none @base.raw %", "-t writeback -T writethrough @base.raw %",
                "-t directsync -T directsync -O qcow2 @base.raw %", "-U @base.qcow2 %", "-q @base.raw %", "-p -q @base.raw %",
                "--salvage @base.raw %", "@base.raw @odd.raw @base.qcow2 %", "-O qcow2 @odd.raw @odd.raw %",
                "-f raw @short.raw @hole.raw %", "-l before @snap.qcow2 %", "-l 1 -O qcow2 @snap.qcow2 %",
                "-l snapshot.name=before @snap.qcow2 %", "-l snapshot.id=1 @snap.qcow2 %",
                "-O qcow2 -B @base.raw -F raw @overlay.qcow2 %", "-c -O qcow2 -B @base.raw -F raw @overlay.qcow2 %",
                "-O qcow2 -o backing_file=@base.raw,backing_fmt=raw @overlay.qcow2 %",
                "create -q -f qcow2 % 8M | -n -O qcow2 @base.raw %", "convert -f raw -O qcow2 @other.raw % | -n -O qcow2 @base.qcow2 %",
                "create -q -f qcow2 -b @base.raw -F raw % | -n -O qcow2 @overlay.qcow2 %",
                "create -q -f qcow2 % 8M | -n --target-image-opts @base.raw driver=qcow2,file.filename=%",
                "--bitmaps -O qcow2 @base.qcow2 %", "create -q -f raw % 8M | -n @base.raw %", "create -q -f raw % 8M | -n --target-is-zero @base.raw %",
                "create -q -f raw % 9M | -n -O raw @odd.raw %", "create -q -f raw % 8M | @base.raw %",
                "convert -f raw -O qcow2 @other.raw % | -O qcow2 @base.raw %", "convert -f raw -O qcow2 @other.raw % | @base.raw %",
                "--object secret,id=s,data=x @base.raw %",
                "--image-opts driver=raw,file.filename=@base.raw %", "--image-opts driver=qcow2,file.filename=@overlay.qcow2 %",
                "--image-opts file.filename=@base.qcow2 %", "--image-opts driver=file,filename=@base.raw %",
                "--image-opts driver=raw,file.driver=file,file.filename=@base.raw,offset=1M,size=2M %",
                "--image-opts driver=raw,offset=1M,file.filename=@base.raw %", "--image-opts driver=raw,size=512,file.filename=@base.raw %",
                "--image-opts driver=raw,file.driver=null-co,file.size=2M,file.read-zeroes=on %",
                "--image-opts driver=qcow2,file.filename=@overlay.qcow2,backing.driver=raw,backing.file.filename=@other.raw %",
                "--image-opts driver=qcow2,file.filename=@base.qcow2,read-only=on,l2-cache-size=1M,file.locking=off %",
                "--image-opts driver=raw,file.filename=@base.raw driver=qcow2,file.filename=@base.qcow2 %",
                "json:{\"driver\":\"qcow2\",\"file\":{\"driver\":\"file\",\"filename\":\"@base.qcow2\"}} %",
                "json:{\"driver\":\"raw\",\"offset\":1048576,\"size\":\"1M\",\"file\":{\"filename\":\"@base.raw\"}} %",
                "json:{\"driver\":\"qcow2\",\"file.filename\":\"@overlay.qcow2\",\"backing\":null} %",
                "create -q -f raw % 8M | -n --target-image-opts @base.raw driver=raw,file.filename=%");
    }

    @ParameterizedTest
    @MethodSource("works")
    void leavesWhatQemuImgLeaves(String row) throws IOException {
        Both both = Both.run(row);
        both.sameCode();
        assertEquals(0, both.ours.code(), both::said);
        assertEquals("", both.ours.err(), both::said);
        assertEquals(both.qemu.out(), both.ours.out(), both::said);
        both.sameTarget();
    }

    /** All of them; that it is the same line, word for word, but for the program's name. */
    static Stream<String> refusals() {
        return Stream.of(
                "-c -O raw @base.raw %", "-c @base.raw %", "-U -c @base.raw %", "create -q -f raw % 8M | -c -n @base.raw %",
                "create -q -f qcow2 % 8M | -n -o cluster_size=4k -O qcow2 @base.raw %",
                "-B @base.raw -O qcow2 @base.raw %", "-O qcow2 -o backing_file=@base.raw @base.raw %",
                "--target-is-zero -O qcow2 @base.raw %", "-C -c -O qcow2 @base.raw %", "-C -S 4k @base.raw %", "-C -S 0 @base.raw %",
                "--salvage -C @base.raw %", "-O qcow2 -B @base.raw -F raw @base.raw @base.raw %", "-l x @base.raw @base.raw %",
                "-l x @base.raw %", "-l nosuch @snap.qcow2 %", "-l 7 @snap.qcow2 %", "-l snapshot.id=7 @snap.qcow2 %",
                "@nosuch.raw %", "-f nosuch @base.raw %", "-O nosuch @base.raw %", "-O qcow2 -o cluster_size=3 @base.raw %",
                "-O qcow2 -o nosuch=3 @base.raw %", "-o nosuch=3 @base.raw %", "-S 100 @base.raw %", "-S 32M @base.raw %",
                "-m 0 @base.raw %", "-m 17 @base.raw %", "-m x @base.raw %", "-t foo @base.raw %", "-T foo @base.raw %",
                "@base.raw", "''", "--nosuch @base.raw %", "-Z @base.raw %", "@base.raw % -f",
                "--skip-broken-bitmaps -O qcow2 @base.qcow2 %", "--bitmaps -O qcow2 @base.raw %", "--bitmaps @base.raw %",
                "--bitmaps @base.qcow2 %", "-B @base.raw -F raw -O raw @base.raw %", "-B @base.raw -F raw -c @base.raw %",
                "-F raw -O qcow2 @base.raw %", "-n @base.raw %", "--target-is-zero -n @base.raw %",
                "create -q -f raw % 1M | -n @base.raw %", "create -q -f qcow2 % 1M | -n -O qcow2 @base.raw %", 
                "--object secret,id=x @base.raw %", "--object iothread,id=x @base.raw %", "-F raw @base.raw %", "--image-opts -f raw driver=raw,file.filename=@base.raw %",
                "--target-image-opts @base.raw driver=raw,file.filename=%",
                "create -q -f raw % 8M | --target-image-opts -O raw -n @base.raw driver=raw,file.filename=%",
                "--image-opts @base.raw %", "--image-opts driver=nosuch,file.filename=@base.raw %", "--image-opts driver=qcow2 %",
                "--image-opts driver=qcow2,file.filename=@base.raw %", "--image-opts driver=raw,file.filename=@base.raw,foo=1 %",
                "--image-opts driver=raw,file.filename=@base.raw,offset=20M %", "--image-opts driver=qcow2,file.filename=@overlay.qcow2,backing=null %",
                "-f qcow2 @base.raw %", "@base.raw %/x", "@base.raw /nosuchdir/x", "-O qcow2 @base.raw /nosuchdir/x",
                "-B @nosuch -F raw -O qcow2 @base.raw %", "@lost.qcow2 %", "-O qcow2 -B @base.raw -F raw @lost.qcow2 %", "-c -O qcow2 -o compat=0.10,compression_type=zstd @base.raw %",
                "-O qcow2 -o refcount_bits=3 @base.raw %", "@base.raw @base.raw", "@base.qcow2 @base.qcow2",
                "-O qcow2 @base.qcow2 @base.qcow2");
    }

    @ParameterizedTest
    @MethodSource("refusals")
    void refusesInQemuImgsWords(String row) throws IOException {
        Both both = Both.run(row);
        both.sameCode();
        assertEquals(1, both.ours.code(), both::said);
        assertTrue(both.ours.err().startsWith("blockferry: "), both::said);
        assertEquals(words(both.qemu.err(), "qemu-img", "q.out"), words(both.ours.err(), "blockferry", "b.out"), both::said);
        Peers.run(folder, "qemu-img", "check", "-q", "base.qcow2");
    }

    /** The lines without the program's name, the target's name and the pointer to the help. */
    private static String words(String err, String program, String target) {
        return String.join("\n", err.lines().filter(line -> !line.startsWith("Try '"))
                .map(line -> line.replaceFirst("^" + program + ": ", "").replace(folder.resolve(target).toString(), "TARGET")).toList());
    }

    /** Lines whose error begins as qemu-img's and goes on otherwise: it is one line, or says more. */
    @ParameterizedTest
    @ValueSource(strings = {
        "-S x @base.raw %; Invalid buffer size for sparse output specified. You may use k, M, G, T, P or E suffixes for",
        "create -q -f raw % 8M | -O qcow2 -n @base.raw %; Could not open '",
        "-r foo @base.raw %; Invalid rate limit specified. You may use k, M, G, T, P or E suffixes for",
        "-B @base.raw -F qcow2 -O qcow2 @base.raw %; Could not open backing file: Image is not in qcow2 format",
        "--object foo,id=x @base.raw %; Parameter 'qom-type' does not accept value 'foo'",
        "json:{x %; Could not parse the JSON options: JSON parse error, "})
    void refusesInQemuImgsWordsAndMore(String row) {
        String[] parts = row.split("; ");
        Both both = Both.run(parts[0]);
        both.sameCode();
        assertTrue(both.ours.err().startsWith("blockferry: "), both::said);
        for (String err : List.of(both.qemu.err(), both.ours.err())) {
            assertTrue(err.contains(parts[1]), both::said);
        }
    }

    static Stream<DeclaredDifferences.Difference> differences() {
        return DeclaredDifferences.CONVERT.stream();
    }

    @ParameterizedTest
    @MethodSource("differences")
    void differsWhereItIsDeclared(DeclaredDifferences.Difference difference) {
        Both both = Both.run((difference.prepare().isEmpty() ? "" : difference.prepare() + " | ") + difference.line());
        assertEquals(difference.qemuCode(), both.qemu.exitCode(), both::said);
        assertEquals(difference.ourCode(), both.ours.code(), both::said);
        assertTrue(both.ours.err().contains(difference.says()), both::said);
    }

    @org.junit.jupiter.api.Test
    void printsProgressAsQemuImgDoes() {
        Both both = Both.run("-p @base.raw %");
        Pattern line = Pattern.compile("( {4}\\(\\d{1,3}\\.\\d\\d/100%\\)\r)+\n");
        assertTrue(line.matcher(both.qemu.out()).matches(), both::said);
        assertTrue(line.matcher(both.ours.out()).matches(), both::said);
        assertTrue(both.ours.out().endsWith("    (100.00/100%)\r\n"), both::said);
    }
}

package org.blockferry.cli.interop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.blockferry.cli.CliRun;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code measure} beside {@code qemu-img measure}, and its scan beside a copy. */
class MeasureLineTest {
    @TempDir
    static Path folder;

    @BeforeAll
    static void images() throws IOException {
        InspectImages.make(folder);
        // Data that turns out to be zeroes, so that a scan finds less than the map tells.
        InspectImages.img(folder, "create -f qcow2 zeroes.qcow2 16M");
        InspectImages.io(folder, "zeroes.qcow2", "write -P 0 0 4M", "write -P 3 6M 100k", "write -P 0 9M 1M", "write -P 1 15M 1M");
    }

    @ParameterizedTest(name = "measure {0}")
    @ValueSource(strings = {"@base.qcow2", "-O raw @overlay.qcow2", "-O qcow2 @base.qcow2", "-O qcow2 @overlay.qcow2",
            "-O qcow2 @top.qcow2", "-O qcow2 @advance.qcow2", "-O qcow2 @sub.qcow2", "-O qcow2 @zstd.qcow2", "-O qcow2 @v2.qcow2",
            "-O qcow2 @outside.qcow2", "-O qcow2 @odd.raw", "-O raw @odd.raw", "-O qcow2 @onodd.qcow2", "-O qcow2 @nothing.raw",
            "-O qcow2 @empty.qcow2", "-O qcow2 -o cluster_size=4k @base.qcow2", "-O qcow2 -o cluster_size=2M @top.qcow2",
            "-O qcow2 -o compat=0.10 @base.qcow2", "-O qcow2 -o backing_file=@base.qcow2 @overlay.qcow2",
            "-O qcow2 -o backing_file=x,backing_fmt=raw @overlay.qcow2", "-O qcow2 -l first @base.qcow2",
            "-O qcow2 -l snapshot.id=1 @base.qcow2", "-f raw -O qcow2 @base.qcow2", "-U -O qcow2 @base.qcow2",
            "-O qcow2 -o preallocation=metadata @base.qcow2", "-O qcow2 -o preallocation=falloc @base.qcow2", "-O raw --size 1000",
            "-O qcow2 --size 1000", "-O qcow2 --size 0", "--size 1G", "-O qcow2 --size 1T", "-O qcow2 --size 1.5G",
            "-O qcow2 -o cluster_size=512 --size 1G", "-O qcow2 -o cluster_size=2M --size 64T",
            "-O qcow2 -o preallocation=full --size 1G", "-O qcow2 -o preallocation=metadata --size 1G",
            "-O qcow2 -o extended_l2=on --size 100G", "-O qcow2 -o refcount_bits=64 --size 100G",
            "-O qcow2 -o refcount_bits=1,cluster_size=1k --size 100G", "-O qcow2 -o backing_file=x,backing_fmt=raw --size 1G",
            "-O qcow2 -o lazy_refcounts=on -o cluster_size=32k --size 3G", "-O raw -o preallocation=full --size 1M"})
    void givesTheSameNumbers(String line) {
        QemuImgLine.run(folder, "measure " + line).sameText();
        QemuImgLine.run(folder, "measure --output json " + line).sameJson();
    }

    @ParameterizedTest(name = "measure {0}")
    @ValueSource(strings = {
            "@nosuch | Could not open '@nosuch': Could not open '@nosuch': No such file or directory",
            "-f qcow2 @odd.raw | Could not open '@odd.raw': Image is not in qcow2 format",
            "-f nope @odd.raw | Could not open '@odd.raw': Unknown driver 'nope'",
            " | Either --size N or one filename must be specified.",
            "@odd.raw @odd.raw | At most one filename argument is allowed.",
            "--size 1G @odd.raw | --size N cannot be used together with a filename.",
            "--size 1G -f raw | --image-opts, -f, and -l require a filename argument.",
            "--size 1G -l x | --image-opts, -f, and -l require a filename argument.",
            "--size 1G -O nope | Unknown file format 'nope'",
            "--size x | Invalid image size specified. You may use k, M, G, T, P or E suffixes for kilobytes",
            "--size -1 | Invalid image size specified. You may use k, M, G, T, P or E suffixes for kilobytes",
            "--size 8E | Invalid image size specified. Must be between 0 and 9223372036854775807.",
            "-O qcow2 --size 7E | The image size is too large (try using a larger cluster size)",
            "-O qcow2 -o nope=1 --size 1G | Invalid parameter 'nope'",
            "-O qcow2 -o cluster_size=100 --size 1G | Cluster size must be a power of two between 512 and 2048k",
            "-O qcow2 -l nope @base.qcow2 | Failed to load snapshot: Can't find snapshot",
            "--output xml @odd.raw | --output must be used with human or json as argument."})
    void failsTheSame(String row) {
        String[] parts = row.split(" \\| ");
        QemuImgLine.run(folder, ("measure " + parts[0]).strip()).sameError(parts[1]);
    }

    @ParameterizedTest(name = "{0} to {1}")
    @CsvSource({"zeroes.qcow2, qcow2", "zeroes.qcow2, raw", "top.qcow2, qcow2", "advance.qcow2, qcow2", "odd.raw, qcow2", "odd.raw, raw",
            "sub.qcow2, qcow2", "zstd.qcow2, qcow2", "holes.raw, qcow2", "empty.qcow2, qcow2"})
    void aScanGivesTheExactSizeOfACopy(String image, String format) throws IOException {
        for (String options : format.equals("qcow2")
                ? new String[] {"cluster_size=64k", "cluster_size=4k", "extended_l2=on", "preallocation=metadata"}
                : new String[] {"preallocation=off"}) {
            Path copy = folder.resolve("copy-of-" + image + "." + format);
            CliRun.of("copy", "-q", "-O", format, "-o", options, folder.resolve(image).toString(), copy.toString()).expect(0);
            Map<String, Object> measured = CliRun.of("measure", "--scan", "--output", "json", "-O", format, "-o", options,
                    folder.resolve(image).toString()).expect(0).json();
            assertEquals(Files.size(copy), measured.get("required"), image + " with " + options);
        }
    }

    @Test
    void aScanFindsZeroesThatAreStoredAsData() {
        Map<String, Object> measured = CliRun.of("measure", "--scan", "--output", "json", "-O", "qcow2",
                folder.resolve("zeroes.qcow2").toString()).expect(0).json();
        assertTrue((Long) measured.get("zeroes-found") >= 5 << 20, measured.toString());
        Map<String, Object> told = CliRun.of("measure", "--output", "json", "-O", "qcow2",
                folder.resolve("zeroes.qcow2").toString()).expect(0).json();
        assertTrue((Long) measured.get("required") < (Long) told.get("required"), measured + " " + told);
    }
}

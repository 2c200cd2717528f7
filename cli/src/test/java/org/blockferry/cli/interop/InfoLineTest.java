package org.blockferry.cli.interop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;
import org.blockferry.cli.CliRun;
import org.blockferry.engine.block.DriverRegistry;
import org.blockferry.engine.block.FormatDetails;
import org.blockferry.engine.inspect.ImageInfo;
import org.blockferry.engine.inspect.ImageRequest;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code info} beside {@code qemu-img info}. */
class InfoLineTest {
    @TempDir
    static Path folder;

    @BeforeAll
    static void images() throws IOException {
        InspectImages.make(folder);
        InspectImages.img(folder, "create -f raw large.raw 1023999K");
        InspectImages.img(folder, "create -f raw larger.raw 5000000000000");
    }

    @ParameterizedTest(name = "info {0}")
    @ValueSource(strings = {"@base.qcow2", "@overlay.qcow2", "@top.qcow2", "@advance.qcow2", "@sub.qcow2", "@zstd.qcow2", "@v2.qcow2",
            "@outside.qcow2", "@odd.raw", "@onodd.qcow2", "@nothing.raw", "@empty.qcow2", "@evil.qcow2", "@json.qcow2", "@large.raw",
            "@larger.raw", "-f raw @base.qcow2", "-U @base.qcow2", "-f qcow2 @base.qcow2", "--backing-chain @top.qcow2",
            "--backing-chain @base.qcow2"})
    void saysTheSame(String line) {
        QemuImgLine.run(folder, "info " + line).sameText();
        QemuImgLine.run(folder, "info --output human " + line).sameText();
        QemuImgLine.run(folder, "info --output json " + line).sameJson();
        QemuImgLine.run(folder, "info --output=json " + line).sameJson();
    }

    @ParameterizedTest(name = "info {0}")
    @ValueSource(strings = {
            "@nosuch | Could not open '@nosuch': Could not open '@nosuch': No such file or directory",
            "-f qcow2 @odd.raw | Could not open '@odd.raw': Image is not in qcow2 format",
            "-f nope @odd.raw | Could not open '@odd.raw': Unknown driver 'nope'",
            "--output xml @odd.raw | --output must be used with human or json as argument.",
            " | Expecting one image file name",
            "@odd.raw @odd.raw | Expecting one image file name",
            "--backing-chain @evil.qcow2 | nbd:unix:/nowhere",
            "--nope @odd.raw | '--nope'"})
    void failsTheSame(String row) {
        String[] parts = row.split(" \\| ");
        QemuImgLine.run(folder, ("info " + parts[0]).strip()).sameError(parts[1]);
    }

    @Test
    void followsNoNameOfAnythingButAFile() {
        CliRun run = CliRun.of("info", "--backing-chain", folder.resolve("json.qcow2").toString()).expect(1);
        assertTrue(run.err().contains("inside an image only files may be named, not 'json:'"), run.err());
        assertEquals("", run.out());
    }

    @Test
    void answersAServiceInRecords() throws IOException {
        ImageInfo info = ImageInfo.of(DriverRegistry.load(), ImageRequest.of(folder.resolve("base.qcow2").toString()));
        assertEquals(1 << 20, info.virtualSize());
        assertEquals(OptionalLong.of(65536), info.details().clusterSize());
        assertEquals(List.of(new FormatDetails.Bitmap("bitmap0", 65536, false, true),
                new FormatDetails.Bitmap("a-longer-name", 32768, false, false)), info.details().bitmaps().orElseThrow());
        assertEquals(List.of("first"), info.details().snapshots().stream().map(FormatDetails.Snapshot::name).toList());
    }
}

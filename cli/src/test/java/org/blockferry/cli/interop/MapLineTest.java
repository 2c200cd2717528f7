package org.blockferry.cli.interop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.blockferry.cli.CliRun;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code map} beside {@code qemu-img map}, and the pictures. */
class MapLineTest {
    @TempDir
    static Path folder;

    @BeforeAll
    static void images() throws IOException {
        InspectImages.make(folder);
    }

    @ParameterizedTest(name = "map {0}")
    @ValueSource(strings = {"@base.qcow2", "@overlay.qcow2", "@top.qcow2", "@advance.qcow2", "@sub.qcow2", "@zstd.qcow2", "@v2.qcow2",
            "@outside.qcow2", "@odd.raw", "@onodd.qcow2", "@nothing.raw", "@empty.qcow2", "-f raw @base.qcow2", "-U @base.qcow2",
            "-f qcow2 --start-offset 100 --max-length 70000 @base.qcow2", "-s 4k -l 60K @odd.raw", "-s 1M @top.qcow2",
            "--start-offset=8M @base.qcow2", "--max-length 999999 @odd.raw", "-s 999950 @odd.raw"})
    void saysTheSameInJson(String line) {
        QemuImgLine.run(folder, "map --output json " + line).sameJson();
        QemuImgLine.run(folder, "map --output=json " + line).sameJson();
    }

    @ParameterizedTest(name = "map {0}")
    @ValueSource(strings = {"@base.qcow2", "@advance.qcow2", "@sub.qcow2", "@v2.qcow2", "@outside.qcow2", "@odd.raw", "@nothing.raw",
            "@empty.qcow2", "-f raw @base.qcow2", "--output human -s 100 -l 70000 @base.qcow2", "-s 1M @top.qcow2"})
    void saysTheSameInWords(String line) {
        QemuImgLine.run(folder, "map " + line).sameText();
    }

    @Test
    void endsInWordsWhereDataHasNoPlace() {
        QemuImgLine.run(folder, "map @overlay.qcow2").sameOutput()
                .sameError("File contains external, encrypted or compressed clusters.");
    }

    @ParameterizedTest(name = "map {0}")
    @ValueSource(strings = {
            "@nosuch | Could not open '@nosuch': Could not open '@nosuch': No such file or directory",
            "-f qcow2 @odd.raw | Could not open '@odd.raw': Image is not in qcow2 format",
            "-f nope @odd.raw | Could not open '@odd.raw': Unknown driver 'nope'",
            "@evil.qcow2 | @evil.qcow2 ",
            " | Expecting one image file name",
            "@odd.raw @base.qcow2 | Expecting one image file name",
            "--output xml @odd.raw | --output must be used with human or json as argument.",
            "--nope @odd.raw | '--nope'",
            "--start-offset x @odd.raw | Invalid start offset specified. You may use k, M, G, T, P or E suffixes for kilobytes",
            "--max-length -1 @odd.raw | Invalid max length specified."})
    void failsTheSame(String row) {
        String[] parts = row.split(" \\| ");
        QemuImgLine.run(folder, ("map " + parts[0]).strip()).sameError(parts[1].equals("@evil.qcow2 ") ? "Could not open" : parts[1]);
    }

    @Test
    void tellsWhatIsCompressed() {
        CliRun run = CliRun.of("map", "--output", "json", folder.resolve("overlay.qcow2").toString()).expect(0);
        @SuppressWarnings("unchecked")
        List<Map<String, Object>> runs = (List<Map<String, Object>>) CliRun.object("{\"all\":" + run.out() + "}").get("all");
        for (Map<String, Object> entry : runs) {
            assertEquals(entry.get("start").equals(512L << 10), entry.get("compressed"), entry.toString());
        }
    }

    @Test
    void drawsTheDiskInTheTerminal() {
        String text = CliRun.onTerminal("map", "--picture", folder.resolve("overlay.qcow2").toString()).expect(0).out();
        for (String kind : List.of("data", "compressed", "backing", "zero", "hole")) {
            assertTrue(text.contains(" " + kind + "  "), text);
        }
        assertTrue(text.lines().allMatch(line -> line.length() < 80 || line.contains("overlay.qcow2: ")), text);
        long cells = text.lines().filter(line -> line.endsWith("|")).mapToLong(line -> line.length() - line.indexOf('|') - 2).sum();
        assertEquals(2 << 20, cells * 2048, text);
    }

    @Test
    void drawsTheDiskIntoAFileButNotOverAnImage() throws IOException {
        Path svg = folder.resolve("picture.svg");
        CliRun.of("map", "--svg", svg.toString(), folder.resolve("overlay.qcow2").toString()).expect(0);
        String text = Files.readString(svg);
        assertTrue(text.startsWith("<svg ") && text.endsWith("</svg>\n") && text.contains("compressed 64 KiB"), text);
        byte[] before = Files.readAllBytes(folder.resolve("base.qcow2"));
        CliRun refused = CliRun.of("map", "--svg", folder.resolve("base.qcow2").toString(), folder.resolve("overlay.qcow2").toString());
        refused.expect(1);
        assertTrue(refused.err().contains("would replace the image"), refused.err());
        assertTrue(java.util.Arrays.equals(before, Files.readAllBytes(folder.resolve("base.qcow2"))));
    }
}

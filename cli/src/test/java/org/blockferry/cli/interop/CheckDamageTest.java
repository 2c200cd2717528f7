package org.blockferry.cli.interop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import org.blockferry.cli.CliRun;
import org.blockferry.engine.testing.Peers;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Images damaged in seeded ways: the verdict, every count and the exit code are qemu-img's, and what we call repaired is clean for it. */
class CheckDamageTest {
    private static final int SEEDS = Integer.getInteger("check.seeds", 2);
    @TempDir
    Path folder;

    @BeforeEach
    void peers() {
        Peers.require("qemu-img", "qemu-io");
    }

    private record Verdict(int code, Map<String, Object> report) {
    }

    private Verdict theirs(Path image, String... options) {
        String[] line = new String[options.length + 5];
        System.arraycopy(new String[] {"qemu-img", "check", "--output", "json"}, 0, line, 0, 4);
        System.arraycopy(options, 0, line, 4, options.length);
        line[line.length - 1] = image.toString();
        Peers.Result result = Peers.tryRun(folder, line);
        return verdict(result.exitCode(), result.out());
    }

    private Verdict ours(Path image, String... options) {
        String[] line = new String[options.length + 4];
        System.arraycopy(new String[] {"check", "--output", "json"}, 0, line, 0, 3);
        System.arraycopy(options, 0, line, 3, options.length);
        line[line.length - 1] = image.toString();
        CliRun run = CliRun.of(line);
        return verdict(run.code(), run.out());
    }

    private static Verdict verdict(int code, String json) {
        return new Verdict(code, json.isBlank() ? Map.of() : new TreeMap<>(CliRun.object(json)));
    }

    @ParameterizedTest
    @EnumSource
    void findsWhatQemuFinds(DamagedImages.Kind kind) throws IOException {
        Path image = DamagedImages.make(folder, kind);
        assertEquals(theirs(image), ours(image), "undamaged");
        Path damaged = folder.resolve("damaged.qcow2");
        for (DamagedImages.Damage damage : DamagedImages.Damage.values()) {
            for (long seed = 0; seed < SEEDS; seed++) {
                String what = DamagedImages.damage(image, damaged, damage, seed);
                assertEquals(theirs(damaged), ours(damaged), kind + " " + what);
            }
        }
    }

    /**
     * What qemu-img itself repairs is no measure: 7.2 forgets all snapshots of an image that also has bitmaps ({@code check -r} opens it
     * before it has read the snapshot table, and writes the header), and zeroes mappings that it does not like. We change refcounts and
     * flags only; an entry that points nowhere stays reported.
     */
    @ParameterizedTest
    @EnumSource
    void repairsRefcountsAndLeavesTheRest(DamagedImages.Kind kind) throws IOException {
        Path image = DamagedImages.make(folder, kind);
        Path damaged = folder.resolve("damaged.qcow2");
        String snapshots = Peers.run(folder, "qemu-img", "snapshot", "-l", image.toString()).out();
        for (DamagedImages.Damage damage : DamagedImages.Damage.values()) {
            for (long seed = 100; seed < 100 + SEEDS; seed++) {
                String what = kind + " " + DamagedImages.damage(image, damaged, damage, seed);
                boolean entries = damage == DamagedImages.Damage.L1 || damage == DamagedImages.Damage.L2;
                String before = entries ? "" : content(damaged);
                for (String mode : new String[] {"leaks", "all"}) {
                    Verdict report = ours(damaged, "-r", mode);
                    assertEquals(theirs(damaged).code(), report.code(), () -> mode + " " + what + "\n" + report);
                    assertTrue(entries || mode.equals("leaks") || report.code() == 0, () -> mode + " " + what + " " + report);
                }
                assertEquals(snapshots, Peers.run(folder, "qemu-img", "snapshot", "-U", "-l", damaged.toString()).out(), what);
                assertEquals(before, entries ? "" : content(damaged), what);
            }
        }
    }

    /** What a guest reads, as a checksum; or that it cannot be read. */
    private String content(Path image) {
        Path raw = folder.resolve("content.raw");
        if (Peers.tryRun(folder, "qemu-img", "convert", "-U", "-O", "raw", image.toString(), raw.toString()).exitCode() != 0) {
            return "unreadable";
        }
        try {
            return Integer.toString(Arrays.hashCode(Files.readAllBytes(raw)));
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }
}

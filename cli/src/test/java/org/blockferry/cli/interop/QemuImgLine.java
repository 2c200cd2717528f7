package org.blockferry.cli.interop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.blockferry.cli.CliRun;
import org.blockferry.engine.testing.Peers;

/**
 * One line, run by qemu-img and by us, and held against each other: the exit code, JSON as a tree, text as it is, one error line
 * that says what qemu-img says.
 *
 * <p>The declared differences of the commands that only look at images stand here and nowhere else:
 * <ul>
 * <li>{@code map} says {@code compressed} of each run, as qemu-img does from version 8.2 on.
 * <li>An error about a size is one line and names the option; qemu-img 7.2 breaks it into two.
 * <li>An unknown option is named first by its own words: {@code unknown option '--x'}.
 * <li>Where qemu-img says {@code Unknown driver 'x'}, the line goes on with those that are known.
 * <li>{@code map} gives no offset for space that the file does not reach: there are no bytes at it.
 * <li>A relative name of a data file is relative to the image, as that of a backing file; qemu-img takes it from where it runs.
 * <li>{@code compare -s} compares what is said of each byte, not where a run ends: qemu-img also tells apart two images whose last
 *     runs begin at different places.
 * <li>{@code measure} with an unknown option of the format names the image that is to be; qemu-img adds a second line.
 * <li>{@code measure} with an unknown option fails; qemu-img 7.2 prints its help and exits 0.
 * </ul>
 */
final class QemuImgLine {
    private static final List<String> OURS = List.of("compressed");

    private final Path folder;
    private final String[] words;
    private final Peers.Result theirs;
    private final CliRun ours;

    private QemuImgLine(Path folder, String line) {
        this.folder = folder;
        this.words = line.split(" ");
        this.theirs = Peers.tryRun(folder, command("qemu-img", words));
        this.ours = CliRun.of(inFolder());
    }

    /** Runs the line by both, in {@code folder}; words that begin with {@code @} are files there. */
    static QemuImgLine run(Path folder, String line) {
        return new QemuImgLine(folder, line);
    }

    private String[] command(String program, String... arguments) {
        List<String> all = new ArrayList<>(List.of(program));
        for (String argument : arguments) {
            all.add(argument.replace("@", folder + "/"));
        }
        return all.toArray(String[]::new);
    }

    private String[] inFolder() {
        String[] all = command("", words);
        return java.util.Arrays.copyOfRange(all, 1, all.length);
    }

    private String described() {
        return String.join(" ", words) + "\nqemu-img: " + theirs.exitCode() + "\n" + theirs.out() + theirs.err() + "\nours: "
                + ours.code() + "\n" + ours.out() + ours.err();
    }

    QemuImgLine sameCode() {
        assertEquals(theirs.exitCode(), ours.code(), this::described);
        return this;
    }

    /** Both print the same text and exit alike. */
    void sameText() {
        sameCode();
        assertEquals(theirs.out(), ours.out(), this::described);
        assertEquals(theirs.err().isEmpty(), ours.err().isEmpty(), this::described);
    }

    /** Both print the same tree and exit alike. */
    void sameJson() {
        sameCode();
        assertEquals(tree(theirs.out()), without(tree(ours.out())), this::described);
        assertEquals("", ours.err(), this::described);
    }

    private static Object tree(String json) {
        return CliRun.object("{\"all\":" + json + "}").get("all");
    }

    private static Object without(Object value) {
        if (value instanceof List<?> list) {
            return list.stream().map(QemuImgLine::without).toList();
        }
        if (value instanceof Map<?, ?> map) {
            Map<Object, Object> rest = new LinkedHashMap<>();
            map.forEach((name, field) -> {
                if (!OURS.contains(name)) {
                    rest.put(name, without(field));
                }
            });
            return rest;
        }
        return value;
    }

    /** Both fail alike, and our one line begins with our name and holds these words, which qemu-img's holds, too. */
    void sameError(String... phrases) {
        sameCode();
        assertFalse(ours.code() == 0, this::described);
        List<String> lines = ours.err().lines().filter(line -> !line.startsWith("Try 'blockferry ")).toList();
        assertEquals(1, lines.size(), this::described);
        assertTrue(lines.get(0).startsWith("blockferry: "), this::described);
        for (String phrase : phrases) {
            String said = phrase.replace("@", folder + "/");
            assertTrue(theirs.err().replace("\nqemu-img: ", " ").contains(said), this::described);
            assertTrue(lines.get(0).contains(said), this::described);
        }
    }

    /** What both printed before they failed is the same. */
    QemuImgLine sameOutput() {
        assertEquals(theirs.out(), ours.out(), this::described);
        return this;
    }

}

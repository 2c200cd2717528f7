package org.blockferry.cli.interop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.Arrays;
import org.blockferry.cli.CliRun;
import org.blockferry.engine.testing.Peers;

/**
 * One command line, run through {@code qemu-img} and through us. Words that begin with {@code @} are names of files: in qemu-img's folder
 * for it, in ours for us.
 *
 * <p>Declared differences, for all commands: an error is one line that names the file, where qemu-img may print hints after it; our
 * reasons may say more.
 */
record SameLine(Path theirFolder, Path ourFolder) {

    /** What both said; paths are cut to the names of files. */
    record Both(Peers.Result theirs, CliRun ours) {

        /** The exit codes are equal. */
        Both sameCode() {
            assertEquals(theirs.exitCode(), ours.code(), this::toString);
            return this;
        }

        /** Standard output is the same text. */
        Both sameText() {
            assertEquals(theirs.out(), ours.out(), this::toString);
            return this;
        }

        /** Both failed with an error line that begins with the program's name; ours names the file and holds these words. */
        Both failed(String... words) {
            sameCode();
            assertTrue(theirs.exitCode() != 0 && theirs.err().lines().anyMatch(line -> line.startsWith("qemu-img: ")), this::toString);
            String first = ours.err().lines().findFirst().orElse("");
            assertTrue(first.startsWith("blockferry: "), this::toString);
            assertTrue(ours.err().lines().filter(line -> !line.startsWith("Try '")).count() == 1, this::toString);
            for (String word : words) {
                assertTrue(first.contains(word), () -> "no '" + word + "'\n" + this);
            }
            return this;
        }

        @Override
        public String toString() {
            return "qemu-img: " + theirs.exitCode() + "\n" + theirs.out() + theirs.err() + "\nblockferry: " + ours.code() + "\n" + ours.out()
                    + ours.err();
        }
    }

    Both run(String... words) {
        String[] line = new String[words.length + 1];
        line[0] = "qemu-img";
        Arrays.setAll(line, i -> i == 0 ? "qemu-img" : place(theirFolder, words[i - 1]));
        Peers.Result theirs = Peers.tryRun(theirFolder, line);
        CliRun ours = CliRun.of(Arrays.stream(words).map(word -> place(ourFolder, word)).toArray(String[]::new));
        return new Both(new Peers.Result(theirs.exitCode(), cut(theirs.out()), cut(theirs.err())),
                new CliRun(ours.code(), cut(ours.out()), cut(ours.err())));
    }

    private static String place(Path folder, String word) {
        return word.replace("@", folder + "/");
    }

    private String cut(String text) {
        return text.replace(theirFolder + "/", "").replace(ourFolder + "/", "");
    }
}

package org.blockferry.bench.peers;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Runs helpers that are not measured. */
final class Commands {
    private Commands() {
    }

    /** Runs a command to its end and returns what it printed; throws when it fails. */
    static String output(String... command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).redirectInput(new File("/dev/null")).start();
        String printed = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        int exit = process.waitFor();
        if (exit != 0) {
            throw new IOException(String.join(" ", command) + ": exit " + exit + ": " + printed.trim());
        }
        return printed;
    }

    /** What {@code command} prints as its first line, or why it cannot be asked. */
    static String version(String... command) {
        try {
            return output(command).lines().findFirst().orElse("").trim();
        } catch (IOException e) {
            return "not there";
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return "interrupted";
        }
    }

    /** Whether a program of this name is on the path. */
    static boolean exists(String program) {
        return List.of(System.getenv("PATH").split(File.pathSeparator)).stream()
                .anyMatch(folder -> Files.isExecutable(Path.of(folder, program)));
    }
}

package org.blockferry.bench.peers;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * What one run of a command cost.
 *
 * @param wall seconds from start to exit
 * @param cpu seconds of user and system time, of the process and its children
 * @param peak bytes of resident memory at most
 * @param allocated bytes that the output occupies on its file system; 0 without an output
 */
record TimedRun(double wall, double cpu, long peak, long allocated) {
    private static final long TIMEOUT_SECONDS = 600;
    /** A server is given this long to listen before the client is started. */
    private static final long SERVER_START_MILLIS = 10_000;

    /**
     * Runs {@code contender} once under GNU time, with its output removed first.
     *
     * @throws IOException if the command fails, with what it printed
     */
    static TimedRun of(Contender contender, Path scratch) throws IOException, InterruptedException {
        if (!contender.output().isEmpty()) {
            Files.deleteIfExists(Path.of(contender.output()));
        }
        List<Process> servers = new ArrayList<>();
        try {
            for (List<String> server : contender.servers()) {
                servers.add(start(server, scratch));
            }
            return measure(contender, scratch);
        } finally {
            for (Process server : servers) {
                server.destroy();
                server.waitFor();
            }
        }
    }

    private static TimedRun measure(Contender contender, Path scratch) throws IOException, InterruptedException {
        Path figures = scratch.resolve("time.out");
        Path printed = scratch.resolve("printed.out");
        List<String> line = new ArrayList<>(List.of("time", "-q", "-f", "%U %S %M", "-o", figures.toString()));
        line.addAll(contender.command());
        long start = System.nanoTime();
        Process process = new ProcessBuilder(line).redirectErrorStream(true).redirectOutput(printed.toFile())
                .redirectInput(new File("/dev/null")).start();
        if (!process.waitFor(TIMEOUT_SECONDS, TimeUnit.SECONDS)) {
            process.destroyForcibly();
            throw new IOException(contender.name() + ": not done after " + TIMEOUT_SECONDS + " s");
        }
        double wall = (System.nanoTime() - start) / 1e9;
        if (process.exitValue() != 0) {
            throw new IOException(String.join(" ", contender.command()) + ": exit " + process.exitValue() + ": "
                    + tail(Files.readString(printed)));
        }
        String[] words = Files.readString(figures).trim().split("\\s+");
        long allocated = contender.output().isEmpty() || !Files.exists(Path.of(contender.output())) ? 0
                : 512L * Long.parseLong(Commands.output("stat", "-c", "%b", contender.output()).trim());
        return new TimedRun(wall, Double.parseDouble(words[0]) + Double.parseDouble(words[1]),
                Long.parseLong(words[2]) * 1024, allocated);
    }

    /** Starts a server, one of whose words names the socket that it will listen on, and waits until the socket is there. */
    private static Process start(List<String> command, Path scratch) throws IOException, InterruptedException {
        String socket = command.stream().filter(word -> word.endsWith(".sock")).findFirst()
                .orElseThrow(() -> new IOException("no socket in " + command));
        Files.deleteIfExists(Path.of(socket));
        Process server = new ProcessBuilder(command).redirectErrorStream(true)
                .redirectOutput(scratch.resolve("server.out").toFile()).redirectInput(new File("/dev/null")).start();
        long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(SERVER_START_MILLIS);
        while (!Files.exists(Path.of(socket))) {
            if (System.nanoTime() > deadline || !server.isAlive()) {
                server.destroyForcibly();
                throw new IOException(String.join(" ", command) + ": does not listen: "
                        + tail(Files.readString(scratch.resolve("server.out"))));
            }
            TimeUnit.MILLISECONDS.sleep(5);
        }
        return server;
    }

    private static String tail(String text) {
        return text.length() <= 500 ? text.trim() : text.substring(text.length() - 500).trim();
    }
}

package org.blockferry.bench.peers;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.LinkedHashMap;
import java.util.Map;

/** What must be said beside a figure: the date, the commit, the machine, and the versions of everything that ran. */
record Machine(Map<String, String> facts) {

    static Machine here(Path launcher, String commit, int runs) throws IOException {
        Map<String, String> facts = new LinkedHashMap<>();
        facts.put("date", LocalDate.now().toString());
        facts.put("commit", commit);
        facts.put("runs of each", String.valueOf(runs));
        facts.put("processors", Runtime.getRuntime().availableProcessors() + " × " + field("/proc/cpuinfo", "model name"));
        facts.put("memory", field("/proc/meminfo", "MemTotal"));
        facts.put("system", System.getProperty("os.name") + " " + System.getProperty("os.version"));
        facts.put("java", System.getProperty("java.vm.name") + " " + System.getProperty("java.runtime.version"));
        facts.put("blockferry", Commands.version(launcher.toString(), "--version"));
        facts.put("qemu-img", Commands.version("qemu-img", "--version"));
        facts.put("nbdcopy", Commands.version("nbdcopy", "--version"));
        facts.put("cp", Commands.version("cp", "--version"));
        return new Machine(facts);
    }

    private static String field(String file, String name) throws IOException {
        if (!Files.isReadable(Path.of(file))) {
            return "unknown";
        }
        return Files.readString(Path.of(file)).lines().filter(line -> line.startsWith(name)).findFirst()
                .map(line -> line.substring(line.indexOf(':') + 1).trim()).orElse("unknown");
    }
}

package org.blockferry.bench.peers;

import java.util.List;
import java.util.Objects;

/**
 * One command line that does a workload's job.
 *
 * @param name how the tables call it: {@code blockferry}, {@code qemu-img -W -m 16}
 * @param command program and arguments, without a shell
 * @param output the file it leaves, removed before each run; empty when it leaves none
 * @param servers what runs while the command does, started anew for each run
 */
record Contender(String name, List<String> command, String output, List<List<String>> servers) {
    /** What our own lines are called. */
    static final String OURS = "blockferry";

    Contender {
        Objects.requireNonNull(name, "name");
        command = List.copyOf(command);
        servers = servers.stream().map(List::copyOf).toList();
    }

    static Contender of(String name, String output, String... command) {
        return new Contender(name, List.of(command), output, List.of());
    }

    Contender servedBy(List<String> one) {
        return new Contender(name, command, output, List.of(one));
    }

    Contender servedBy(List<String> one, List<String> other) {
        return new Contender(name, command, output, List.of(one, other));
    }

    boolean isOurs() {
        return name.equals(OURS) || name.startsWith(OURS + " ");
    }
}

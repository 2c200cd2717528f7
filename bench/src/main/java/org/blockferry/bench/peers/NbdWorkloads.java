package org.blockferry.bench.peers;

import java.nio.file.Path;
import java.util.List;

/**
 * NBD in each direction over Unix sockets. As a client we run beside {@code nbdcopy} and {@code qemu-img} on the same
 * {@code qemu-nbd}; as a server we and {@code qemu-nbd} run under the same {@code nbdcopy}. Time and memory are the client's.
 */
final class NbdWorkloads {
    private static final String URI = "nbd+unix:///?socket=";

    private final String ours;
    private final String socket;
    private final String second;
    private final String source;
    private final String served;
    private final String target;

    NbdWorkloads(Path folder, String launcher) {
        this.ours = launcher;
        this.socket = folder.resolve("bench.sock").toString();
        this.second = folder.resolve("bench2.sock").toString();
        this.source = folder.resolve("fs.raw").toString();
        this.served = folder.resolve("served.raw").toString();
        this.target = folder.resolve("out-nbd.raw").toString();
    }

    List<Workload> all() {
        return List.of(fromNbd(), toNbd(), nbdToNbd(), served("served read", "read", true), served("served written", "written", false));
    }

    private List<String> reader(String at) {
        return List.of("qemu-nbd", "-r", "-t", "-e", "16", "-f", "raw", "-k", at, source);
    }

    /** A new sparse file for each run, so that nobody profits from the run before. */
    private List<String> writer(String at, String server) {
        return List.of("sh", "-c", "rm -f \"$1\" && truncate -r \"$2\" \"$1\" && exec " + server, at, served, source);
    }

    private List<String> qemuWriter(String at) {
        return writer(at, "qemu-nbd -t -e 16 --discard=unmap --detect-zeroes=off --cache=writeback -f raw -k \"$0\" \"$1\"");
    }

    private Workload fromNbd() {
        String uri = URI + socket;
        List<String> server = reader(socket);
        return workload("NBD-file", "the file system served by qemu-nbd, to raw", target, List.of(
                Contender.of(Contender.OURS, target, ours, "copy", "-q", "-f", "raw", "-O", "raw", uri, target).servedBy(server),
                Contender.of("qemu-img -W -m 16", target, "qemu-img", "convert", "-W", "-m", "16", "-f", "raw", "-O", "raw", uri,
                        target).servedBy(server),
                Contender.of("nbdcopy", target, "nbdcopy", uri, target).servedBy(server)));
    }

    private Workload toNbd() {
        String uri = URI + socket;
        List<String> server = qemuWriter(socket);
        return workload("file-NBD", "the file system from raw to an empty export of qemu-nbd", served, List.of(
                Contender.of(Contender.OURS, "", ours, "copy", "-q", "-f", "raw", "-n", source, uri).servedBy(server),
                Contender.of("qemu-img -W -m 16", "", "qemu-img", "convert", "-n", "-W", "-m", "16", "-f", "raw", "-O", "raw",
                        source, uri).servedBy(server),
                Contender.of("nbdcopy", "", "nbdcopy", source, uri).servedBy(server)));
    }

    private Workload nbdToNbd() {
        String from = URI + socket;
        String to = URI + second;
        List<String> reader = reader(socket);
        List<String> writer = qemuWriter(second);
        return workload("NBD-NBD", "the file system from one qemu-nbd to an empty export of another", served, List.of(
                Contender.of(Contender.OURS, "", ours, "copy", "-q", "-f", "raw", "-n", from, to).servedBy(reader, writer),
                Contender.of("qemu-img -W -m 16", "", "qemu-img", "convert", "-n", "-W", "-m", "16", "-f", "raw", "-O", "raw", from,
                        to).servedBy(reader, writer),
                Contender.of("nbdcopy", "", "nbdcopy", from, to).servedBy(reader, writer)));
    }

    private Workload served(String name, String verb, boolean reading) {
        String uri = URI + socket;
        String[] client = reading ? new String[] {"nbdcopy", uri, target} : new String[] {"nbdcopy", source, uri};
        String output = reading ? target : "";
        List<String> we = reading
                ? List.of(ours, "serve", "--read-only", "--persistent", "-f", "raw", "--socket", socket, source)
                : writer(socket, "\"" + ours + "\" serve --persistent -f raw --socket \"$0\" \"$1\"");
        return workload(name, "the file system served, " + verb + " by nbdcopy", reading ? target : served, List.of(
                Contender.of(Contender.OURS + " serve", output, client).servedBy(we),
                Contender.of("qemu-nbd", output, client).servedBy(reading ? reader(socket) : qemuWriter(socket))));
    }

    private Workload workload(String name, String title, String result, List<Contender> contenders) {
        return new Workload(name, title, 0.8, contenders, List.of("fs.raw"),
                contender -> Workloads.same(source, "raw", result, "raw"));
    }
}

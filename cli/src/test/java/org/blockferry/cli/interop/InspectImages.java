package org.blockferry.cli.interop;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Path;
import org.blockferry.engine.testing.Peers;

/** The images that the commands are tried on: every kind of cluster, every place in a chain, the options that change a layout. */
final class InspectImages {
    private InspectImages() {
    }

    static void make(Path folder) throws IOException {
        Peers.require("qemu-img", "qemu-io");
        img(folder, "create -f qcow2 base.qcow2 1M");
        io(folder, "base.qcow2", "write -P 1 0 128k", "write -z -u 128k 64k", "write -P 3 192k 64k", "write -z 192k 64k");
        img(folder, "snapshot -c first base.qcow2");
        io(folder, "base.qcow2", "write -P 9 0 64k");
        img(folder, "bitmap --add base.qcow2 bitmap0");
        img(folder, "bitmap --add -g 32k --disable base.qcow2 a-longer-name");
        img(folder, "create -f qcow2 -b base.qcow2 -F qcow2 overlay.qcow2 2M");
        io(folder, "overlay.qcow2", "write -P 2 64k 64k", "write -c -P 7 512k 64k", "write -z 1600k 64k");
        img(folder, "create -f qcow2 -b overlay.qcow2 -F qcow2 top.qcow2 3M");
        io(folder, "top.qcow2", "write -P 5 2M 192k");
        img(folder, "create -f qcow2 -o preallocation=metadata advance.qcow2 4M");
        io(folder, "advance.qcow2", "write -P 5 1M 64k");
        img(folder, "create -f qcow2 -o extended_l2=on,cluster_size=32k,lazy_refcounts=on,refcount_bits=64 sub.qcow2 4M");
        io(folder, "sub.qcow2", "write -P 5 5k 2k", "write -z 9k 3k", "write -P 6 100k 100k", "write -P 7 512k 32k");
        img(folder, "create -f qcow2 -o compression_type=zstd,cluster_size=4k zstd.qcow2 1M");
        io(folder, "zstd.qcow2", "write -c -P 5 0 4k", "write -P 5 8k 4k");
        img(folder, "create -f qcow2 -o compat=0.10 v2.qcow2 4M");
        img(folder, "create -f qcow2 -o data_file=" + folder.resolve("data.raw") + ",data_file_raw=on outside.qcow2 4M");
        img(folder, "create -f qcow2 -u -b nbd:unix:/nowhere -F raw evil.qcow2 4M");
        img(folder, "create -f qcow2 -u -b json:{\"driver\":\"null-co\"} -F raw json.qcow2 4M");
        img(folder, "create -f qcow2 empty.qcow2 0");
        try (RandomAccessFile raw = new RandomAccessFile(folder.resolve("odd.raw").toFile(), "rw")) {
            raw.setLength(1_000_000);
            raw.seek(40_960);
            raw.write("some data that is not zero".getBytes(java.nio.charset.StandardCharsets.US_ASCII));
        }
        img(folder, "create -f qcow2 -b odd.raw -F raw onodd.qcow2 2M");
        img(folder, "create -f raw nothing.raw 0");
        img(folder, "create -f raw holes.raw 8M");
    }

    static void img(Path folder, String line) {
        Peers.run(folder, ("qemu-img " + line.replaceFirst(" ", line.startsWith("create") ? " -q " : " ")).split(" "));
    }

    static void io(Path folder, String image, String... commands) {
        String[] line = new String[4 + 2 * commands.length];
        line[0] = "qemu-io";
        line[1] = "-f";
        line[2] = "qcow2";
        for (int i = 0; i < commands.length; i++) {
            line[3 + 2 * i] = "-c";
            line[4 + 2 * i] = commands[i];
        }
        line[line.length - 1] = image;
        Peers.run(folder, line);
    }
}

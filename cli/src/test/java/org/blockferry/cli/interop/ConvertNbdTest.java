package org.blockferry.cli.interop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.blockferry.cli.CliRun;
import org.blockferry.engine.testing.PeerProcess;
import org.blockferry.engine.testing.Peers;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code convert} from a server: described by options, and where reading fails. qemu-img runs the same line. */
class ConvertNbdTest {
    @TempDir
    Path folder;

    @BeforeEach
    void peers() {
        Peers.require("qemu-img", "nbdkit");
    }

    private PeerProcess nbdkit(String... arguments) {
        List<String> command = new ArrayList<>(List.of("nbdkit", "-f", "--exit-with-parent", "-P", folder.resolve("pid").toString(),
                "-U", folder.resolve("sock").toString()));
        command.addAll(List.of(arguments));
        return Peers.start(folder, command.toArray(String[]::new)).await(folder.resolve("pid"));
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "driver=raw,file.driver=nbd,file.path=@sock", "driver=nbd,path=@sock,export=any",
        "driver=raw,file.driver=nbd,file.server.type=unix,file.server.path=@sock,file.export=a b",
        "driver=raw,file.driver=nbd,file.server.type=unix,file.server.path=@sock,offset=1M,size=64k",
        "json:{\"driver\":\"raw\",\"file\":{\"driver\":\"nbd\",\"server\":{\"type\":\"unix\",\"path\":\"@sock\"}}}"})
    void aServerIsDescribedByOptions(String options) throws IOException {
        String source = options.replace("@", folder + "/");
        try (PeerProcess server = nbdkit("pattern", "4M")) {
            List<String> line = new ArrayList<>(List.of("convert"));
            if (!source.startsWith("json:")) {
                line.add("--image-opts");
            }
            line.addAll(List.of("-O", "raw", source, folder.resolve("b.raw").toString()));
            CliRun.of(line.toArray(String[]::new)).expect(0);
            line.set(line.size() - 1, folder.resolve("q.raw").toString());
            line.add(0, "qemu-img");
            Peers.run(folder, line.toArray(String[]::new));
            assertTrue(server.process().isAlive());
        }
        assertEquals(-1, Files.mismatch(folder.resolve("q.raw"), folder.resolve("b.raw")));
    }

    @Test
    void whatCannotBeReadIsAnErrorAndWithSalvageZeroes() throws IOException {
        String uri = "nbd+unix:///?socket=" + folder.resolve("sock");
        // The server fails reads of one 64 KiB block, whatever else the request is about.
        String script = "case $1 in get_size) echo 1M ;; pread) if [ $(( $4 + $3 )) -gt 196608 -a $4 -lt 262144 ]; then "
                + "echo 'EIO bad block' >&2; exit 1; fi; head -c $3 /dev/zero | tr '\\0' x ;; can_multi_conn|thread_model) "
                + "[ $1 = thread_model ] && echo parallel; exit 0 ;; *) exit 2 ;; esac";
        try (PeerProcess server = nbdkit("eval", "get_size=echo 1M", "pread=" + script.replace("$1", "pread"))) {
            CliRun fails = CliRun.of("convert", "-f", "raw", uri, folder.resolve("b.raw").toString()).expect(1);
            assertTrue(fails.err().matches("blockferry: error while reading at byte \\d+: Input/output error.*\n"), fails.err());
            assertTrue(Files.notExists(folder.resolve("b.raw")));
            CliRun salvaged = CliRun.of("convert", "--salvage", "-f", "raw", uri, folder.resolve("b.raw").toString()).expect(0);
            assertTrue(salvaged.err().contains("blockferry: warning: error while reading at byte 196608: "), salvaged.err());
            CliRun quiet = CliRun.of("convert", "--salvage", "-q", "-f", "raw", uri, folder.resolve("c.raw").toString()).expect(0);
            assertEquals("", quiet.err());
            Peers.Result qemu = Peers.tryRun(folder, "qemu-img", "convert", "-f", "raw", uri, folder.resolve("q.raw").toString());
            assertEquals(1, qemu.exitCode());
            assertTrue(qemu.err().startsWith("qemu-img: error while reading at byte "), qemu.err());
            Peers.run(folder, "qemu-img", "convert", "--salvage", "-f", "raw", uri, folder.resolve("q.raw").toString());
            assertTrue(server.process().isAlive());
        }
        assertEquals(-1, Files.mismatch(folder.resolve("q.raw"), folder.resolve("b.raw")));
        assertEquals(-1, Files.mismatch(folder.resolve("q.raw"), folder.resolve("c.raw")));
    }
}

package org.blockferry.cli.interop;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.blockferry.cli.CliRun;
import org.blockferry.cli.MirrorRun;
import org.blockferry.drivers.qmp.GuestWriter;
import org.blockferry.drivers.qmp.QemuUnderTest;
import org.blockferry.engine.testing.Peers;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Many mirrors of a QEMU's disk, all chosen by a seed: formats, granularity, pauses, speeds, and the guest's writes. */
@Tag("slow")
@Timeout(600)
class QemuMirrorSoakTest {
    private static final int ROUNDS = 10;

    @TempDir
    Path folder;

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6})
    void whatTheGuestWasAnsweredIsInTheTarget(long seed) throws IOException {
        Peers.require("qemu-img", "qemu-system-x86_64");
        Random random = new Random(seed);
        for (int round = 0; round < ROUNDS; round++) {
            round(random, seed * ROUNDS + round);
        }
    }

    private void round(Random random, long writes) throws IOException {
        String source = random.nextBoolean() ? "raw" : "qcow2";
        String target = random.nextBoolean() ? "raw" : "qcow2";
        Peers.run(folder, "qemu-img", "create", "-q", "-f", source, "src", "16M");
        Peers.run(folder, "qemu-img", "convert", "-f", source, "-O", "raw", "src", "before.raw");
        String control = folder.resolve("control").toString();
        List<String> words = new ArrayList<>(List.of("--qmp", folder.resolve("qmp").toString(), "--node", "disk",
                "--nbd-server", "nbd+unix:///?socket=" + folder.resolve("nbd"), "--control", control, "--granularity",
                Integer.toString(512 << random.nextInt(12)), "-O", target));
        if (random.nextBoolean()) {
            words.addAll(List.of("-r", "4M"));
        }
        words.add(folder.resolve("dst").toString());
        try (QemuUnderTest qemu = QemuUnderTest.emulator(folder, "-blockdev", "driver=file,node-name=file,filename=src",
                "-blockdev", "driver=" + source + ",node-name=disk,file=file").nbdServer();
                GuestWriter guest = GuestWriter.start(qemu.export("disk", "guest"), folder.resolve("before.raw"), writes)) {
            guest.await(random.nextInt(50));
            try (MirrorRun mirror = MirrorRun.start(words.toArray(String[]::new)).awaitReady()) {
                for (int i = random.nextInt(4); i > 0; i--) {
                    CliRun.of("job", control, "pause").expect(0);
                    guest.await(random.nextInt(100));
                    CliRun.of("job", control, "resume").expect(0);
                    guest.await(random.nextInt(100));
                }
                CliRun.of("job", control, "speed", "0").expect(0);
                guest.stop().expected(folder.resolve("expected.raw"));
                guest.leave();
                CliRun.of("job", control, "complete").expect(0);
                mirror.finish().expect(0);
            }
        }
        Peers.run(folder, "qemu-img", "compare", "-f", "raw", "-F", target, "expected.raw", "dst");
        Peers.run(folder, "qemu-img", "compare", "-f", source, "-F", target, "src", "dst");
    }
}

package org.blockferry.cli.interop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.blockferry.cli.CliRun;
import org.blockferry.cli.LauncherProcess;
import org.blockferry.drivers.qmp.QemuUnderTest;
import org.blockferry.engine.testing.Peers;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The README's example of a migration, run as it stands there. */
@Timeout(180)
class MigrationExampleIT {
    private static final Pattern BLOCKS = Pattern.compile("```sh\n(.*?)```", Pattern.DOTALL);

    @TempDir
    Path folder;

    /** The shell lines under "Moving a running machine". */
    private static String example() throws IOException {
        String readme = Files.readString(LauncherProcess.launcher().resolve("../../../README.md").normalize());
        String section = readme.substring(readme.indexOf("## Moving a running machine"), readme.indexOf("## How fast"));
        List<String> blocks = BLOCKS.matcher(section).results().map(MatchResult::group)
                .map(block -> block.substring("```sh\n".length(), block.length() - "```".length())).toList();
        assertTrue(blocks.size() >= 2, section);
        return String.join("\n", blocks.subList(0, 2));
    }

    @Test
    void itMovesTheDiskOfAMachineThatWritesToIt() throws Exception {
        Peers.require("qemu-system-x86_64", "qemu-img", "bash");
        SequenceGuest.install(folder.resolve("src.raw"));
        try (QemuUnderTest qemu = QemuUnderTest.machine(folder, "-machine pc,accel=tcg -m 32", "-blockdev",
                "driver=file,node-name=file,filename=src.raw", "-blockdev", "driver=raw,node-name=disk0,file=file", "-device",
                "ide-hd,drive=disk0,bootindex=0")) {
            qemu.awaitWrites(100);
            Files.createSymbolicLink(folder.resolve("vm.qmp"), qemu.qmp());
            Files.writeString(folder.resolve("example"), "set -e\nPATH=" + LauncherProcess.launcher().getParent() + ":$PATH\n"
                    + example() + "\nwait\n");
            try (LauncherProcess shell = LauncherProcess.start("/usr/bin/env", folder, Map.of(), "bash", "example")) {
                CliRun run = shell.finish().expect(0);
                assertTrue(run.out().contains("ready, pass "), run.out());
            }
            assertEquals("paused", ((Map<?, ?>) qemu.execute("query-status")).get("status"));
        }
        Peers.run(folder, "qemu-img", "compare", "-f", "raw", "-F", "qcow2", "src.raw", "disk.qcow2");
        Peers.run(folder, "qemu-img", "check", "disk.qcow2");
    }
}

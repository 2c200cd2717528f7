package org.blockferry.drivers.nbd;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.blockferry.drivers.nbd.server.NbdServer;
import org.blockferry.drivers.nbd.server.NbdServerOptions;
import org.blockferry.drivers.nbd.server.ServedExport;
import org.blockferry.engine.block.BlockNode;
import org.blockferry.engine.block.BlockTarget;
import org.blockferry.engine.block.BlockTargetContract;
import org.blockferry.engine.testing.ArrayDisk;
import org.blockferry.engine.testing.Disks;
import org.blockferry.engine.testing.PeerProcess;
import org.blockferry.engine.util.CloseAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.io.TempDir;

/** The contract of targets, for exports of other people's servers. */
class NbdStorageTest {

    abstract static class ServedContract extends BlockTargetContract {
        @TempDir
        Path folder;
        private final List<PeerProcess> servers = new ArrayList<>();
        private final List<BlockNode> nodes = new ArrayList<>();
        private Path last;

        abstract PeerProcess serve(Path home, Path file);

        Map<String, String> options() {
            return Map.of();
        }

        @Override
        protected BlockTarget create(long length) throws Exception {
            Path home = Files.createDirectory(folder.resolve("s" + servers.size()));
            last = NbdPeers.setLength(home.resolve("disk"), length);
            servers.add(serve(home, last));
            BlockTarget target = NbdPeers.target(NbdPeers.uri(home), options());
            nodes.add(target);
            return target;
        }

        @Override
        protected byte[] contentAfterClose() throws Exception {
            return Files.readAllBytes(last);
        }

        @Override
        protected boolean looksFinished() {
            return true;
        }

        @Override
        protected boolean isWrittenInPlace() {
            return true;
        }

        @AfterEach
        void endServers() throws Exception {
            // nbdkit does not end before its clients do.
            CloseAll.inOrder(nodes);
            servers.forEach(PeerProcess::close);
        }
    }

    @Nested
    class ByNbdkit extends ServedContract {
        @Override
        PeerProcess serve(Path home, Path file) {
            return NbdPeers.nbdkit(home, "file", file.toString());
        }
    }

    @Nested
    class ByNbdkitThatCanOnlyWrite extends ServedContract {
        @Override
        PeerProcess serve(Path home, Path file) {
            return NbdPeers.nbdkit(home, "--no-sr", "--filter=nozero", "--filter=multi-conn", "file", file.toString(),
                    "multi-conn-mode=disable");
        }
    }

    @Nested
    class ByNbdkitInSectors extends ServedContract {
        @Override
        PeerProcess serve(Path home, Path file) {
            return NbdPeers.nbdkit(home, "--filter=blocksize-policy", "file", file.toString(), "blocksize-minimum=512",
                    "blocksize-preferred=4096", "blocksize-maximum=64K", "blocksize-error-policy=error");
        }
    }

    @Nested
    class ByQemuNbd extends ServedContract {
        @Override
        PeerProcess serve(Path home, Path file) {
            return NbdPeers.qemuNbd(home, "-f", "raw", file.toString());
        }
    }

    @Nested
    class ByQemuNbdOverOneConnectionInSmallPieces extends ServedContract {
        @Override
        PeerProcess serve(Path home, Path file) {
            return NbdPeers.qemuNbd(home, "-f", "raw", file.toString());
        }

        @Override
        Map<String, String> options() {
            return Map.of("connections", "1", "request-size", "4K");
        }
    }

    /** Our own server: the only one here that has extended headers. */
    abstract static class OwnServerContract extends BlockTargetContract {
        @TempDir
        Path folder;
        private final List<AutoCloseable> opened = new ArrayList<>();
        private ArrayDisk last;

        Map<String, String> options() {
            return Map.of();
        }

        int minimumBlock() {
            return 1;
        }

        @Override
        protected BlockTarget create(long length) throws Exception {
            Path socket = folder.resolve("s" + opened.size());
            last = ArrayDisk.blank("disk", (int) length);
            ServedExport export = ServedExport.writable("disk", last).withMinimumBlock(minimumBlock());
            NbdServer server = NbdServer.start(NbdServerOptions.unix(socket), List.of(export));
            BlockTarget target = NbdPeers.target("nbd+unix:///disk?socket=" + socket, options());
            opened.add(target);
            opened.add(server);
            return target;
        }

        @Override
        protected byte[] contentAfterClose() throws Exception {
            return Disks.readAll(last);
        }

        @Override
        protected boolean looksFinished() {
            return true;
        }

        @Override
        protected boolean isWrittenInPlace() {
            return true;
        }

        @AfterEach
        void end() throws Exception {
            CloseAll.inOrder(opened);
        }
    }

    @Nested
    class ByBlockferryWithExtendedHeaders extends OwnServerContract {
    }

    @Nested
    class ByBlockferryWithSimpleReplies extends OwnServerContract {
        @Override
        Map<String, String> options() {
            return Map.of("structured-replies", "0");
        }
    }

    @Nested
    class ByBlockferryInBlocksOf4K extends OwnServerContract {
        @Override
        int minimumBlock() {
            return 4096;
        }
    }
}

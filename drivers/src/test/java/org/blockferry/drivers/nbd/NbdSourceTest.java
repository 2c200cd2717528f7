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
import org.blockferry.engine.block.BlockSource;
import org.blockferry.engine.block.BlockSourceContract;
import org.blockferry.engine.testing.ArrayDisk;
import org.blockferry.engine.testing.PeerProcess;
import org.blockferry.engine.testing.TestImage;
import org.blockferry.engine.util.CloseAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.io.TempDir;

/** The contract of sources, for exports of other people's servers. */
class NbdSourceTest {

    /** A server for each node; all end with the test. */
    abstract static class ServedContract extends BlockSourceContract {
        @TempDir
        Path folder;
        private final List<PeerProcess> servers = new ArrayList<>();
        private final List<BlockNode> nodes = new ArrayList<>();

        abstract PeerProcess serve(Path home, Path file);

        Map<String, String> options() {
            return Map.of();
        }

        @Override
        protected BlockSource open(TestImage image) throws Exception {
            Path home = Files.createDirectory(folder.resolve("s" + servers.size()));
            servers.add(serve(home, NbdPeers.file(home.resolve("disk"), image)));
            BlockSource source = NbdPeers.source(NbdPeers.uri(home), options());
            nodes.add(source);
            return source;
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
    class ByNbdkitWithoutStructuredReplies extends ServedContract {
        @Override
        PeerProcess serve(Path home, Path file) {
            return NbdPeers.nbdkit(home, "--no-sr", "file", file.toString());
        }

        @Override
        protected List<String> expectedMap(TestImage image) {
            return List.of(image.range() + " L-M-");
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
            return NbdPeers.qemuNbd(home, "-r", "-f", "raw", file.toString());
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
    abstract static class OwnServerContract extends BlockSourceContract {
        @TempDir
        Path folder;
        private final List<AutoCloseable> opened = new ArrayList<>();

        Map<String, String> options() {
            return Map.of();
        }

        int minimumBlock() {
            return 1;
        }

        @Override
        protected BlockSource open(TestImage image) throws Exception {
            Path socket = folder.resolve("s" + opened.size());
            ServedExport export = ServedExport.readOnly("disk", new ArrayDisk("disk", image)).withMinimumBlock(minimumBlock());
            NbdServer server = NbdServer.start(NbdServerOptions.unix(socket), List.of(export));
            BlockSource source = NbdPeers.source("nbd+unix:///disk?socket=" + socket, options());
            opened.add(source);
            opened.add(server);
            return source;
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
    class ByBlockferryWithStructuredReplies extends OwnServerContract {
        @Override
        Map<String, String> options() {
            return Map.of("extended-headers", "0");
        }
    }

    @Nested
    class ByBlockferryWithSimpleReplies extends OwnServerContract {
        @Override
        Map<String, String> options() {
            return Map.of("structured-replies", "0");
        }

        @Override
        protected List<String> expectedMap(TestImage image) {
            return List.of(image.range() + " L-M-");
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

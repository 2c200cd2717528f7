package org.blockferry.drivers.nbd.server;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.blockferry.drivers.nbd.wire.Nbd;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.DriverRegistry;
import org.blockferry.engine.block.OpenOptions;
import org.blockferry.engine.graph.ChainStatus;
import org.blockferry.engine.graph.ImageChain;
import org.blockferry.engine.graph.ImageOpener;
import org.blockferry.engine.graph.OpenPolicy;
import org.blockferry.engine.testing.Peers;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The column "NBD" of the design's case table: a qcow2 chain made by qemu-io, served by us, asked by nbdinfo and qemu-img. */
@Timeout(60)
@SuppressWarnings("try") // servers run for the length of a block
class NbdServerChainTest {
    private static final Pattern ROW = Pattern.compile(" *([0-9]+) +([0-9]+) +([0-9]+).*");

    @TempDir
    Path folder;

    /** base: 12 clusters, overlay: 14; one cluster of 64 KiB for each row of the table, in its order. */
    @BeforeEach
    void makeChain() {
        Peers.require("qemu-img", "qemu-io", "nbdinfo");
        Peers.run(folder, "qemu-img", "create", "-q", "-f", "qcow2", "base.qcow2", "768k");
        Peers.run(folder, "qemu-io", "-c", "write -P 1 320k 64k", "-c", "write -P 0 384k 64k", "-c", "write -P 1 448k 64k",
                "-c", "write -zu 448k 64k", "-c", "write -P 1 512k 64k", "-c", "write -z 512k 64k", "base.qcow2");
        Peers.run(folder, "qemu-img", "create", "-q", "-f", "qcow2", "-b", "base.qcow2", "-F", "qcow2", "top.qcow2", "896k");
        Peers.run(folder, "qemu-io", "-c", "write -P 2 0 64k", "-c", "write -P 0 64k 64k", "-c", "write -P 2 128k 64k",
                "-c", "write -zu 128k 64k", "-c", "write -P 2 192k 64k", "-c", "write -z 192k 64k", "-c",
                "write -c -P 3 256k 64k",
                "top.qcow2");
    }

    private ImageChain open() throws BlockException {
        return new ImageOpener(DriverRegistry.load(), OpenPolicy.DEFAULT)
                .openChain(folder.resolve("top.qcow2").toString(), Optional.of("qcow2"), OpenOptions.DEFAULT);
    }

    private String uri() {
        return "nbd+unix:///?socket=" + folder.resolve("s");
    }

    private String map(String context) {
        return Peers.run(folder, "nbdinfo", "--map=" + context, uri()).out().lines().map(ROW::matcher)
                .filter(Matcher::matches)
                .map(row -> Long.parseLong(row.group(1)) / 1024 + "K+" + Long.parseLong(row.group(2)) / 1024 + "K "
                + row.group(3))
                .collect(Collectors.joining("\n", "", "\n"));
    }

    @Test
    void holesZeroesAndDepthsAreTheTablesAndTheBytesAreQemus() throws Exception {
        try (ImageChain chain = open();
                NbdServer server = NbdServer.start(NbdServerOptions.unix(folder.resolve("s")),
                        List.of(ServedExport.readOnly("", chain)
                        .withContext(Nbd.QEMU_ALLOCATION_DEPTH, range -> {
                            ChainStatus found = chain.statusAbove(chain.layers().size(), range);
                            return new MetadataContext.Extent(found.status().clip(range).length(), found.depth());
                        })))) {
            // 1a 1b data; 2 zero cluster; 3 preallocated zero; 6 compressed, 4a 4b data below; 4c; 4d; 4e and 5.
            assertEquals("""
                    0K+128K 0
                    128K+64K 3
                    192K+64K 2
                    256K+192K 0
                    448K+64K 3
                    512K+64K 2
                    576K+320K 3
                    """, map("base:allocation"));
            assertEquals("""
                    0K+320K 1
                    320K+256K 2
                    576K+192K 0
                    768K+128K 2
                    """, map("qemu:allocation-depth"));
            Peers.run(folder, "qemu-img", "compare", "-f", "qcow2", "-F", "raw", "top.qcow2", uri());
            Peers.run(folder, "qemu-img", "convert", "-f", "raw", "-O", "qcow2", uri(), "copy.qcow2");
            Peers.run(folder, "qemu-img", "compare", "-f", "qcow2", "-F", "qcow2", "top.qcow2", "copy.qcow2");
        }
    }
}

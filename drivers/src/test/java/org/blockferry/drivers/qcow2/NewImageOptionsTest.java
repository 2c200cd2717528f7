package org.blockferry.drivers.qcow2;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.blockferry.engine.block.BackingReference;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockException.Kind;
import org.blockferry.engine.block.CreateOptions;
import org.blockferry.engine.testing.Peers;
import org.blockferry.engine.util.ByteSize;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NewImageOptionsTest {
    @TempDir
    Path dir;

    private static Map<String, String> map(String options) {
        Map<String, String> map = new LinkedHashMap<>();
        for (String word : options.split(",")) {
            if (!word.isEmpty()) {
                map.put(word.substring(0, word.indexOf('=')), word.substring(word.indexOf('=') + 1));
            }
        }
        return map;
    }

    /** The same options to QEMU and to us: both take them, or both refuse, and say so in the same words where those are ours. */
    @ParameterizedTest(name = "{0} {1}")
    @CsvSource(delimiter = '|', nullValues = "-", value = {
        // options                              | size  | words of the refusal, - if there is none
        "''                                     | 1G    | -",
        "cluster_size=512                       | 128G  | -",
        "cluster_size=512                       | 129G  | The image size is too large for file format 'qcow2' (try using a larger cluster size)",
        "cluster_size=2M                        | 2E    | -",
        "cluster_size=2M                        | 3E    | The image size is too large for file format 'qcow2' (try using a larger cluster size)",
        "cluster_size=256                       | 1M    | Cluster size must be a power of two between 512 and 2048k",
        "cluster_size=1000                      | 1M    | Cluster size must be a power of two between 512 and 2048k",
        "cluster_size=4M                        | 1M    | Cluster size must be a power of two between 512 and 2048k",
        "cluster_size=0                         | 1M    | Cluster size must be a power of two between 512 and 2048k",
        "cluster_size=65536.0                   | 1M    | -",
        "cluster_size=0x10000                   | 1M    | -",
        "cluster_size=abc                       | 1M    | Parameter 'cluster_size' expects",
        "compat=v2                              | 1M    | -",
        "compat=v3                              | 1M    | -",
        "compat=1.1                             | 1M    | -",
        "compat=0.9                             | 1M    | does not accept value '0.9'",
        "compat=2                               | 1M    | does not accept value '2'",
        "refcount_bits=1                        | 1M    | -",
        "refcount_bits=64                       | 1M    | -",
        "refcount_bits=3                        | 1M    | Refcount width must be a power of two and may not exceed 64 bits",
        "refcount_bits=0                        | 1M    | Refcount width must be a power of two and may not exceed 64 bits",
        "refcount_bits=128                      | 1M    | Refcount width must be a power of two and may not exceed 64 bits",
        "refcount_bits=x                        | 1M    | Parameter 'refcount_bits' expects a number",
        "refcount_bits=16,compat=0.10           | 1M    | -",
        "refcount_bits=8,compat=0.10            | 1M    | Different refcount widths than 16 bits require compatibility level 1.1 or above",
        "lazy_refcounts=on                      | 1M    | -",
        "lazy_refcounts=yes                     | 1M    | -",
        "lazy_refcounts=1                       | 1M    | Parameter 'lazy_refcounts' expects 'on' or 'off'",
        "lazy_refcounts=ON                      | 1M    | Parameter 'lazy_refcounts' expects 'on' or 'off'",
        "lazy_refcounts=on,compat=0.10          | 1M    | Lazy refcounts only supported with compatibility level 1.1 and above",
        "extended_l2=on                         | 1M    | -",
        "extended_l2=on,cluster_size=16k        | 1M    | -",
        "extended_l2=on,cluster_size=8k         | 1M    | Extended L2 entries are only supported with cluster sizes of at least 16384 bytes",
        "extended_l2=on,compat=0.10             | 1M    | Extended L2 entries are only supported with compatibility level 1.1 and above",
        "preallocation=metadata                 | 1000  | -",
        "preallocation=half                     | 1M    | Parameter 'preallocation' does not accept value 'half'",
        "backing_file=b.raw,backing_fmt=raw     | 1M    | -",
        "backing_file=b.raw                     | 1M    | Backing file specified without backing format",
        "backing_fmt=raw                        | 1M    | Backing format cannot be used without backing file",
        "backing_file=b.raw,backing_fmt=raw,preallocation=metadata | 1M | Backing file and preallocation can only be used at the same time if extended_l2 is on",
        "backing_file=b.raw,backing_fmt=raw,preallocation=metadata,extended_l2=on | 1M | -",
        "compression_type=zstd                  | 1M    | -",
        "compression_type=zstd,compat=0.10      | 1M    | Non-zlib compression type is only supported with compatibility level 1.1 and above",
        "compression_type=lzma                  | 1M    | does not accept value 'lzma'",
        "encryption=off                         | 1M    | -",
        "data_file_raw=off                      | 1M    | -",
        "foo=bar                                | 1M    | Invalid parameter 'foo'",
        "''                                     | 0     | -",
        "''                                     | 1000  | -"})
    void acceptsAndRefusesWhatQemuDoes(String options, String size, String refusal) throws Exception {
        Peers.require("qemu-img");
        Files.write(dir.resolve("b.raw"), new byte[1 << 20]);
        List<String> command = new ArrayList<>(List.of("qemu-img", "create", "-q", "-f", "qcow2"));
        if (!options.isEmpty()) {
            command.addAll(List.of("-o", options));
        }
        command.addAll(List.of("image.qcow2", size));
        Peers.Result theirs = Peers.tryRun(dir, command.toArray(new String[0]));
        assertEquals(refusal == null, theirs.exitCode() == 0, theirs.toString());

        CreateOptions ours = CreateOptions.ofLength(ByteSize.parse("size", size)).withFormatOptions(map(options));
        if (refusal == null) {
            NewImageOptions parsed = NewImageOptions.parse("image.qcow2", ours);
            Peers.Result info = Peers.run(dir, "qemu-img", "info", "-U", "image.qcow2", "--output=json");
            assertField(info.out(), "virtual-size", parsed.length());
            assertField(info.out(), "cluster-size", parsed.layout().clusterSize());
            assertField(info.out(), "refcount-bits", parsed.layout().refcountBits());
            return;
        }
        BlockException e = assertThrows(BlockException.class, () -> NewImageOptions.parse("image.qcow2", ours));
        assertEquals(Kind.INVALID_ARGUMENT, e.kind());
        assertTrue(e.getMessage().startsWith("image.qcow2: ") && e.getMessage().contains(refusal), e.getMessage());
        assertFalse(e.getMessage().contains("\n"), e.getMessage());
        assertTrue(theirs.err().contains(refusal), "QEMU says " + theirs.err());
    }

    private static void assertField(String json, String name, long value) {
        assertTrue(json.lines().anyMatch(line -> line.strip().replace(",", "").equals("\"" + name + "\": " + value)), json);
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', value = {
        "data_file=d.raw                          | external data file",
        "data_file_raw=on                         | external data file",
        "encrypt.format=luks                      | encrypted images",
        "encryption=on                            | encrypted images"})
    void saysWhatQemuHasAndWeHaveNot(String options, String words) {
        BlockException e = assertThrows(BlockException.class,
                () -> NewImageOptions.parse("x", CreateOptions.ofLength(1 << 20).withFormatOptions(map(options))));
        assertEquals(Kind.UNSUPPORTED, e.kind());
        assertTrue(e.getMessage().contains(words), e.getMessage());
    }

    @Test
    void theBaseNamedApartGoesBeforeTheOneInTheOptions() throws Exception {
        NewImageOptions options = NewImageOptions.parse("x", CreateOptions.ofLength(1 << 20)
                .withBacking(new BackingReference("b", Optional.empty()))
                .withFormatOptions(Map.of("backing_file", "c", "backing_fmt", "raw")));
        assertEquals(Optional.of(new BackingReference("b", Optional.of("raw"))), options.backing());
    }

    @Test
    void refusesABackingNameThatHasNoRoom() {
        BackingReference longest = new BackingReference("b".repeat(1024), Optional.of("raw"));
        CreateOptions options = CreateOptions.ofLength(1 << 20).withBacking(longest);
        BlockException e = assertThrows(BlockException.class, () -> NewImageOptions.parse("x", options));
        assertEquals("x: The name of the backing file has 1024 bytes; with clusters of 65536 bytes at most 1023", e.getMessage());
        BackingReference shorter = new BackingReference("b".repeat(400), Optional.of("raw"));
        assertThrows(BlockException.class, () -> NewImageOptions.parse("x", CreateOptions.ofLength(1 << 20).withBacking(shorter)
                .withFormatOptions(Map.of("cluster_size", "512"))));
    }

    @Test
    void refusesWhatNeedsALengthWhenThereIsNone() {
        CreateOptions unknown = CreateOptions.ofLength(-1);
        assertThrows(BlockException.class,
                () -> NewImageOptions.parse("x", unknown.withFormatOptions(Map.of("preallocation", "full"))));
        assertThrows(BlockException.class,
                () -> NewImageOptions.parse("x", unknown.withBacking(new BackingReference("b", Optional.of("raw")))));
    }
}

package org.blockferry.drivers.qcow2;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Supplier;
import org.blockferry.drivers.codec.Compressor;
import org.blockferry.drivers.codec.Compressors;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockTarget;
import org.blockferry.engine.block.ByteRange;
import org.blockferry.engine.block.CreateOptions;
import org.blockferry.engine.block.Trait;
import org.blockferry.engine.block.WriteFlag;
import org.blockferry.engine.block.ZeroFlag;
import org.blockferry.engine.testing.Peers;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CompressedWriterTest {
    private static final Set<WriteFlag> COMPRESSED = Set.of(WriteFlag.COMPRESSED);

    @TempDir
    Path dir;
    private Path image;

    @BeforeEach
    void peers() {
        Peers.require("qemu-img");
        image = dir.resolve("image.qcow2");
    }

    /** Text of few words: it shrinks to a quarter; every eighth 64 KiB is noise, which does not. */
    private static byte[] text(int length, long seed) {
        Random random = new Random(seed);
        byte[] bytes = new byte[length];
        for (int at = 0; at < length; at++) {
            bytes[at] = (byte) ((at >> 16) % 8 == 7 ? random.nextInt() : 'a' + (random.nextInt(4) * random.nextInt(3)));
        }
        return bytes;
    }

    @ParameterizedTest
    @CsvSource({"zlib, 64k, 16", "zstd, 64k, 16", "zlib, 512, 1", "zlib, 4k, 2", "zstd, 4k, 4", "zlib, 2M, 16", "zstd, 2M, 64"})
    void qemuReadsWhatManyThreadsCompressed(String type, String cluster, String refcountBits) throws Exception {
        byte[] model = text((6 << 20) + 1536, 1);
        ChannelDisk disk = new ChannelDisk(image);
        try (BlockTarget target = new Qcow2Creator().create(disk, CreateOptions.ofLength(model.length).withFormatOptions(
                Map.of("compression_type", type, "cluster_size", cluster, "refcount_bits", refcountBits)))) {
            assertTrue(target.info().has(Trait.COMPRESS));
            int unit = 2 << 20;
            ExecutorService pool = Executors.newFixedThreadPool(4);
            try {
                List<Future<?>> results = new ArrayList<>();
                for (int at = 0; at < model.length; at += unit) {
                    ByteBuffer part = ByteBuffer.wrap(model, at, Math.min(unit, model.length - at)).slice();
                    int offset = at;
                    results.add(pool.submit((Callable<Void>) () -> {
                        target.write(offset, part, COMPRESSED);
                        assertEquals(0, part.remaining());
                        return null;
                    }));
                }
                for (Future<?> result : results) {
                    result.get();
                }
            } finally {
                pool.shutdownNow();
            }
            target.complete();
        }
        ImageUnderTest.checkAndCompare(image, model);
        String check = Peers.run(dir, "qemu-img", "check", "--output=json", "image.qcow2").out();
        assertTrue(check.contains("\"compressed-clusters\": "), check);
    }

    @Test
    void theImageIsNoLargerThanQemus() throws Exception {
        byte[] model = text(8 << 20, 2);
        Files.write(dir.resolve("model.raw"), model);
        for (String how : List.of("zlib", "zlib by the Java runtime", "zstd")) {
            String type = how.substring(0, 4);
            Supplier<Compressor> deflate = how.equals("zlib") ? Compressors::deflate : Compressors::deflater;
            try (BlockTarget target = new Qcow2Creator(L2Window.DEFAULT_BYTES, deflate).create(new ChannelDisk(image),
                    CreateOptions.ofLength(model.length).withFormatOptions(Map.of("compression_type", type)))) {
                for (int at = 0; at < model.length; at += 1 << 20) {
                    target.write(at, ByteBuffer.wrap(model, at, 1 << 20).slice(), COMPRESSED);
                }
                target.complete();
            }
            Peers.run(dir, "qemu-img", "convert", "-c", "-f", "raw", "-O", "qcow2", "-o", "compression_type=" + type,
                    "model.raw", "theirs.qcow2");
            ImageUnderTest.checkAndCompare(image, model);
            long theirs = Files.size(dir.resolve("theirs.qcow2"));
            assertTrue(Files.size(image) <= theirs + 2 * 65536, how + ": ours " + Files.size(image) + ", theirs " + theirs);
        }
    }

    @Test
    void onlyWholeClustersAreCompressed() throws Exception {
        byte[] model = new byte[8 * 65536 + 1024];
        Arrays.fill(model, (byte) 'x');
        try (BlockTarget target = new Qcow2Creator().create(new ChannelDisk(image), CreateOptions.ofLength(model.length))) {
            target.write(0, ByteBuffer.wrap(model, 0, 65536 + 100).slice(), COMPRESSED);
            target.write(65536 + 100, ByteBuffer.wrap(model, 65536 + 100, model.length - 65536 - 100).slice(), COMPRESSED);
            target.complete();
        }
        ImageUnderTest.checkAndCompare(image, model);
        String check = Peers.run(dir, "qemu-img", "check", "--output=json", "image.qcow2").out();
        // Nine clusters, the last one short; the second was written in two parts.
        assertTrue(check.contains("\"compressed-clusters\": 8,"), check);
    }

    @Test
    void aCompressedClusterIsNotWrittenAgain() throws Exception {
        byte[] model = new byte[4 * 65536];
        Arrays.fill(model, (byte) 'x');
        try (BlockTarget target = new Qcow2Creator().create(new ChannelDisk(image), CreateOptions.ofLength(model.length))) {
            target.write(0, ByteBuffer.wrap(model), COMPRESSED);
            BlockException e = assertThrows(BlockException.class,
                    () -> target.write(100, ByteBuffer.allocate(1000), WriteFlag.NONE));
            assertEquals(BlockException.Kind.UNSUPPORTED, e.kind());
            assertThrows(BlockException.class, () -> target.write(0, ByteBuffer.wrap(model), COMPRESSED));
            assertEquals(false, target.writeZeroes(new ByteRange(0, 65536), ZeroFlag.UNMAP));
            target.complete();
        }
        ImageUnderTest.checkAndCompare(image, model);
    }
}

package org.blockferry.engine.graph;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.blockferry.engine.block.BackingReference;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockSource;
import org.blockferry.engine.block.BlockStatus;
import org.blockferry.engine.block.ByteRange;
import org.blockferry.engine.block.FormatSource;
import org.blockferry.engine.block.NodeInfo;
import org.blockferry.engine.block.OpenOptions;
import org.blockferry.engine.toy.ToyFiles;
import org.blockferry.engine.toy.ToyImage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class ImageChainTest {
    private static final int CLUSTER = 512;
    private final ToyFiles files = new ToyFiles();

    private ImageChain open(String image) throws BlockException {
        return new ImageOpener(files.registry(), OpenPolicy.DEFAULT).openChain(image, Optional.empty(), OpenOptions.DEFAULT);
    }

    /** Puts a chain of images into files 0.qcow2 (top), 1.qcow2, … and opens it. */
    private ImageChain chain(ToyImage... images) throws BlockException {
        for (int i = 0; i < images.length; i++) {
            ToyImage image = i + 1 < images.length ? images[i].over((i + 1) + ".qcow2", "qcow2") : images[i];
            files.put(i + ".qcow2", image.bytes());
        }
        return open("0.qcow2");
    }

    /** The design's case table, base and overlay of one cluster, and what the four questions are answered. */
    static Stream<Arguments> cases() {
        return Stream.of(
                // case, base, overlay, whole chain, depth, above the base, depth
                arguments("1a data in overlay", "D", "D", "L-MO", 1, "L-MO", 1),
                arguments("1b written zeroes in overlay", "D", "W", "L-MO", 1, "L-MO", 1),
                arguments("2 zero cluster in overlay", "D", "Z", "LZ--", 1, "LZ--", 1),
                arguments("3 preallocated zero in overlay", "D", "P", "LZMO", 1, "LZMO", 1),
                arguments("4a unallocated, data in base", "D", ".", "L-MO", 2, "----", 0),
                arguments("4b unallocated, written zeroes in base", "W", ".", "L-MO", 2, "----", 0),
                arguments("4c unallocated, zero cluster in base", "Z", ".", "LZ--", 2, "----", 0),
                arguments("4d unallocated, preallocated zero in base", "P", ".", "LZMO", 2, "----", 0),
                arguments("4e unallocated everywhere", ".", ".", "-Z--", 0, "----", 0),
                arguments("4e preallocated in overlay, unallocated in base", ".", "U", "-Z--", 0, "--MO", 0),
                arguments("4e preallocated in base", "U", ".", "-ZMO", 0, "----", 0),
                arguments("5 past the end of base", "", ".", "-Z--", 2, "----", 0),
                arguments("5 past the end of base, preallocated in overlay", "", "U", "-ZMO", 2, "--MO", 0),
                arguments("6 compressed in overlay", "D", "C", "L-M-C", 1, "L-M-C", 1),
                arguments("6 compressed in base", "C", ".", "L-M-C", 2, "----", 0),
                arguments("unspecified in overlay", "D", "N", "L---", 1, "L---", 1),
                arguments("preallocated in overlay, data in base", "D", "U", "L-MO", 2, "--MO", 0));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("cases")
    void answersEachRowOfTheTable(String name, String base, String overlay, String whole, int wholeDepth, String above,
            int aboveDepth) throws BlockException {
        // A cluster of data before the case: the base is shorter in case 5, not empty.
        try (ImageChain chain = chain(ToyImage.of("D" + overlay, 1), ToyImage.of("D" + base, 2))) {
            ByteRange range = new ByteRange(CLUSTER, CLUSTER);
            assertStatus(range + " " + whole, wholeDepth, chain.statusAbove(2, range));
            assertStatus(range + " " + above, aboveDepth, chain.statusAbove(1, range));
            assertEquals(chain.statusAbove(2, range).status(), chain.status(range));
            assertStatus(range + " ----", 0, chain.statusAbove(0, range));
        }
    }

    private static void assertStatus(String status, int depth, ChainStatus actual) {
        assertEquals(status + " at depth " + depth, actual.status().range() + " " + actual.status().letters() + " at depth "
                + actual.depth());
    }

    @Test
    void aLayerBetweenThatIsTooShortHidesTheBaseWithZeroes() throws BlockException {
        try (ImageChain chain = chain(ToyImage.of("....", 1), ToyImage.of("..", 2), ToyImage.of("DDDD", 3))) {
            assertStatus("0x0+0x400 ----", 0, chain.statusAbove(2, new ByteRange(0, 2048)));
            assertStatus("0x400+0x400 -Z--", 2, chain.statusAbove(2, new ByteRange(1024, 1024)));
            assertStatus("0x400+0x400 -Z--", 2, chain.statusAbove(3, new ByteRange(1024, 1024)));
            assertStatus("0x0+0x400 L-MO", 3, chain.statusAbove(3, new ByteRange(0, 2048)));
            byte[] content = read(chain, 0, 2048);
            assertArrayEquals(Arrays.copyOf(Arrays.copyOf(ToyImage.of("DDDD", 3).content(), 1024), 2048), content);
        }
    }

    @Test
    void aBackingFileMayEndAnywhere() throws BlockException {
        ToyImage base = ToyImage.of("DD", 2).withLength(777);
        try (ImageChain chain = chain(ToyImage.of("...D", 1), base)) {
            assertStatus("0x0+0x309 L-MO", 2, chain.statusAbove(2, new ByteRange(0, 2048)));
            assertStatus("0x309+0x2f7 -Z--", 2, chain.statusAbove(2, new ByteRange(777, 2048 - 777)));
            byte[] expected = Arrays.copyOf(base.content(), 2048);
            System.arraycopy(ToyImage.of("...D", 1).content(), 1536, expected, 1536, 512);
            assertArrayEquals(expected, read(chain, 0, 2048));
        }
    }

    @Test
    void aLongerBackingFileIsCutAtTheEndOfTheDisk() throws BlockException {
        try (ImageChain chain = chain(ToyImage.of(".", 1), ToyImage.of("DDDD", 2))) {
            assertEquals(512, chain.info().length());
            assertStatus("0x0+0x200 L-MO", 2, chain.statusAbove(2, new ByteRange(0, 512)));
        }
    }

    @Test
    void theHostIsTheFileOfTheLayerThatDecides() throws BlockException {
        files.put("base.raw", ToyImage.of("DDDD", 3).content());
        files.put("top.qcow2", ToyImage.of("..D.", 1).over("base.raw", "raw").bytes());
        try (ImageChain chain = open("top.qcow2")) {
            BlockStatus below = chain.status(new ByteRange(512, 512));
            assertSame(chain.layers().get(1).node().file(), below.host());
            assertEquals(512, below.hostOffset());
            BlockStatus above = chain.status(new ByteRange(1024 + 100, 412));
            assertSame(chain.layers().get(0).node().file(), above.host());
            assertEquals(8192 + 1024 + 100, above.hostOffset());
        }
    }

    @Test
    void runsOfTheSameKindFromDifferentClustersAreMerged() throws BlockException {
        try (ImageChain chain = chain(ToyImage.of("Z.Z.ZD", 1), ToyImage.of("DZDZDD", 2))) {
            ChainStatus run = chain.statusAbove(2, new ByteRange(0, 3072));
            assertStatus("0x0+0x200 LZ--", 1, run);
            assertStatus("0x0+0x200 LZ--", 1, chain.statusAbove(1, new ByteRange(0, 3072)));
        }
        try (ImageChain chain = chain(ToyImage.of("......", 1), ToyImage.of(".Z..ZD", 2), ToyImage.of("......", 3))) {
            assertStatus("0x0+0x200 -Z--", 0, chain.statusAbove(3, new ByteRange(0, 3072)));
            assertStatus("0x200+0x200 LZ--", 2, chain.statusAbove(3, new ByteRange(512, 2560)));
        }
    }

    /** Answers one cluster at a time and counts the questions. */
    private record Fragments(long length, byte[] bits, BlockSource file, List<Long> asked) implements FormatSource {
        @Override
        public NodeInfo info() {
            return file.info().withLength(length);
        }

        @Override
        public BlockStatus status(ByteRange range) {
            asked.add(range.offset());
            int cluster = (int) (range.offset() / CLUSTER);
            ByteRange run = ByteRange.between(range.offset(), (cluster + 1L) * CLUSTER);
            return bits[cluster] < 0 ? BlockStatus.deferred(run)
                    : bits[cluster] == 0 ? BlockStatus.zero(run) : BlockStatus.data(run, file, range.offset());
        }

        @Override
        public void read(long offset, ByteBuffer into) {
            asked.add(-offset - into.remaining());
            while (into.hasRemaining()) {
                into.put((byte) 7);
            }
        }

        @Override
        public Optional<BackingReference> backing() {
            return Optional.empty();
        }

        @Override
        public void close() {
        }
    }

    private ImageChain fragments(List<Long> topAsked, List<Long> baseAsked, byte[] top, byte[] base) throws BlockException {
        files.put("x", new byte[1]);
        ImageChain plain = open("x");
        BlockSource file = plain.top().node().file();
        return new ImageChain(List.of(
                new Layer(plain.top().location(), "toy", new Fragments(top.length * CLUSTER, top, file, topAsked)),
                new Layer(plain.top().location(), "toy", new Fragments(base.length * CLUSTER, base, file, baseAsked))));
    }

    @Test
    void aWalkAsksEachLayerForEachRunOnce() throws BlockException {
        List<Long> top = new ArrayList<>();
        List<Long> base = new ArrayList<>();
        byte[] topBits = {-1, -1, 1, 1, 0, 0, -1, -1};
        byte[] baseBits = {1, 1, 1, 1, 1, 1, 0, 1};
        try (ImageChain chain = fragments(top, base, topBits, baseBits)) {
            List<String> runs = new ArrayList<>();
            for (long at = 0; at < chain.info().length(); ) {
                BlockStatus run = chain.status(ByteRange.between(at, chain.info().length()));
                runs.add(run.range() + " " + run.letters());
                at = run.end();
            }
            assertEquals(List.of("0x0+0x400 L-MO", "0x400+0x400 L-MO", "0x800+0x400 LZ--", "0xc00+0x200 LZ--",
                    "0xe00+0x200 L-MO"), runs);
        }
        assertEquals(8, top.size(), "questions to the top: " + top);
        assertEquals(List.of(0L, 512L, 3072L, 3584L), base, "the base is asked only where the top defers");
    }

    @Test
    void aReadGoesToEachLayerInOnePiecePerStretchThatItDecides() throws BlockException {
        List<Long> top = new ArrayList<>();
        List<Long> base = new ArrayList<>();
        byte[] topBits = {1, 0, 1, -1, -1, -1, 0, 0};
        try (ImageChain chain = fragments(top, base, topBits, new byte[] {1, 1, 1, 1, 1, 1, 1, 1})) {
            read(chain, 0, 4096);
            assertEquals(List.of(-1536L), top.stream().filter(asked -> asked < 0).toList());
            assertEquals(List.of(-1536L - 1536), base, "read once, and the last layer is not asked for status");
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20})
    void randomChainsReadAndAnswerAsTheirModel(long seed) throws Exception {
        SplittableRandom random = new SplittableRandom(seed);
        ToyImage[] images = new ToyImage[1 + random.nextInt(5)];
        for (int i = 0; i < images.length; i++) {
            StringBuilder clusters = new StringBuilder();
            int count = 1 + random.nextInt(64);
            for (int c = 0; c < count; c++) {
                clusters.append(random.nextInt(3) == 0 && c > 0 ? clusters.charAt(c - 1)
                        : ".....DWCZPU".charAt(random.nextInt(11)));
            }
            images[i] = ToyImage.of(clusters.toString(), seed * 100 + i).withLength(count * CLUSTER - random.nextInt(CLUSTER));
        }
        Model model = new Model(images);
        try (ImageChain chain = chain(images)) {
            int length = images[0].length();
            assertArrayEquals(model.content, read(chain, 0, length), "seed " + seed);
            for (int base = 0; base <= images.length; base++) {
                checkWalk(chain, base, model, length, random);
            }
            readInParallel(chain, model, seed);
        }
        assertEquals(0, files.openNodes());
    }

    private static void checkWalk(ImageChain chain, int base, Model model, int length, SplittableRandom random)
            throws BlockException {
        for (int at = 0; at < length; ) {
            int asked = 1 + random.nextInt(length - at);
            ChainStatus run = chain.statusAbove(base, new ByteRange(at, asked));
            assertEquals(at, run.status().offset());
            for (int i = at; i < run.status().end(); i++) {
                model.check(base, i, run);
            }
            at = (int) Math.min(run.status().end(), at + (long) asked);
        }
    }

    private static void readInParallel(ImageChain chain, Model model, long seed) throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(4);
        try {
            List<Future<?>> readers = new ArrayList<>();
            for (int t = 0; t < 4; t++) {
                SplittableRandom random = new SplittableRandom(seed + t);
                readers.add(threads.submit(() -> {
                    for (int n = 0; n < 50; n++) {
                        int from = random.nextInt(model.content.length);
                        int size = 1 + random.nextInt(model.content.length - from);
                        assertArrayEquals(Arrays.copyOfRange(model.content, from, from + size), read(chain, from, size));
                    }
                    return null;
                }));
            }
            for (Future<?> reader : readers) {
                reader.get();
            }
        } finally {
            threads.shutdownNow();
        }
    }

    /** Byte by byte, the slow and plain way. */
    private static final class Model {
        private final ToyImage[] images;
        private final byte[] content;

        Model(ToyImage[] images) {
            this.images = images;
            this.content = new byte[images[0].length()];
            byte[][] layers = Arrays.stream(images).map(ToyImage::content).toArray(byte[][]::new);
            for (int i = 0; i < content.length; i++) {
                int depth = decider(images.length, i);
                content[i] = depth > 0 && i < images[depth - 1].length() ? layers[depth - 1][i] : 0;
            }
        }

        /** 1 for the top; 0 for nobody. A layer that is too short decides, with zeroes. */
        private int decider(int base, int offset) {
            for (int layer = 0; layer < base; layer++) {
                if (offset >= images[layer].length() || ".U".indexOf(images[layer].letter(offset / CLUSTER)) < 0) {
                    return layer + 1;
                }
            }
            return 0;
        }

        void check(int base, int offset, ChainStatus run) {
            int depth = decider(base, offset);
            BlockStatus status = run.status();
            String where = "base " + base + ", offset " + offset + ": " + run;
            assertEquals(depth, run.depth(), where);
            boolean tooShort = depth > 0 && offset >= images[depth - 1].length();
            assertEquals(depth > 0 && !tooShort, status.isLocal(), where);
            boolean zero = tooShort || (depth == 0 ? base == images.length
                    : "ZP".indexOf(images[depth - 1].letter(offset / CLUSTER)) >= 0);
            assertEquals(zero, status.isZero(), where);
        }
    }

    @Test
    void readsAndQuestionsPastTheEndAreRefused() throws BlockException {
        try (ImageChain chain = chain(ToyImage.of("DD", 1), ToyImage.of("DDDD", 2))) {
            BlockException refused = assertThrows(BlockException.class, () -> chain.read(1000, ByteBuffer.allocate(100)));
            assertEquals(BlockException.Kind.OUT_OF_BOUNDS, refused.kind());
            assertEquals("0.qcow2: read 100 bytes at 0x3e8: the disk has 1024 bytes", refused.getMessage());
            assertThrows(IllegalArgumentException.class, () -> chain.status(new ByteRange(0, 1025)));
            assertThrows(IndexOutOfBoundsException.class, () -> chain.statusAbove(3, new ByteRange(0, 1)));
        }
    }

    @Test
    void findsALayerUnderAnyName() throws BlockException {
        try (ImageChain chain = chain(ToyImage.of("D", 1), ToyImage.of("D", 2), ToyImage.of("D", 3))) {
            files.link("another.name", "2.qcow2").put("copy", ToyImage.of("D", 3).bytes());
            try (ImageChain same = open("another.name"); ImageChain copy = open("copy")) {
                assertEquals(2, chain.indexOf(same.top().node().file().info()).getAsInt());
                assertTrue(chain.indexOf(copy.top().node().file().info()).isEmpty());
            }
        }
    }

    private static byte[] read(BlockSource source, long offset, int length) throws BlockException {
        ByteBuffer buffer = ByteBuffer.allocateDirect(length);
        source.read(offset, buffer);
        assertEquals(length, buffer.position());
        byte[] bytes = new byte[length];
        buffer.flip().get(bytes);
        return bytes;
    }
}

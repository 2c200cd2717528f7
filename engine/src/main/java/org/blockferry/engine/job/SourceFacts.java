package org.blockferry.engine.job;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockSource;
import org.blockferry.engine.block.ImageLocation;
import org.blockferry.engine.block.NodeInfo;
import org.blockferry.engine.digest.BlockDigest;
import org.blockferry.engine.digest.Checksum;
import org.blockferry.engine.digest.DigestAlgorithm;
import org.blockferry.engine.digest.ImageDigest;
import org.blockferry.engine.graph.Layer;
import org.blockferry.engine.pipeline.CopyControl;

/** What is told of the sources and options of a copy, to be compared with what was told before. */
final class SourceFacts {
    private static final int SAMPLES = 256;

    private SourceFacts() {
    }

    /** Facts in an order that puts the plainest reason first. */
    static Map<String, String> of(CopyInput input, CopyOptions options, CopyOutput output) throws BlockException {
        Map<String, String> facts = new LinkedHashMap<>();
        int number = 0;
        for (Layer layer : input.layers()) {
            number++;
            addFile(facts, "source-" + number, layer.location(), layer.node().file().info());
            if (layer.dataFile().isPresent()) {
                addFile(facts, "source-" + number + "-data", layer.dataFile().get().location(), layer.dataFile().get().file());
            }
            facts.put("source-" + number + "-format", layer.format());
        }
        facts.put("length", Long.toString(input.info().length()));
        facts.put("snapshot", options.snapshot().orElse(""));
        facts.put("target", output.location().text());
        facts.put("target-format", output.format());
        facts.put("target-options", new java.util.TreeMap<>(options.targetOptions()).toString());
        facts.put("in-place", Boolean.toString(output.inPlace()));
        facts.put("target-is-zero", Boolean.toString(options.targetIsZero()));
        facts.put("sparse-size", options.sparseSize().isPresent() ? Long.toString(options.sparseSize().getAsLong()) : "");
        return facts;
    }

    private static void addFile(Map<String, String> facts, String prefix, ImageLocation location, NodeInfo node) {
        facts.put(prefix, location.text());
        facts.put(prefix + "-size", Long.toString(node.length()));
        if (!location.protocol().equals("file")) {
            return;
        }
        try {
            Path path = Path.of(location.rest());
            if (Files.isRegularFile(path)) {
                FileTime changed = Files.getLastModifiedTime(path);
                facts.put(prefix + "-changed", Long.toString(changed.to(TimeUnit.NANOSECONDS)));
                facts.put(prefix + "-inode", inode(path));
            }
        } catch (IOException e) {
            // Then there is less to compare; the file itself is open.
            facts.put(prefix + "-changed", "unknown");
        }
    }

    /** The number of the file in its file system; empty where there are none. */
    static String inode(Path path) throws IOException {
        try {
            return String.valueOf(Files.getAttribute(path, "unix:ino", new LinkOption[0]));
        } catch (UnsupportedOperationException e) {
            return "";
        }
    }

    /** The digest that a check of this kind compares; empty for one that reads nothing. */
    static String digest(ResumeCheck check, BlockSource disk, CopyControl control) throws BlockException {
        return switch (check) {
            case STAT -> "";
            case SAMPLE -> sample(disk).toString();
            case FULL -> new ImageDigest(disk, DigestAlgorithm.SHA256, control::isCancelled).run().toString();
        };
    }

    /** Of blocks at places that follow from the length alone. */
    private static Checksum sample(BlockSource disk) throws BlockException {
        long length = disk.info().length();
        BlockDigest digest = new BlockDigest(DigestAlgorithm.SHA256);
        ByteBuffer block = ByteBuffer.allocateDirect(BlockDigest.BLOCK);
        SplittableRandom random = new SplittableRandom(length);
        long blocks = length / BlockDigest.BLOCK;
        long taken = 0;
        for (int i = 0; i < SAMPLES && blocks > 0; i++) {
            disk.read(random.nextLong(blocks) * BlockDigest.BLOCK, block.clear());
            digest.data(taken, block.flip());
            taken += BlockDigest.BLOCK;
        }
        int tail = (int) (length % BlockDigest.BLOCK);
        disk.read(length - tail, block.clear().limit(tail));
        digest.data(taken, block.flip());
        return digest.finish(taken + tail);
    }
}

package org.blockferry.drivers.raw;

import java.nio.ByteBuffer;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockException.Kind;
import org.blockferry.engine.block.BlockSource;
import org.blockferry.engine.block.BlockStorage;
import org.blockferry.engine.block.BlockTarget;
import org.blockferry.engine.block.ByteRange;
import org.blockferry.engine.block.CreateOptions;
import org.blockferry.engine.block.FormatDetails;
import org.blockferry.engine.block.FormatDriver;
import org.blockferry.engine.block.FormatSource;
import org.blockferry.engine.block.ImageFootprint;
import org.blockferry.engine.block.OpenOptions;
import org.blockferry.engine.block.ResizableFormat;
import org.blockferry.engine.block.StreamSource;
import org.blockferry.engine.block.WriteFlag;
import org.blockferry.engine.util.CloseAll;

/** {@code raw}: the disk's bytes as they are, over any node. */
public final class RawDriver implements FormatDriver, ResizableFormat {
    static final String NAME = "raw";
    private static final int SECTOR = 512;
    private static final int ZERO_PIECE = 1 << 20;
    private static final String PREALLOCATION = "preallocation";

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public Set<String> extensions() {
        return Set.of("raw", "img", "bin", "dd");
    }

    @Override
    public boolean recognises(ByteBuffer head) {
        return false;
    }

    @Override
    public Map<String, String> createOptions() {
        return Map.of(PREALLOCATION, "space that is reserved at once: off, falloc (reserved), full (written)");
    }

    @Override
    public FormatSource open(BlockSource file, OpenOptions options, DataFileOpener data) throws BlockException {
        try {
            checkOpen(file.info().name(), options);
            return file instanceof StreamSource stream ? new RawStream(stream) : new RawSource(file);
        } catch (BlockException | RuntimeException e) {
            CloseAll.after(e, file);
            throw e;
        }
    }

    /** The file's own length changes; a device's cannot. */
    @Override
    public void resize(BlockStorage file, long length, Space space) throws BlockException {
        long old = file.info().length();
        if (space == Space.METADATA) {
            throw BlockException.of(Kind.INVALID_ARGUMENT, file.info().name(), "Unsupported preallocation mode: metadata");
        }
        file.setLength(length);
        if (space != Space.OFF && length > old) {
            ByteRange gained = new ByteRange(old, length - old);
            if (space == Space.FULL || !file.allocate(gained)) {
                ByteBuffer zeroes = ByteBuffer.allocateDirect((int) Math.min(ZERO_PIECE, gained.length()));
                for (long at = old; at < length; at += zeroes.capacity()) {
                    file.write(at, zeroes.clear().limit((int) Math.min(zeroes.capacity(), length - at)), WriteFlag.NONE);
                }
            }
        }
        file.flush();
    }

    @Override
    public BlockTarget create(BlockTarget file, CreateOptions options) throws BlockException {
        try {
            checkCreateOptions(file.info().name(), options);
            return RawCreation.create(file, options.length(), preallocation(file.info().name(), options));
        } catch (BlockException | RuntimeException e) {
            CloseAll.after(e, file);
            throw e;
        }
    }

    @Override
    public BlockTarget openTarget(BlockStorage file, OpenOptions options, DataFileOpener data) throws BlockException {
        try {
            checkOpen(file.info().name(), options);
            return new RawStorage(file, Preallocation.OFF, false);
        } catch (BlockException | RuntimeException e) {
            CloseAll.after(e, file);
            throw e;
        }
    }

    private static void checkOpen(String node, OpenOptions options) throws BlockException {
        if (options.snapshot().isPresent()) {
            throw BlockException.of(Kind.NOT_FOUND, node, "no snapshot '" + options.snapshot().get() + "': raw images have none");
        }
        for (String option : options.driverOptions().keySet()) {
            throw BlockException.of(Kind.INVALID_ARGUMENT, node, "unknown option '" + option + "'; raw has none");
        }
    }

    @Override
    public void checkCreateOptions(String node, CreateOptions options) throws BlockException {
        for (String option : options.formatOptions().keySet()) {
            if (!option.equals(PREALLOCATION)) {
                throw BlockException.of(Kind.INVALID_ARGUMENT, node,
                        "Invalid parameter '" + option + "'; raw knows " + PREALLOCATION);
            }
        }
        if (options.backing().isPresent()) {
            throw BlockException.of(Kind.INVALID_ARGUMENT, node, "a raw image cannot have a backing file; '"
                    + options.backing().get().file() + "' was asked for");
        }
        if (preallocation(node, options) != Preallocation.OFF && !options.isLengthKnown()) {
            throw BlockException.field(Kind.INVALID_ARGUMENT, node, PREALLOCATION,
                    "'" + options.formatOptions().get(PREALLOCATION) + "'", "it must be off where the length is not known");
        }
    }

    /** A raw image is as long as its disk, in whole sectors, however little of it is data. */
    @Override
    public ImageFootprint footprint(String node, CreateOptions options, Optional<FormatDetails> source) throws BlockException {
        checkCreateOptions(node, options);
        long length = options.length() > Long.MAX_VALUE - SECTOR ? options.length() : (options.length() + SECTOR - 1) / SECTOR * SECTOR;
        return new ImageFootprint(SECTOR, length, 0, true, OptionalLong.empty());
    }

    private static Preallocation preallocation(String node, CreateOptions options) throws BlockException {
        String word = options.formatOptions().getOrDefault(PREALLOCATION, "off");
        return switch (word) {
            case "off" -> Preallocation.OFF;
            case "falloc" -> Preallocation.FALLOC;
            case "full" -> Preallocation.FULL;
            default -> throw BlockException.field(Kind.INVALID_ARGUMENT, node, PREALLOCATION, "'" + word + "'",
                    "it must be off, falloc or full");
        };
    }
}

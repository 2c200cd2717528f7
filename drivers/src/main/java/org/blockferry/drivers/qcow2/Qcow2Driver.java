package org.blockferry.drivers.qcow2;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.Consumer;
import org.blockferry.engine.block.BitmapFormat;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockSource;
import org.blockferry.engine.block.BlockStorage;
import org.blockferry.engine.block.BlockTarget;
import org.blockferry.engine.block.CheckReport;
import org.blockferry.engine.block.CheckedFormat;
import org.blockferry.engine.block.CreateOptions;
import org.blockferry.engine.block.DirtyBitmap;
import org.blockferry.engine.block.FormatDetails;
import org.blockferry.engine.block.FormatDriver;
import org.blockferry.engine.block.FormatSource;
import org.blockferry.engine.block.ImageFootprint;
import org.blockferry.engine.block.OpenOptions;
import org.blockferry.engine.block.RepairMode;
import org.blockferry.engine.block.ResizableFormat;
import org.blockferry.engine.block.SnapshotFormat;

/** The format {@code qcow2}. */
public final class Qcow2Driver implements FormatDriver, CheckedFormat, SnapshotFormat, ResizableFormat, BitmapFormat {
    static final String NAME = "qcow2";

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public Set<String> extensions() {
        return Set.of("qcow2");
    }

    /** Versions 2 and 3; qcow version 1 has the same magic bytes and is another format. */
    @Override
    public boolean recognises(ByteBuffer head) {
        return Qcow2Header.hasMagic(head) && head.remaining() >= 8
                && Integer.compareUnsigned(head.duplicate().order(ByteOrder.BIG_ENDIAN).getInt(head.position() + 4), 2) >= 0;
    }

    @Override
    public FormatSource open(BlockSource file, OpenOptions options, DataFileOpener data) throws BlockException {
        return Qcow2Opener.open(file, options, data);
    }

    /** Reads and writes an image in place; a backing file is handed over by who opens the chain. */
    @Override
    public BlockTarget openTarget(BlockStorage file, OpenOptions options, DataFileOpener data) throws BlockException {
        return Qcow2Opener.openTarget(file, options);
    }

    @Override
    public Map<String, String> createOptions() {
        return Qcow2Creator.options();
    }

    @Override
    public void checkCreateOptions(String node, CreateOptions options) throws BlockException {
        Qcow2Creator.check(node, options);
    }

    @Override
    public Map<String, String> describeNew(CreateOptions options) {
        return NewImageOptions.describe(options);
    }

    @Override
    public ImageFootprint footprint(String node, CreateOptions options, Optional<FormatDetails> source) throws BlockException {
        // What is too large is told by the size of the tables, in qemu-img's words.
        return NewImageSize.of(node, NewImageOptions.parse(node, options.withLength(0)), options.length(), source);
    }

    @Override
    public BlockTarget create(BlockTarget file, CreateOptions options) throws BlockException {
        return new Qcow2Creator().create(file, options);
    }

    @Override
    public CheckReport check(BlockSource file, Consumer<String> findings) throws BlockException {
        return Qcow2Check.check(file, findings);
    }

    @Override
    public CheckReport repair(BlockStorage file, RepairMode mode, Consumer<String> findings) throws BlockException {
        return Qcow2Check.repair(file, mode, findings);
    }

    @Override
    public void createSnapshot(BlockStorage file, String name, Instant now) throws BlockException {
        new Snapshots(file).create(name, now);
    }

    @Override
    public void deleteSnapshot(BlockStorage file, String name) throws BlockException {
        new Snapshots(file).delete(name);
    }

    @Override
    public void applySnapshot(BlockStorage file, String idOrName) throws BlockException {
        new Snapshots(file).apply(idOrName);
    }

    @Override
    public void resize(BlockStorage file, long length, Space space) throws BlockException {
        new Resize(file).run(length, space);
    }

    @Override
    public Optional<DirtyBitmap> bitmap(BlockSource file, String name) throws BlockException {
        return Bitmaps.find(file, Qcow2Opener.examine(file), name);
    }

    @Override
    public void addBitmap(BlockStorage file, String name, OptionalLong granularity, boolean enabled) throws BlockException {
        new Bitmaps(file).add(name, granularity, enabled);
    }

    @Override
    public void removeBitmap(BlockStorage file, String name) throws BlockException {
        new Bitmaps(file).remove(name);
    }

    @Override
    public void clearBitmap(BlockStorage file, String name) throws BlockException {
        new Bitmaps(file).clear(name);
    }

    @Override
    public void enableBitmap(BlockStorage file, String name, boolean enabled) throws BlockException {
        new Bitmaps(file).enable(name, enabled);
    }

    @Override
    public void mergeBitmap(BlockStorage file, String name, DirtyBitmap other) throws BlockException {
        new Bitmaps(file).merge(name, other);
    }
}

package org.blockferry.drivers.qcow2;

import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockStatus;
import org.blockferry.engine.block.ByteRange;
import org.blockferry.engine.block.DirtyBitmap;
import org.blockferry.engine.block.FormatDetails;
import org.blockferry.engine.block.FormatDriver.DataFileOpener;
import org.blockferry.engine.block.OpenOptions;
import org.blockferry.engine.block.RepairMode;
import org.blockferry.engine.block.WriteFlag;
import org.blockferry.engine.block.ZeroFlag;
import org.blockferry.engine.testing.ArrayDisk;
import org.blockferry.engine.testing.Disks;

/** Fuzz target: any bytes as an image. What is done with it ends, or is refused in one line. */
public final class Qcow2Fuzz {
    private static final int STEPS = 60;
    private static final int PIECE = 16 << 10;
    private static final Qcow2Driver DRIVER = new Qcow2Driver();

    private Qcow2Fuzz() {
    }

    /** Something that may refuse the image. */
    private interface Use {
        void run() throws BlockException;
    }

    public static void fuzzerTestOneInput(byte[] bytes) {
        attempt(() -> read(bytes, Optional.empty()));
        attempt(() -> DRIVER.check(new ArrayDisk("x", bytes.clone()), finding -> { }));
        attempt(() -> DRIVER.repair(new RecordingDisk(bytes.clone()), RepairMode.ALL, finding -> { }));
        attempt(() -> inPlace(bytes));
        attempt(() -> snapshots(bytes));
    }

    private static void attempt(Use use) {
        try {
            use.run();
        } catch (BlockException e) {
            if (e.getMessage().lines().count() != 1 || e.getMessage().chars().anyMatch(Character::isISOControl)) {
                throw new AssertionError("not a line: " + e.getMessage(), e);
            }
        }
    }

    private static void read(byte[] bytes, Optional<String> snapshot) throws BlockException {
        try (Qcow2Source source = Qcow2Opener.open(new ArrayDisk("x", bytes), OpenOptions.DEFAULT.withSnapshot(snapshot),
                DataFileOpener.REFUSE)) {
            long length = source.info().length();
            long at = 0;
            for (int i = 0; at < length && i < STEPS; i++) {
                long offset = at;
                BlockStatus[] found = new BlockStatus[1];
                attempt(() -> found[0] = source.status(ByteRange.between(offset, length)));
                ByteRange range = found[0] == null ? new ByteRange(at, Math.min(512, length - at)) : found[0].range();
                attempt(() -> Disks.read(source, range.first(PIECE)));
                at = range.end();
            }
            if (snapshot.isEmpty()) {
                attempt(source::isMappedInAdvance);
                FormatDetails details = source.details();
                for (FormatDetails.Snapshot each : details.snapshots().subList(0, Math.min(2, details.snapshots().size()))) {
                    attempt(() -> read(bytes, Optional.of(each.id())));
                }
                for (FormatDetails.Bitmap each : details.bitmaps().orElse(List.of())) {
                    attempt(() -> walk(source, each.name(), length));
                }
            }
        }
    }

    private static void walk(Qcow2Source source, String name, long length) throws BlockException {
        DirtyBitmap bitmap = source.bitmap(name).orElseThrow();
        long at = 0;
        for (int i = 0; at < length && i < STEPS; i++) {
            at = bitmap.first(ByteRange.between(at, length)).range().end();
        }
    }

    private static void inPlace(byte[] bytes) throws BlockException {
        try (InPlaceTarget target = Qcow2Opener.openTarget(new RecordingDisk(bytes.clone()), OpenOptions.DEFAULT)) {
            long length = target.info().length();
            int piece = (int) Math.min(length, 3000);
            for (long at : new long[] {0, length / 2, length - piece}) {
                attempt(() -> target.write(at, ByteBuffer.allocate(piece), WriteFlag.NONE));
                attempt(() -> target.writeZeroes(new ByteRange(at, piece), ZeroFlag.UNMAP));
                attempt(() -> target.discard(new ByteRange(at, piece)));
                attempt(() -> target.read(at, ByteBuffer.allocate(piece)));
            }
            target.complete();
        }
    }

    private static void snapshots(byte[] bytes) throws BlockException {
        RecordingDisk disk = new RecordingDisk(bytes.clone());
        attempt(() -> DRIVER.createSnapshot(disk, "s", Instant.EPOCH));
        attempt(() -> DRIVER.applySnapshot(disk, "s"));
        attempt(() -> DRIVER.deleteSnapshot(disk, "s"));
        DRIVER.check(disk, finding -> { });
    }
}

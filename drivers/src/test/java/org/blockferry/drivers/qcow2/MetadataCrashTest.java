package org.blockferry.drivers.qcow2;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalLong;
import java.util.SplittableRandom;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockStorage;
import org.blockferry.engine.block.ByteRange;
import org.blockferry.engine.block.DirtyBitmap;
import org.blockferry.engine.block.ResizableFormat.Space;
import org.blockferry.engine.testing.Peers;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * What a crash leaves of an image whose snapshots, size or bitmaps are changed, whenever it comes and whatever of the unflushed writes reached the
 * disk: {@code qemu-img check -r leaks} mends it, and it holds the old states or the new ones, whole.
 */
class MetadataCrashTest {
    private static final int CRASHES = 25;
    @TempDir
    Path dir;

    @BeforeAll
    static void peers() {
        Peers.require("qemu-img", "qemu-io");
    }

    private enum Change {
        TAKE {
            @Override
            void make(BlockStorage file) throws BlockException {
                new Snapshots(file).create("new", Instant.ofEpochSecond(1));
            }
        },
        DELETE {
            @Override
            void make(BlockStorage file) throws BlockException {
                new Snapshots(file).delete("one");
            }
        },
        APPLY {
            @Override
            void make(BlockStorage file) throws BlockException {
                new Snapshots(file).apply("one");
            }
        },
        GROW {
            @Override
            void make(BlockStorage file) throws BlockException {
                new Resize(file).run(3 << 20, Space.OFF);
            }
        },
        SHRINK {
            @Override
            void make(BlockStorage file) throws BlockException {
                new Resize(file).run(300 << 10, Space.OFF);
            }
        },
        ADD_BITMAP {
            @Override
            void make(BlockStorage file) throws BlockException {
                new Bitmaps(file).add("new", OptionalLong.of(512), true);
            }
        },
        REMOVE_BITMAP {
            @Override
            void make(BlockStorage file) throws BlockException {
                new Bitmaps(file).remove("a");
            }
        },
        CLEAR_BITMAP {
            @Override
            void make(BlockStorage file) throws BlockException {
                new Bitmaps(file).clear("a");
            }
        },
        ENABLE_BITMAP {
            @Override
            void make(BlockStorage file) throws BlockException {
                new Bitmaps(file).enable("a", false);
            }
        },
        MERGE_BITMAP {
            @Override
            void make(BlockStorage file) throws BlockException {
                new Bitmaps(file).merge("b", Bitmaps.find(file, Qcow2Opener.examine(file), "a").orElseThrow());
            }
        };

        abstract void make(BlockStorage file) throws BlockException;
    }

    private record State(byte[] content, List<byte[]> snapshots, String bitmaps) {
        static State of(QemuImage image) throws IOException {
            List<String> ids = Peers.run(image.path().getParent(), "qemu-img", "snapshot", "-l", image.path().toString()).out().lines()
                    .skip(2).map(row -> row.substring(0, row.indexOf(' '))).toList();
            return new State(image.content(), ids.stream().map(id -> image.content("-l", "snapshot.id=" + id)).toList(), bitmaps(image));
        }

        private static String bitmaps(QemuImage image) throws IOException {
            StringBuilder said = new StringBuilder();
            RecordingDisk disk = new RecordingDisk(image.fileBytes());
            OpenedImage opened = Qcow2Opener.examine(disk);
            for (BitmapDirectory.Entry entry : BitmapDirectory.entries("image", disk, opened.header(), opened.extensions())) {
                said.append(entry.name()).append(' ').append(entry.flags()).append(' ').append(entry.granularityBits());
                PersistentBitmap bitmap = new PersistentBitmap("image", disk, opened.layout(), entry, opened.size());
                for (long at = 0; at < opened.size(); ) {
                    DirtyBitmap.Run run = bitmap.first(ByteRange.between(at, opened.size()));
                    said.append(' ').append(run.dirty() ? "dirty" : "clean").append(" to ").append(run.range().end());
                    at = run.range().end();
                }
                said.append('\n');
            }
            return said.toString();
        }

        boolean same(State other) {
            return Arrays.equals(content, other.content) && bitmaps.equals(other.bitmaps) && snapshots.size() == other.snapshots.size()
                    && Arrays.deepEquals(snapshots.toArray(), other.snapshots.toArray());
        }
    }

    @ParameterizedTest
    @EnumSource
    @Timeout(180)
    void leavesTheOldStatesOrTheNewOnes(Change change) throws IOException {
        QemuImage image = QemuImage.create(dir, "image.qcow2", 768 << 10, "cluster_size=512");
        image.io("write -q -P 7 0 128k", "write -q -c -P 9 128k 64k", "write -q -P 3 300k 400k");
        if (change.name().endsWith("BITMAP")) {
            Peers.run(dir, "qemu-img", "bitmap", "--add", "-g", "512", "image.qcow2", "a");
            image.io("write -q -P 1 1k 3k", "write -q -P 2 600k 100k");
            Peers.run(dir, "qemu-img", "bitmap", "--add", "-g", "4k", "image.qcow2", "b");
        } else {
            // Not both: "qemu-img check -r" of version 7.2 loses the snapshots of an image that has bitmaps.
            Peers.run(dir, "qemu-img", "snapshot", "-c", "one", "image.qcow2");
            image.io("write -q -P 8 32k 64k", "write -q -P 5 280k 40k");
            Peers.run(dir, "qemu-img", "snapshot", "-c", "two", "image.qcow2");
        }
        image.io("write -q -P 6 290k 20k");
        State before = State.of(image);
        byte[] start = image.fileBytes();
        RecordingDisk disk = new RecordingDisk(start);
        change.make(disk);
        SplittableRandom random = new SplittableRandom(change.ordinal());
        Files.write(image.path(), disk.crashAt(disk.size(), random));
        Peers.run(dir, "qemu-img", "check", "-q", "image.qcow2");
        State after = State.of(image);
        assertTrue(!after.same(before), "it changes something");
        for (int i = 0; i < CRASHES; i++) {
            int cut = random.nextInt(disk.size() + 1);
            Files.write(image.path(), disk.crashAt(cut, random));
            Peers.Result check = Peers.tryRun(dir, "qemu-img", "check", "-q", "-r", "leaks", "image.qcow2");
            String when = change + ", crash ahead of " + cut + " of " + disk.size();
            assertEquals(0, check.exitCode(), when + "\n" + check.err());
            State left = State.of(image);
            assertTrue(left.same(before) || left.same(after), when);
        }
    }
}

package org.blockferry.engine.block;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.blockferry.engine.testing.Disks;
import org.blockferry.engine.testing.TestImage;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * What every {@link BlockStorage} keeps, beside the {@link BlockTargetContract}: reads see writes at once, and the length
 * changes. For a storage of fixed length (a block device, a server) {@link BlockTargetContract} is the contract.
 */
public abstract class BlockStorageContract extends BlockTargetContract {
    private final List<BlockStorage> grown = new ArrayList<>();

    @Override
    protected abstract BlockStorage create(long length) throws Exception;

    /** Makes a new storage of length 0 that grows as it is written, as {@link NodeInfo#UNKNOWN_LENGTH} asks for. */
    protected abstract BlockStorage createGrowing() throws Exception;

    private BlockStorage storage() throws Exception {
        return assertInstanceOf(BlockStorage.class, create());
    }

    private BlockStorage growing() throws Exception {
        BlockStorage storage = createGrowing();
        grown.add(storage);
        return storage;
    }

    @AfterEach
    final void closeWhatGrew() throws BlockException {
        for (BlockStorage storage : grown) {
            storage.close();
        }
    }

    @Test
    void readsSeeWhatWasWrittenBeforeThem() throws Exception {
        BlockStorage storage = storage();
        byte[] bytes = TestImage.data(150_001, 21).bytes();
        Disks.write(storage, 77, bytes);
        assertArrayEquals(bytes, Disks.read(storage, new ByteRange(77, bytes.length)));
        Disks.write(storage, 100, new byte[] {1, 2, 3});
        assertArrayEquals(new byte[] {1, 2, 3}, Disks.read(storage, new ByteRange(100, 3)));
    }

    @Test
    void readsZeroWhereNothingWasWritten() throws Exception {
        BlockStorage storage = storage();
        assertTrue(storage.info().has(Trait.READS_ZERO_WHEN_NEW), "a storage that grows reads zero when new");
        Disks.write(storage, 65_536, new byte[] {1});
        assertArrayEquals(new byte[1000], Disks.read(storage, new ByteRange(1_000_000, 1000)));
        assertArrayEquals(new byte[65_535], Disks.read(storage, new ByteRange(65_537, 65_535)));
    }

    @Test
    void zeroesOrRefusesAsReadsShowAtOnce() throws Exception {
        BlockStorage storage = storage();
        byte[] bytes = TestImage.data(500_000, 22).bytes();
        Disks.write(storage, 0, bytes);
        for (ByteRange range : List.of(new ByteRange(1, 2), new ByteRange(65_536, 131_072), new ByteRange(300_001, 99_999))) {
            if (storage.writeZeroes(range, ZeroFlag.UNMAP)) {
                Arrays.fill(bytes, (int) range.offset(), (int) range.end(), (byte) 0);
            }
            assertArrayEquals(bytes, Disks.read(storage, new ByteRange(0, bytes.length)), () -> "after zeroes at " + range);
        }
    }

    @Test
    void statusNeverSaysZeroOfWhatWasWritten() throws Exception {
        BlockStorage storage = storage();
        for (int at : new int[] {1, 65_535, 131_072, 1_000_000, (int) length() - 1}) {
            Disks.write(storage, at, new byte[] {9});
        }
        storage.writeZeroes(new ByteRange(130_000, 5000), ZeroFlag.UNMAP);
        for (BlockStatus run : Disks.walk(storage, storage.info().range())) {
            if (run.isZero()) {
                assertArrayEquals(new byte[(int) run.length()], Disks.read(storage, run.range()), () -> "said " + run);
            }
        }
    }

    @Test
    void growsByLengthWithZeroes() throws Exception {
        BlockStorage storage = storage();
        Disks.write(storage, 0, TestImage.data((int) length(), 23).bytes());
        storage.setLength(length() + 100_001);
        assertEquals(length() + 100_001, storage.info().length());
        assertArrayEquals(new byte[100_001], Disks.read(storage, new ByteRange(length(), 100_001)));
        Disks.write(storage, length() + 100_000, new byte[] {5});
        storage.complete();
        storage.close();
        byte[] left = contentAfterClose();
        assertEquals(length() + 100_001, left.length);
        assertEquals(5, left[left.length - 1]);
        assertEquals(0, left[left.length - 2]);
    }

    @Test
    void forgetsWhatLiesPastAShorterLength() throws Exception {
        BlockStorage storage = storage();
        Disks.write(storage, 0, TestImage.data((int) length(), 24).bytes());
        storage.setLength(70_001);
        assertEquals(70_001, storage.info().length());
        assertOutOfBounds(() -> Disks.read(storage, new ByteRange(70_001, 1)));
        storage.setLength(length());
        assertArrayEquals(new byte[(int) length() - 70_001],
                Disks.read(storage, ByteRange.between(70_001, length())), "old bytes show after growing again");
        assertArrayEquals(TestImage.data((int) length(), 24).bytes(new ByteRange(0, 70_001)),
                Disks.read(storage, new ByteRange(0, 70_001)));
    }

    @Test
    void shrinksToNothingAndGrowsAgain() throws Exception {
        BlockStorage storage = storage();
        Disks.write(storage, 0, TestImage.data((int) length(), 25).bytes());
        storage.setLength(0);
        assertEquals(0, storage.info().length());
        storage.setLength(length());
        finishAndCompare(storage, new Model(storage));
    }

    @Test
    void allocatesWithoutChangingWhatIsReadOrChangesNothing() throws Exception {
        BlockStorage storage = storage();
        Model model = new Model(storage);
        model.write(storage, 10_000, TestImage.data(100_000, 26).bytes());
        storage.allocate(new ByteRange(0, 50_001));
        storage.allocate(new ByteRange(65_536, 1 << 20));
        finishAndCompare(storage, model);
    }

    @Test
    void allocatingPastTheEndGrowsWithZeroesOrChangesNothing() throws Exception {
        BlockStorage storage = growing();
        Disks.write(storage, 0, TestImage.data(5000, 27).bytes());
        boolean done = storage.allocate(new ByteRange(4000, 100_000));
        assertEquals(done ? 104_000 : 5000, storage.info().length());
        assertArrayEquals(new byte[done ? 99_000 : 0],
                Disks.read(storage, ByteRange.between(5000, storage.info().length())));
        assertArrayEquals(TestImage.data(5000, 27).bytes(), Disks.read(storage, new ByteRange(0, 5000)));
    }

    @Test
    void growsAsItIsWrittenWhenItsLengthIsUnknown() throws Exception {
        BlockStorage storage = growing();
        assertEquals(0, storage.info().length());
        Disks.write(storage, 100_000, new byte[] {1, 2, 3});
        assertEquals(100_003, storage.info().length());
        assertArrayEquals(new byte[100_000], Disks.read(storage, new ByteRange(0, 100_000)));
        Disks.write(storage, 5, new byte[] {4});
        assertEquals(100_003, storage.info().length());
        assertOutOfBounds(() -> Disks.read(storage, new ByteRange(100_003, 1)));
        storage.complete();
        storage.close();
        byte[] wanted = new byte[100_003];
        System.arraycopy(new byte[] {1, 2, 3}, 0, wanted, 100_000, 3);
        wanted[5] = 4;
        assertArrayEquals(wanted, contentAfterClose());
    }
}

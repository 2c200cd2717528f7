package org.blockferry.drivers.synthetic;

import java.util.List;
import java.util.Set;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockSource;
import org.blockferry.engine.block.BlockTarget;
import org.blockferry.engine.block.CreateOptions;
import org.blockferry.engine.block.ImageLocation;
import org.blockferry.engine.block.OpenOptions;
import org.blockferry.engine.block.ProtocolDriver;

/**
 * {@code sparse-random:SIZE[?seed=N&percent=P&runlength=SIZE&random-content=on|off]}: a disk of any size up to 2^63-1, computed
 * from the seed, with data in runs as on the disk of a virtual machine. After nbdkit's sparse-random plugin, whose parameters it
 * takes; its bytes are others.
 *
 * <p>As a target it is a {@link CheckWriteTarget}: a terabyte is copied and checked by
 * {@code copy "sparse-random:1T?seed=3" "sparse-random:1T?seed=3"}.
 *
 * <ul>
 *   <li>{@code seed}: 0 unless given; the same parameters always make the same disk
 *   <li>{@code percent}: of data, 0 to 100, fractions allowed; 10 unless given
 *   <li>{@code runlength}: mean length of a run of data; unless given 16 MiB, or less on a small disk, so that it has some twenty
 *   <li>{@code random-content}: {@code on} unless given; {@code off} repeats one byte through each block of 4 KiB, which
 *       compresses well
 * </ul>
 */
public final class SparseRandomDriver implements ProtocolDriver {
    private static final String SEED = "seed";
    private static final String PERCENT = "percent";
    private static final String RUN_LENGTH = "runlength";
    private static final String RANDOM_CONTENT = "random-content";
    private static final double USUAL_PERCENT = 10;
    private static final long USUAL_RUN = 16L << 20;
    private static final long SMALLEST_USUAL_RUN = 64L << 10;
    private static final int RUNS = 16;

    @Override
    public String name() {
        return "sparse-random";
    }

    @Override
    public Set<String> schemes() {
        return Set.of("sparse-random");
    }

    @Override
    public BlockSource openSource(ImageLocation location, OpenOptions options) throws BlockException {
        return open(location, parameters(location), -1);
    }

    @Override
    public BlockTarget openTarget(ImageLocation location, OpenOptions options) throws BlockException {
        return new CheckWriteTarget(location.text(), open(location, parameters(location), -1));
    }

    /** The size may be left out of the location when the length is known. */
    @Override
    public BlockTarget create(ImageLocation location, CreateOptions options) throws BlockException {
        LocationParameters parameters = parameters(location);
        if (options.isLengthKnown()) {
            parameters.requireLength(options.length());
        }
        return new CheckWriteTarget(location.text(), open(location, parameters, options.length()));
    }

    private static LocationParameters parameters(ImageLocation location) throws BlockException {
        return new LocationParameters(location, List.of(SEED, PERCENT, RUN_LENGTH, RANDOM_CONTENT));
    }

    private static SparseRandomSource open(ImageLocation location, LocationParameters parameters, long otherwise)
            throws BlockException {
        long size = parameters.size().orElse(otherwise);
        if (size < 0) {
            throw parameters.invalid("size is missing; write sparse-random:SIZE, such as sparse-random:1T");
        }
        long seed = parameters.number(SEED, 0);
        double percent = parameters.percent(PERCENT, USUAL_PERCENT);
        long runLength = parameters.size(RUN_LENGTH, SparseShape.BLOCK, 1L << 62).orElse(usualRun(size, percent));
        return new SparseRandomSource(location.text(), size, new SparseShape(seed, size, percent, runLength),
                new SparseContent(seed, parameters.flag(RANDOM_CONTENT, true)));
    }

    private static long usualRun(long size, double percent) {
        long share = Long.highestOneBit((long) (size / 100.0 * percent / RUNS));
        return Math.min(USUAL_RUN, Math.max(SMALLEST_USUAL_RUN, share));
    }

    /** Whether the location has a size. */
    @Override
    public boolean exists(ImageLocation location) throws BlockException {
        return parameters(location).size().isPresent();
    }
}

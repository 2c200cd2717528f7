package org.blockferry.engine.inspect;

import java.time.Duration;
import java.util.Objects;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockSource;
import org.blockferry.engine.block.DriverRegistry;
import org.blockferry.engine.block.NodeInfo;
import org.blockferry.engine.digest.Checksum;
import org.blockferry.engine.digest.DigestAlgorithm;
import org.blockferry.engine.digest.ImageDigest;
import org.blockferry.engine.graph.ImageChain;
import org.blockferry.engine.job.Progress;

/**
 * The digest of what an image reads as, through its whole chain: equal for equal disks, whatever their formats and allocation. How it
 * is made, {@code engine.digest} says. A stream is read to its end.
 *
 * <p>One thread opens, runs once, and closes; {@link #progress} and {@link #cancel} are for any thread.
 */
public final class ImageChecksum implements AutoCloseable {
    private final ImageChain chain;
    private final ImageDigest digest;
    private final long startNanos = System.nanoTime();

    private ImageChecksum(ImageChain chain, DigestAlgorithm algorithm) {
        this.chain = chain;
        BlockSource disk = chain.info().isLengthKnown() ? chain : chain.top().node().file();
        this.digest = new ImageDigest(disk, algorithm);
    }

    /**
     * Opens an image.
     *
     * @throws BlockException if the image or one below it cannot be opened
     */
    public static ImageChecksum open(DriverRegistry drivers, ImageRequest request, DigestAlgorithm algorithm) throws BlockException {
        return new ImageChecksum(request.open(drivers), Objects.requireNonNull(algorithm, "algorithm"));
    }

    /** Reads what is not known to be zeroes, and hashes. */
    public Checksum run() throws BlockException {
        return digest.run();
    }

    /** Lets {@link #run} end soon, with a failure that says so. */
    public void cancel() {
        digest.cancel();
    }

    /** How far it is; all that is dealt with counts as copied. */
    public Progress progress() {
        NodeInfo info = chain.info();
        return new Progress(info.isLengthKnown() ? info.length() : Progress.UNKNOWN, digest.done(), 0, 0, 0, 0,
                Duration.ofNanos(System.nanoTime() - startNanos));
    }

    @Override
    public void close() throws BlockException {
        chain.close();
    }
}

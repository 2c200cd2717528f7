package org.blockferry.engine.job;

import java.nio.ByteBuffer;
import java.util.Map;
import java.util.Optional;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockException.Kind;
import org.blockferry.engine.block.BlockSource;
import org.blockferry.engine.block.BlockTarget;
import org.blockferry.engine.block.ByteRange;
import org.blockferry.engine.block.CacheMode;
import org.blockferry.engine.block.DriverRegistry;
import org.blockferry.engine.block.OpenOptions;
import org.blockferry.engine.block.Trait;
import org.blockferry.engine.digest.BlockDigest;
import org.blockferry.engine.digest.Checksum;
import org.blockferry.engine.digest.DigestAlgorithm;
import org.blockferry.engine.digest.ImageDigest;
import org.blockferry.engine.graph.ImageChain;
import org.blockferry.engine.graph.ImageOpener;
import org.blockferry.engine.graph.OpenPolicy;
import org.blockferry.engine.graph.SliceSource;
import org.blockferry.engine.pipeline.CopyControl;
import org.blockferry.engine.pipeline.CopyListener;

/**
 * Makes the digest of a source while it is copied, and of the target by reading it back. Used by the job's thread, and as a listener
 * by those of the copy.
 */
final class Verifier implements CopyListener {
    private static final int PIECE = 8 * BlockDigest.BLOCK;

    private final BlockDigest digest = new BlockDigest(DigestAlgorithm.SHA256);
    private final CopyControl control;
    private volatile boolean partial;
    private volatile Optional<Verification> result = Optional.empty();

    Verifier(CopyControl control) {
        this.control = control;
    }

    @Override
    public void read(long offset, ByteBuffer bytes) {
        digest.data(offset, bytes);
    }

    @Override
    public void zeroes(ByteRange range) {
        digest.zero(range.offset(), range.length());
    }

    /** What the target's base has was not read: the digest is made by reading it all. */
    @Override
    public void skipped(ByteRange range) {
        partial |= !range.isEmpty();
    }

    /** Empty until both sides were read and are the same. */
    Optional<Verification> result() {
        return result;
    }

    /** Whether the target is read through the connection that wrote it: a server may end with it, or take no second one. */
    static boolean readsOpen(BlockTarget target) {
        return target instanceof BlockSource && target.info().has(Trait.REMOTE);
    }

    /**
     * Reads the target back through the node that wrote it.
     *
     * @throws BlockException naming the first block that differs
     */
    void verifyOpen(BlockSource source, long length, BlockTarget target) throws BlockException {
        target.flush();
        compare(source, length, (BlockSource) target, false);
    }

    /**
     * Opens the target, which is complete and closed, and reads it back.
     *
     * @throws BlockException naming the first block that differs
     */
    void verify(BlockSource source, long length, DriverRegistry drivers, CopyOutput output) throws BlockException {
        ImageOpener opener = new ImageOpener(drivers, OpenPolicy.DEFAULT);
        try (ImageChain chain = open(opener, output)) {
            compare(source, length, chain, chain.top().node().file().info().has(Trait.DIRECT));
        }
    }

    private static ImageChain open(ImageOpener opener, CopyOutput output) throws BlockException {
        try {
            return open(opener, output, CacheMode.NONE);
        } catch (BlockException e) {
            // Not every file system can be read past the page cache; if that was not the reason, this fails as well.
            return open(opener, output, CacheMode.WRITEBACK);
        }
    }

    private static ImageChain open(ImageOpener opener, CopyOutput output, CacheMode cache) throws BlockException {
        return opener.openChain(output.location(), Optional.of(output.format()),
                new OpenOptions(cache, false, Optional.empty(), Map.of()));
    }

    private void compare(BlockSource source, long length, BlockSource target, boolean pastCache) throws BlockException {
        if (target.info().length() < length) {
            throw BlockException.of(Kind.IO, target.info().name(), "verify: the target reads " + target.info().length()
                    + " bytes, the source had " + length);
        }
        BlockSource same = target.info().length() == length ? target : new SliceSource(target, new ByteRange(0, length));
        Checksum was = partial ? digestOf(source) : digest.finish(length);
        Checksum is = digestOf(same);
        if (control.isCancelled()) {
            return;
        }
        if (!was.sameContent(is)) {
            throw different(source, same, was, is);
        }
        result = Optional.of(new Verification(was, is, pastCache));
    }

    private Checksum digestOf(BlockSource disk) throws BlockException {
        return new ImageDigest(disk, DigestAlgorithm.SHA256, control::isCancelled).run();
    }

    private static BlockException different(BlockSource source, BlockSource target, Checksum was, Checksum is) throws BlockException {
        String digests = "the target's digest is " + is + ", the source's " + was;
        if (source.info().has(Trait.STREAM)) {
            return BlockException.of(Kind.IO, target.info().name(), "verify: the target does not read as the source did: " + digests);
        }
        ByteBuffer one = ByteBuffer.allocateDirect(PIECE);
        ByteBuffer two = ByteBuffer.allocateDirect(PIECE);
        long length = was.length();
        for (long at = 0; at < length; at += PIECE) {
            int piece = (int) Math.min(PIECE, length - at);
            source.read(at, one.clear().limit(piece));
            target.read(at, two.clear().limit(piece));
            int differs = one.flip().mismatch(two.flip());
            if (differs >= 0) {
                long block = (at + differs) / BlockDigest.BLOCK * BlockDigest.BLOCK;
                return BlockException.request(Kind.IO, target.info().name(), "verify",
                        new ByteRange(block, Math.min(BlockDigest.BLOCK, length - block)),
                        "the first block that does not read as in the source; " + digests, null);
            }
        }
        return BlockException.of(Kind.IO, target.info().name(), "verify: read again, both are the same, but while it was copied the "
                + "source gave other bytes; " + digests);
    }
}

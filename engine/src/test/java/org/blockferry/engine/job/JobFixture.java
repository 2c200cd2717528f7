package org.blockferry.engine.job;

import java.nio.ByteBuffer;
import java.util.Optional;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.OpenOptions;
import org.blockferry.engine.graph.ImageChain;
import org.blockferry.engine.graph.ImageOpener;
import org.blockferry.engine.graph.OpenPolicy;
import org.blockferry.engine.toy.ToyFiles;
import org.blockferry.engine.toy.ToyImage;

/** Files in memory, jobs over them, and what one reads afterwards. */
final class JobFixture {
    final ToyFiles files = new ToyFiles();

    JobFixture put(String path, ToyImage image) {
        files.put(path, image.bytes());
        return this;
    }

    CopyResult copy(CopyOptions.Builder options) throws BlockException {
        try (CopyJob job = CopyJob.open(files.registry(), options.build())) {
            return job.run();
        }
    }

    /** What a reader of the image sees, through its chain. */
    byte[] read(String image) throws BlockException {
        try (ImageChain chain = open(image)) {
            ByteBuffer buffer = ByteBuffer.allocate((int) chain.info().length());
            chain.read(0, buffer);
            return buffer.array();
        }
    }

    ImageChain open(String image) throws BlockException {
        return new ImageOpener(files.registry(), OpenPolicy.DEFAULT).openChain(image, Optional.empty(), OpenOptions.DEFAULT);
    }
}

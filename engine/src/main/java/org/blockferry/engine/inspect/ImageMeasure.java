package org.blockferry.engine.inspect;

import java.util.Optional;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockTarget;
import org.blockferry.engine.block.ByteRange;
import org.blockferry.engine.block.CreateOptions;
import org.blockferry.engine.block.DriverRegistry;
import org.blockferry.engine.block.FormatDriver;
import org.blockferry.engine.block.ImageFootprint;
import org.blockferry.engine.block.Trait;
import org.blockferry.engine.graph.ImageChain;
import org.blockferry.engine.pipeline.CopyControl;
import org.blockferry.engine.pipeline.CopyCounters;
import org.blockferry.engine.pipeline.CopyPipeline;
import org.blockferry.engine.pipeline.OffloadMode;
import org.blockferry.engine.pipeline.PipelineOptions;
import org.blockferry.engine.plan.CopyPlanner;
import org.blockferry.engine.plan.CopyPolicy;
import org.blockferry.engine.plan.PlanLimits;
import org.blockferry.engine.util.CloseAll;

/** Tells how large an image gets before it is made. Thread-safe. */
public final class ImageMeasure {
    private final DriverRegistry drivers;
    private final NewImage target;

    /** Measures for this kind of new image. */
    public ImageMeasure(DriverRegistry drivers, NewImage target) {
        this.drivers = drivers;
        this.target = target;
    }

    /**
     * An image of an empty disk.
     *
     * @param length bytes of the disk
     * @throws BlockException INVALID_ARGUMENT if an option is unknown or out of bounds, UNSUPPORTED if this format cannot tell
     */
    public Measurement ofLength(long length) throws BlockException {
        ImageFootprint footprint = driver().footprint(target.format(), target.createOptions(length), Optional.empty());
        return measurement(footprint, footprint.allocatesAll() ? footprint.diskBytes() : 0);
    }

    /** A copy of an image, told from where that holds data; nothing of the data is read. Exceptions are those of opening, too. */
    public Measurement of(ImageRequest source) throws BlockException {
        try (ImageMap map = ImageMap.open(drivers, source)) {
            long length = map.range().length();
            ImageFootprint footprint = driver().footprint(target.format(), target.createOptions(length),
                    Optional.of(map.layers().get(0).node().details()));
            if (footprint.allocatesAll() || target.isBacked()) {
                // How much of a chain is going to be shared is not known: as if nothing were.
                return measurement(footprint, footprint.diskBytes());
            }
            ClusterCount count = new ClusterCount(footprint.clusterSize());
            map.forEach(new ByteRange(0, length), count::add);
            return measurement(footprint, count.bytes);
        }
    }

    private FormatDriver driver() throws BlockException {
        return drivers.format(target.format(), target.format());
    }

    private static Measurement measurement(ImageFootprint footprint, long dataBytes) {
        return new Measurement(footprint.metadataBytes() + dataBytes, footprint.metadataBytes() + footprint.diskBytes(),
                footprint.bitmapBytes());
    }

    /** Counts the clusters in which there is data. */
    private static final class ClusterCount {
        private final long clusterSize;
        private long counted;
        private long bytes;

        ClusterCount(long clusterSize) {
            this.clusterSize = clusterSize;
        }

        void add(MapEntry entry) {
            if (entry.zero() || !entry.data() || entry.end() <= counted) {
                return;
            }
            long start = Math.max(counted, entry.start() & -clusterSize);
            long end = entry.end() + clusterSize - 1 & -clusterSize;
            bytes += end - start;
            counted = end;
        }
    }

    /**
     * Goes through a copy of an image without writing it: reads its data, finds the zeroes in it, and lays the new image out. As fast
     * as the source can be read. The copy is a whole one, not above a backing file.
     *
     * @throws BlockException as a copy would, before it writes
     */
    public Measurement.Scan scan(ImageRequest source) throws BlockException {
        try (ImageChain chain = Inspection.view(drivers, source, false).chain()) {
            MeterStorage meter = new MeterStorage(target.format());
            CreateOptions options = target.createOptions(chain.info().length());
            BlockTarget image = driver().create(meter, options);
            CopyCounters counters;
            try {
                CopyPolicy policy = CopyPolicy.whole(image.info().has(Trait.READS_ZERO_WHEN_NEW));
                CopyPipeline pipeline = new CopyPipeline(
                        new CopyPlanner(chain::status, chain.info().range(), policy, PlanLimits.of(image.info(), false)), chain, image,
                        PipelineOptions.DEFAULT.withOffload(OffloadMode.NEVER), new CopyControl());
                counters = pipeline.run();
                image.complete();
            } catch (BlockException | RuntimeException | Error e) {
                CloseAll.after(e, image);
                throw e;
            }
            image.close();
            return new Measurement.Scan(meter.length(), counters.copied(), counters.zeroDetected());
        }
    }
}

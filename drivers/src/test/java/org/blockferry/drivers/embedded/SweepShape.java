package org.blockferry.drivers.embedded;

import java.nio.file.Path;
import java.util.EnumSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.blockferry.drivers.filter.Operation;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockTarget;
import org.blockferry.engine.block.CacheMode;
import org.blockferry.engine.block.CreateOptions;
import org.blockferry.engine.block.DriverRegistry;
import org.blockferry.engine.block.OpenOptions;
import org.blockferry.engine.graph.ImageChain;
import org.blockferry.engine.graph.ImageOpener;
import org.blockferry.engine.graph.OpenPolicy;
import org.blockferry.engine.job.CopyJob;
import org.blockferry.engine.job.CopyOptions;
import org.blockferry.engine.pipeline.CopyControl;
import org.blockferry.engine.pipeline.DirectCopier;
import org.blockferry.engine.pipeline.OffloadMode;
import org.blockferry.engine.pipeline.PipelineOptions;
import org.blockferry.engine.pipeline.PipelineShape;
import org.blockferry.engine.plan.CopyPlanner;
import org.blockferry.engine.plan.CopyPolicy;
import org.blockferry.engine.plan.PlanLimits;

/** The ways in which a copy is done, each as small as it can be with several slots. */
enum SweepShape {
    /** One buffer, in the calling thread, of files that are opened by hand. */
    DIRECT("disk.raw", "t.raw", "raw") {
        @Override
        void run(DriverRegistry drivers, Path folder) throws BlockException {
            ImageOpener opener = new ImageOpener(drivers, OpenPolicy.DEFAULT);
            try (ImageChain chain = opener.openChain(folder.resolve(source()).toString(), Optional.of("raw"),
                    OpenOptions.DEFAULT);
                    BlockTarget target = opener.createTarget(folder.resolve(target()).toString(), "raw",
                            new CreateOptions(chain.info().length(), CacheMode.WRITEBACK, Optional.empty(), Map.of()))) {
                CopyPolicy policy = CopyPolicy.whole(true);
                new DirectCopier(new CopyPlanner(chain::status, chain.info().range(), policy,
                        PlanLimits.of(target.info(), false)),
                        chain, target, tuning(PipelineShape.Kind.FUSED), new CopyControl()).run();
                target.complete();
            }
        }
    },
    ONE_SLOT("disk.raw", "t.raw", "raw") {
        @Override
        CopyOptions.Builder options(Path folder) {
            return super.options(folder).tuning(PipelineOptions.DEFAULT.withSlots(4, 1 << 21));
        }
    },
    FUSED("disk.raw", "t.qcow2", "qcow2"),
    STAGED("overlay.qcow2", "t.raw", "raw") {
        @Override
        CopyOptions.Builder options(Path folder) {
            return super.options(folder).tuning(tuning(PipelineShape.Kind.STAGED));
        }
    },
    APPEND_ONLY("disk.raw", "t.raw", "raw"),
    COMPRESSED("disk.raw", "t.qcow2", "qcow2") {
        @Override
        CopyOptions.Builder options(Path folder) {
            return super.options(folder).compress(true);
        }
    },
    /** Clusters that stay compressed as they are. */
    CARRIED("packed.qcow2", "t.qcow2", "qcow2") {
        @Override
        CopyOptions.Builder options(Path folder) {
            return super.options(folder).compress(true);
        }
    },
    OFFLOADED("disk.raw", "t.raw", "raw") {
        @Override
        CopyOptions.Builder options(Path folder) {
            return super.options(folder).offload(OffloadMode.AUTO).sparseSize(0);
        }
    },
    RESERVED("disk.raw", "t.raw", "raw") {
        @Override
        CopyOptions.Builder options(Path folder) {
            return super.options(folder).targetOption("preallocation", "falloc");
        }
    },
    IN_PLACE("disk.raw", "old.qcow2", "qcow2") {
        @Override
        CopyOptions.Builder options(Path folder) {
            return super.options(folder).noCreate(true);
        }
    },
    IN_PLACE_RAW("disk.raw", "old.raw", "raw") {
        @Override
        CopyOptions.Builder options(Path folder) {
            return super.options(folder).noCreate(true);
        }
    },
    /** The base is compared first, and what lies above it copied. */
    KEPT_BASE("overlay.qcow2", "t.qcow2", "qcow2") {
        @Override
        CopyOptions.Builder options(Path folder) {
            return super.options(folder).backing("twin.raw").backingFormat("raw");
        }
    };

    private static final int SLOT = 1 << 16;

    private final String source;
    private final String target;
    private final String format;

    SweepShape(String source, String target, String format) {
        this.source = source;
        this.target = target;
        this.format = format;
    }

    String source() {
        return source;
    }

    String target() {
        return target;
    }

    String format() {
        return format;
    }

    /** Whether the target is there before, and stays there. */
    boolean isInPlace() {
        return target.startsWith("old.");
    }

    boolean isInOrder() {
        return this == APPEND_ONLY;
    }

    /** What such a copy asks of its ends at the least. */
    Set<Operation> operations() {
        Set<Operation> all = EnumSet.of(Operation.OPEN, Operation.READ, Operation.COMPLETE, Operation.CLOSE);
        all.add(this == OFFLOADED ? Operation.OFFLOAD : Operation.WRITE);
        if (source.endsWith(".raw")) {
            all.add(Operation.STATUS);
        }
        if (format.equals("qcow2")) {
            all.add(Operation.FLUSH);
        }
        if (this == RESERVED) {
            all.add(Operation.ALLOCATE);
        }
        if (this == IN_PLACE) {
            all.add(Operation.DISCARD);
        }
        if (this == IN_PLACE_RAW) {
            all.add(Operation.ZERO);
        }
        return all;
    }

    static PipelineOptions tuning(PipelineShape.Kind kind) {
        return PipelineOptions.DEFAULT.withKind(kind).withThreads(2).withSlots(4, SLOT);
    }

    CopyOptions.Builder options(Path folder) {
        return CopyOptions.copy(folder.resolve(source).toString(), folder.resolve(target).toString()).targetFormat(format)
                .targetCache(CacheMode.WRITEBACK).offload(OffloadMode.NEVER).parallel(2)
                .tuning(tuning(PipelineShape.Kind.AUTO));
    }

    void run(DriverRegistry drivers, Path folder) throws BlockException {
        try (CopyJob job = CopyJob.open(drivers, options(folder).build())) {
            job.run();
        }
    }
}

package org.blockferry.engine.job;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.blockferry.engine.block.BackingReference;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockException.Kind;
import org.blockferry.engine.block.BlockTarget;
import org.blockferry.engine.block.ByteRange;
import org.blockferry.engine.block.CacheMode;
import org.blockferry.engine.block.CreateOptions;
import org.blockferry.engine.block.DriverRegistry;
import org.blockferry.engine.block.FormatDetails;
import org.blockferry.engine.block.GrowableTarget;
import org.blockferry.engine.block.NodeInfo;
import org.blockferry.engine.block.OpenOptions;
import org.blockferry.engine.block.Trait;
import org.blockferry.engine.graph.ImageOpener;
import org.blockferry.engine.graph.OpenPolicy;
import org.blockferry.engine.pipeline.CopyControl;
import org.blockferry.engine.pipeline.CopyCounters;
import org.blockferry.engine.pipeline.CopyListener;
import org.blockferry.engine.pipeline.CopyPipeline;
import org.blockferry.engine.pipeline.OffloadMode;
import org.blockferry.engine.pipeline.PipelineOptions;
import org.blockferry.engine.plan.CopyAction;
import org.blockferry.engine.plan.CopyPlan;
import org.blockferry.engine.plan.CopyPlanner;
import org.blockferry.engine.plan.CopyPolicy;
import org.blockferry.engine.plan.ExtentSource;
import org.blockferry.engine.plan.PlanLimits;
import org.blockferry.engine.plan.PlanSummary;
import org.blockferry.engine.salvage.SalvagePlan;
import org.blockferry.engine.util.ByteSize;
import org.blockferry.engine.util.CloseAll;
import org.slf4j.LoggerFactory;

/**
 * One copy of one or several images to a target: opened and checked, then run once, then closed.
 *
 * <p>The format of the target is the one that is asked for; with a kept base it is {@code qcow2}; else it is the one of the
 * image that stands there, else the one of the ending of its name, else {@code raw}. A new target appears under its name when
 * it is complete, and then replaces what stood there. With {@link CopyOptions#noCreate}, and on a device or server that gets a
 * raw disk, what is there is written in place.
 *
 * <p>After a run that failed or was cancelled, {@link #targetState} says what the target is now.
 *
 * <p>One thread opens, runs and closes; {@link #progress}, {@link #control} and {@link #targetState} are for any thread.
 */
public final class CopyJob implements AutoCloseable {
    private static final String RAW = "raw";
    private final CopyOptions options;
    private final ImageOpener opener;
    private final CopyControl control = new CopyControl();
    private final CopyInput input;
    private final CopyOutput output;
    private final Optional<KeptBase> base;
    private final Optional<SalvageRun> salvage;
    private final Optional<HoleCheck> holes;
    private final Optional<Verifier> verifier;
    private final Optional<ResumeRun> resume;
    private final AtomicBoolean begun = new AtomicBoolean();
    /** The target that is written in place, from open to run. */
    private Optional<BlockTarget> inPlace = Optional.empty();
    private Optional<Consumer<List<String>>> choiceListener = Optional.empty();
    private volatile boolean writing;
    private volatile boolean complete;
    private volatile boolean different;
    private volatile CopyCounters counters;
    private volatile long startNanos;
    private volatile long endNanos;

    private CopyJob(ImageOpener opener, CopyOptions options, CopyInput input, CopyOutput output, Optional<KeptBase> base,
            Optional<SalvageRun> salvage) throws BlockException {
        this.opener = opener;
        this.options = options;
        this.input = input;
        this.output = output;
        this.base = base;
        this.salvage = salvage;
        this.holes = options.holeChecking() == HoleChecking.NONE || input.isStream() ? Optional.empty()
                : Optional.of(new HoleCheck(input.node(), options.holeChecking(), options.salvage(), control));
        this.verifier = options.verify() ? Optional.of(new Verifier(control)) : Optional.empty();
        this.resume = options.resume() ? Optional.of(ResumeRun.of(options, input, output, control)) : Optional.empty();
        control.setRate(options.rate());
    }

    /**
     * Opens the sources, finds out what is to be done, and checks that it can be. Nothing is written or made. With a kept base
     * that is not in the source's chain, the base is compared with the source, which takes the time of reading it.
     *
     * @throws BlockException one line: a source or base that cannot be opened or is not what it is said to be, a target that is
     *     one of them, is too small, or cannot be of the wanted format
     */
    public static CopyJob open(DriverRegistry drivers, CopyOptions options) throws BlockException {
        Objects.requireNonNull(options, "options");
        ImageOpener opener = new ImageOpener(drivers, OpenPolicy.DEFAULT.withUntrusted(options.untrusted()));
        CopyInput input = CopyInput.open(opener, options);
        try {
            Optional<SalvageRun> salvage = SalvageRun.of(options, input);
            CopyOutput output = CopyOutput.decide(opener, options, salvage);
            if (output.existing().isPresent()) {
                output.requireApartFrom(input.layers(), output.existing().get().file());
            }
            Optional<KeptBase> base = options.backing().isEmpty() ? Optional.empty()
                    : Optional.of(KeptBase.find(opener, input.chain().orElseThrow(), output, options));
            CopyJob job = new CopyJob(opener, options, input, output, base, salvage);
            job.openOrCheckTarget();
            return job;
        } catch (BlockException | RuntimeException | Error e) {
            CloseAll.after(e, input);
            throw e;
        }
    }

    private void openOrCheckTarget() throws BlockException {
        if (!output.inPlace()) {
            opener.registry().format(output.location().text(), output.format())
                    .checkCreateOptions(output.location().text(), createOptions());
            if (options.compress()) {
                requireCompression(output.preview(opener.registry(), createOptions()));
            }
            return;
        }
        BlockTarget target = opener.openTarget(output.location(), Optional.of(output.format()),
                new OpenOptions(targetCache(), false, Optional.empty(), Map.of()));
        try {
            output.requireApartFrom(input.layers(), target.info());
            if (options.compress()) {
                requireCompression(target.info());
            }
            long has = target.info().length();
            long needs = input.info().length();
            if (has != NodeInfo.UNKNOWN_LENGTH && has < needs) {
                throw BlockException.of(Kind.NO_SPACE, output.location().text(), "the target has " + has + " bytes ("
                        + ByteSize.format(has) + "), the source " + needs + " (" + ByteSize.format(needs) + ")");
            }
        } catch (BlockException | RuntimeException | Error e) {
            CloseAll.after(e, target);
            throw e;
        }
        inPlace = Optional.of(target);
    }

    private void requireCompression(NodeInfo target) throws BlockException {
        if (!target.has(Trait.COMPRESS)) {
            throw BlockException.of(Kind.UNSUPPORTED, output.location().text(), "Compression not supported for this file format");
        }
    }

    /** What is read back, or is not to be copied again, must have been made durable. */
    private CacheMode targetCache() {
        return (options.verify() || options.resume()) && !options.targetCache().flushes() ? CacheMode.WRITEBACK : options.targetCache();
    }

    private CreateOptions createOptions() {
        Optional<BackingReference> backing = base.map(KeptBase::reference);
        long length = input.isStream() ? NodeInfo.UNKNOWN_LENGTH : input.info().length();
        return new CreateOptions(length, targetCache(), backing, options.targetOptions());
    }

    /** Name of the target's format. */
    public String targetFormat() {
        return output.format();
    }

    /** What the first source tells of itself beyond its disk. */
    public FormatDetails sourceDetails() throws BlockException {
        return input.chains().get(0).top().node().details();
    }

    /** Bytes of the disk that is copied; empty for a stream. */
    public OptionalLong length() {
        return input.isStream() ? OptionalLong.empty() : OptionalLong.of(input.info().length());
    }

    /**
     * Goes through the plan without carrying it out; nothing is made. As often as wanted, but not beside {@link #run}.
     *
     * @throws BlockException UNSUPPORTED if the source is a stream, which tells what it holds only by being read
     */
    public void forEachAction(Consumer<CopyAction> consumer) throws BlockException {
        CopyPlan plan = dryPlan();
        for (Optional<CopyAction> action = plan.next(); action.isPresent(); action = plan.next()) {
            consumer.accept(action.get());
        }
    }

    /** The totals of what {@link #forEachAction} tells. */
    public PlanSummary plan() throws BlockException {
        return PlanSummary.of(dryPlan());
    }

    private CopyPlan dryPlan() throws BlockException {
        if (input.isStream()) {
            throw BlockException.of(Kind.UNSUPPORTED, input.info().name(),
                    "what a stream holds is known only when it was read");
        }
        return planFor(inPlace.isPresent() ? inPlace.get().info() : output.preview(opener.registry(), createOptions()));
    }

    private CopyPlan planFor(NodeInfo target) {
        boolean readsZero = readsZero(target);
        CopyPolicy policy = base.map(kept -> kept.policy(readsZero)).orElseGet(() -> CopyPolicy.whole(readsZero))
                .withAllocateAll(options.sparseSize().isPresent() && options.sparseSize().getAsLong() == 0);
        if (input.isStream()) {
            return CopyPlan.ofStream(policy);
        }
        ExtentSource extents = holes.isPresent() ? holes.get().believing(extents()) : extents();
        // A target with a backing file takes whole clusters, also past the end of that file: it does not know where that is.
        PlanLimits limits = PlanLimits.of(target, options.compress());
        if (resume.isPresent()) {
            return new SalvagePlan(resume.get().done(), input.info().length(), policy,
                    part -> new CopyPlanner(extents, part, policy, limits));
        }
        return salvage.isPresent() ? new SalvagePlan(salvage.get().map(), input.info().length(), policy,
                part -> new CopyPlanner(extents, part, policy, limits)) : new CopyPlanner(extents, input.info().range(), policy, limits);
    }

    /** What the source, or what of it lies above a kept base, says that it holds. */
    private ExtentSource extents() {
        ExtentSource extents = base.isPresent() && base.get().index().isPresent()
                ? base.get().extents(input.chain().orElseThrow()) : input.node()::status;
        return options.salvage() ? ExtentSource.salvaging(extents) : extents;
    }

    /** Whether the target reads as zeroes where no base shows through and nothing is written. */
    private boolean readsZero(NodeInfo target) {
        if (salvage.isPresent()) {
            // What was written last and is not in the map yet may be anything; and what is written is what the map notes.
            return false;
        }
        if (resume.isPresent() && resume.get().isNew()) {
            // It was made empty, and since then nothing but this copy has written to it.
            return true;
        }
        // Past the end of its base a new image reads as zeroes, unless it took space in advance from a device that does not.
        return options.targetIsZero() || target.has(Trait.READS_ZERO_WHEN_NEW)
                || base.isPresent() && options.targetOptions().getOrDefault("preallocation", "off").equals("off");
    }

    private PipelineOptions pipelineOptions() {
        long sparse = options.sparseSize().orElse(
                options.offload() == OffloadMode.ALWAYS ? 0 : CopyOptions.DEFAULT_SPARSE_SIZE);
        PipelineOptions tuned = options.tuning().withSparseSize(Math.toIntExact(sparse)).withOffload(options.verify() ? OffloadMode.NEVER : options.offload())
                .withSalvage(options.salvage()).withCompress(options.compress()).withRecompress(options.recompress())
                .withStatistics(options.statistics());
        return options.parallel() == 0 ? tuned : tuned.withThreads(options.parallel());
    }

    /**
     * Makes or takes the target, copies, completes it, and closes everything.
     *
     * @return what was done, also when it was cancelled
     * @throws BlockException the first failure; those that came of it are suppressed in it
     * @throws IllegalStateException if it ran before
     */
    public CopyResult run() throws BlockException {
        if (!begun.compareAndSet(false, true)) {
            throw new IllegalStateException("a job runs once");
        }
        startNanos = System.nanoTime();
        try {
            if (holes.isPresent() && options.holeChecking() == HoleChecking.SAMPLE) {
                holes.get().sample(extents(), input.info().range());
            }
            BlockTarget target = inPlace.isPresent() ? inPlace.get() : make();
            inPlace = Optional.empty();
            CopyPipeline pipeline = copyTo(target);
            Optional<Verification> verified = verifier.flatMap(Verifier::result);
            return new CopyResult(!complete || verifier.isPresent() && verified.isEmpty(), progress(), targetState(),
                    counters.salvaged(), counters.salvagedRanges(), falseHole(), verified, pipeline.report());
        } finally {
            endNanos = System.nanoTime();
            closeInput();
        }
    }

    private BlockTarget make() throws BlockException {
        if (resume.isPresent()) {
            return resume.get().open(opener, createOptions(), targetCache());
        }
        return salvage.isPresent() ? salvage.get().make(opener, output, createOptions())
                : opener.createTarget(output.location(), output.format(), createOptions());
    }

    private CopyPipeline copyTo(BlockTarget opened) throws BlockException {
        BlockTarget target = opened;
        CopyPipeline pipeline;
        try {
            if (salvage.isPresent()) {
                target = salvage.get().noting(opened, output.format());
            }
            if (resume.isPresent()) {
                resume.get().begin(target);
            }
            pipeline = new CopyPipeline(planFor(target.info()), input.node(), target, pipelineOptions(), control);
            counters = pipeline.counters();
            salvage.ifPresent(run -> counters.listenToLosses(run.map()::lost));
            CopyListener listener = verifier.map(CopyListener.class::cast).orElse(CopyListener.NONE);
            pipeline.listen(resume.isPresent() ? resume.get().and(listener) : listener);
            writing = true;
            explain(pipeline);
            if (!sharesWholeFile() || !pipeline.share(input.chain().orElseThrow().top().node().file())) {
                pipeline.run();
            }
            if (pipeline.isComplete()) {
                fixLength(target);
                target.complete();
                complete = resume.isEmpty();
                if (verifier.isPresent() && Verifier.readsOpen(target)) {
                    BlockTarget open = target;
                    verify(() -> verifier.get().verifyOpen(input.node(), counters.length(), open));
                }
            }
        } catch (BlockException | RuntimeException | Error e) {
            if (resume.isPresent()) {
                CloseAll.after(e, resume.get()::leave);
            }
            CloseAll.after(e, target);
            throw e;
        }
        if (resume.isPresent()) {
            finish(target, resume.get(), pipeline.isComplete());
        }
        boolean readBack = complete && verifier.isPresent() && !Verifier.readsOpen(target);
        if (resume.isEmpty()) {
            target.close();
        }
        if (readBack) {
            verify(() -> verifier.get().verify(input.node(), counters.length(), opener.registry(), output));
        }
        endNanos = System.nanoTime();
        return pipeline;
    }

    private void explain(CopyPipeline pipeline) {
        if (choiceListener.isEmpty()) {
            return;
        }
        List<String> lines = new ArrayList<>(pipeline.explain());
        lines.add("page cache: source " + options.sourceCache().word() + ", target " + targetCache().word()
                + (targetCache().flushes() ? ", made durable at the end" : ", left to the system to write"));
        if (sharesWholeFile()) {
            lines.add("first of all: the whole file is shared (reflink), where the file system can; then nothing above is done");
        }
        choiceListener.get().accept(lines);
    }

    /**
     * Who is told, a line each, which way of copying was chosen and why. Told by the thread that runs, before the first byte is
     * copied; set before {@link #run}.
     */
    public void listenToChoice(Consumer<List<String>> listener) {
        choiceListener = Optional.of(listener);
    }

    /** Ends a run of a copy that can be resumed: the target gets its name, or all that was done is in the journal. */
    private void finish(BlockTarget target, ResumeRun run, boolean whole) throws BlockException {
        if (!whole) {
            try {
                run.leave();
            } catch (BlockException e) {
                CloseAll.after(e, target);
                throw e;
            }
            target.close();
            return;
        }
        try {
            target.close();
        } catch (BlockException | RuntimeException | Error e) {
            CloseAll.after(e, run::leave);
            throw e;
        }
        run.finish(opener);
        complete = true;
    }

    /** Reads the target back; a cancel leaves it complete, and not verified. */
    private void verify(Step reading) throws BlockException {
        try {
            reading.run();
        } catch (BlockException e) {
            if (!control.isCancelled()) {
                different = true;
                throw e;
            }
        }
    }

    /** Something that may fail. */
    @FunctionalInterface
    private interface Step {
        void run() throws BlockException;
    }

    /**
     * Whether a reflink of the file would be this copy: a raw file becomes a new raw file, and nothing was asked about how it is
     * to be allocated.
     */
    private boolean sharesWholeFile() {
        return salvage.isEmpty() && verifier.isEmpty() && resume.isEmpty() && options.offload() != OffloadMode.NEVER
                && options.sparseSize().isEmpty() && options.targetOptions().isEmpty()
                && !output.inPlace() && output.format().equals(RAW) && base.isEmpty() && !input.isStream()
                // Not with another length than the file's, or a part of it.
                && input.chain().map(chain -> input.node() == chain && chain.layers().size() == 1 && chain.top().format().equals(RAW)).orElse(false);
    }

    /** A stream may end in zeroes, which are not written to a new image: its length still counts them. */
    private void fixLength(BlockTarget target) throws BlockException {
        if (input.isStream() && !output.inPlace() && target instanceof GrowableTarget growable) {
            growable.setLength(counters.length());
        }
    }

    /** How far it is; all zero before {@link #run}. */
    public Progress progress() {
        CopyCounters now = counters;
        long start = startNanos;
        long end = endNanos;
        Duration elapsed = start == 0 ? Duration.ZERO : Duration.ofNanos((end == 0 ? System.nanoTime() : end) - start);
        long total = input.isStream() ? Progress.UNKNOWN : input.info().length();
        return now == null ? new Progress(total, 0, 0, 0, 0, 0, elapsed)
                : new Progress(total, now.copied(), now.offloaded(), now.zeroed(), now.zeroDetected(), now.skipped(), elapsed);
    }

    /** The first bytes that the source called zeroes and that hold something, as far as that was looked at. */
    public Optional<ByteRange> falseHole() {
        return holes.flatMap(HoleCheck::falseHole);
    }

    /** Cancels, pauses and limits the copy, before and while it runs. */
    public CopyControl control() {
        return control;
    }

    /**
     * What the target is now, for people: {@code complete}; {@code unchanged: …} if the old file still stands there; {@code not
     * there: …}; {@code incomplete: …} if it was written in place, or does not read as the source; {@code untouched}.
     */
    public String targetState() {
        if (!complete && writing && salvage.isPresent()) {
            return salvage.get().unfinished();
        }
        if (!complete && writing && resume.isPresent()) {
            return resume.get().unfinished();
        }
        if (different) {
            return "incomplete: '" + output.location() + "' was written, but was not read back as the source was read";
        }
        if (complete && verifier.isPresent() && verifier.get().result().isEmpty()) {
            return "complete, but not verified";
        }
        return complete ? "complete" : output.unfinished(writing);
    }

    /** Closes what is open; the target of a job that was not run is as it was. */
    @Override
    public void close() throws BlockException {
        try {
            if (inPlace.isPresent()) {
                inPlace.get().close();
                inPlace = Optional.empty();
            }
        } finally {
            closeInput();
        }
    }

    /** What was read has been read: a source that does not close well is worth a line in the log, not the copy. */
    private void closeInput() {
        try {
            input.close();
        } catch (BlockException e) {
            // Made here and not before: the first logger of a process costs 15 ms.
            LoggerFactory.getLogger(CopyJob.class).warn("{}", e.getMessage());
        }
    }
}

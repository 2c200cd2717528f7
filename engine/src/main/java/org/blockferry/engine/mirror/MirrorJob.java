package org.blockferry.engine.mirror;

import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockException.Kind;
import org.blockferry.engine.block.DriverRegistry;
import org.blockferry.engine.block.LiveDisk;
import org.blockferry.engine.block.LiveDisk.Ending;
import org.blockferry.engine.pipeline.CopyPipeline;
import org.blockferry.engine.pipeline.PipelineOptions;
import org.blockferry.engine.plan.CopyPlanner;
import org.blockferry.engine.plan.CopyPolicy;
import org.blockferry.engine.plan.ExtentSource;
import org.blockferry.engine.plan.PlanLimits;
import org.blockferry.engine.util.CloseAll;
import org.slf4j.LoggerFactory;

/**
 * A mirror job: copies a disk while it is written to, then what was written meanwhile, again and again, until what is left fits
 * a last pass. Then it is ready, and goes on following until it is told to {@link #complete} or {@link #cancel}: whoever writes
 * is held back, the last of it is copied, and the target is made whole.
 *
 * <p>States, events and verbs are those of QEMU's mirror job. One thread opens, {@linkplain #run runs} and closes; the verbs,
 * {@link #progress} and the futures are for any thread.
 */
public final class MirrorJob implements AutoCloseable {
    private final LiveDisk disk;
    private final MirrorOptions options;
    private final MirrorTarget target;
    private final long length;
    private final JobControl control;
    private final MirrorMeter meter;
    private final DirtyBitmap dirty;
    private final List<MirrorEvent.Listener> listeners = new CopyOnWriteArrayList<>();
    private final CompletableFuture<Void> ready = new CompletableFuture<>();
    private final CompletableFuture<Ending> end = new CompletableFuture<>();
    private final AtomicBoolean begun = new AtomicBoolean();
    private volatile IoStatus ioStatus = IoStatus.OK;
    private boolean writing;
    private boolean completed;
    private boolean closed;

    private MirrorJob(LiveDisk disk, MirrorOptions options, MirrorTarget target) throws BlockException {
        this.disk = disk;
        this.options = options;
        this.target = target;
        this.length = disk.source().info().length();
        this.meter = new MirrorMeter(length, options.finalBytes());
        this.control = new JobControl(this::changed);
        this.dirty = new DirtyBitmap(length, disk.granularity());
        control.setSpeed(options.speed());
        // Who waits for neither need not be told of a failure twice.
        ready.exceptionally(e -> null);
        end.exceptionally(e -> null);
    }

    /**
     * Opens or makes the target. Nothing is copied yet, and no new image stands under its name before the job has completed.
     *
     * @param disk is the job's from now on, and closed with it, also when this fails
     * @throws BlockException one line: a target that cannot be written or is too short, options that this disk cannot serve
     */
    public static MirrorJob open(DriverRegistry drivers, LiveDisk disk, MirrorOptions options) throws BlockException {
        Objects.requireNonNull(options, "options");
        MirrorTarget target = null;
        try {
            if (options.copyMode() == CopyMode.WRITE_BLOCKING) {
                throw BlockException.of(Kind.UNSUPPORTED, disk.source().info().name(),
                        "copy-mode=write-blocking: writes that do not pass through the job cannot be held back until they are copied");
            }
            target = MirrorTarget.open(drivers, options, disk.source().info().length());
            return new MirrorJob(disk, options, target);
        } catch (BlockException | RuntimeException | Error e) {
            if (target != null) {
                CloseAll.after(e, target.node());
            }
            CloseAll.after(e, () -> {
                disk.finish(Ending.FAILED);
                disk.close();
            });
            throw e;
        }
    }

    /** Adds somebody who is told of the job's events. */
    public void onEvent(MirrorEvent.Listener listener) {
        listeners.add(listener);
    }

    /** Done when the job is ready for the first time; fails if it never was. */
    public CompletableFuture<Void> ready() {
        return ready;
    }

    /** Done when the job has ended with a target that is whole; fails if it has not. */
    public CompletableFuture<Ending> end() {
        return end;
    }

    /** How far it is. */
    public MirrorProgress progress() {
        return meter.progress(control.status());
    }

    /** What became of the last request that failed; QEMU's words in lower case. */
    public enum IoStatus {
        OK, FAILED, NOSPACE
    }

    /** Whether the job stands still after a failed request, and of which kind. */
    public IoStatus ioStatus() {
        return ioStatus;
    }

    /** Bytes per second at most; 0: unlimited. */
    public long speed() {
        return control.copyControl().rate();
    }

    /** What was asked for when it was opened. */
    public MirrorOptions options() {
        return options;
    }

    /** Where it is in its life. */
    public JobStatus status() {
        return control.status();
    }

    /** Pauses it; what is in flight goes on. */
    public void pause() {
        control.pause();
    }

    /** Undoes {@link #pause}, or goes on after an error that has paused it. */
    public void resume() {
        control.resume();
    }

    /** Limits it from now on. @param bytesPerSecond 0: unlimited */
    public void setSpeed(long bytesPerSecond) {
        control.setSpeed(bytesPerSecond);
    }

    /**
     * Asks a job that is ready to end with both sides equal, and the writer over to the target or held back.
     *
     * @throws IllegalStateException if it is not ready
     */
    public void complete() {
        control.complete();
    }

    /**
     * Asks it to end. If it is ready the target becomes a point in time, else it is abandoned.
     *
     * @param force abandon it in any case
     */
    public void cancel(boolean force) {
        control.cancel(force);
    }

    /** Lets a job that is pending make its target whole; only with {@link MirrorOptions#autoFinalize} off. */
    public void finalizeJob() {
        control.finalizeJob();
    }

    /** What the target is now, for people. */
    public String targetState() {
        return completed ? "complete" : target.unfinished(writing);
    }

    /**
     * Runs the job to its end.
     *
     * @return COMPLETED or CANCELLED: the target is whole; FAILED: it was cancelled before it was ready, and there is no target
     * @throws BlockException the first failure, after which the writer goes on at the source
     * @throws IllegalStateException if it ran before
     */
    public Ending run() throws BlockException {
        if (!begun.compareAndSet(false, true)) {
            throw new IllegalStateException("a job runs once");
        }
        Ending ending = Ending.FAILED;
        try {
            try {
                ending = follow();
            } finally {
                if (ending == Ending.FAILED) {
                    control.move(JobStatus.ABORTING);
                }
                finish(ending);
            }
            control.move(JobStatus.CONCLUDED);
            boolean cancelled = ending == Ending.FAILED;
            tell(cancelled ? MirrorEvent.Name.BLOCK_JOB_CANCELLED : MirrorEvent.Name.BLOCK_JOB_COMPLETED, "");
            control.move(JobStatus.NULL);
            if (cancelled) {
                ready.cancel(false);
            }
            end.complete(ending);
            return ending;
        } catch (BlockException | RuntimeException | Error e) {
            control.move(JobStatus.CONCLUDED);
            tell(MirrorEvent.Name.BLOCK_JOB_COMPLETED, String.valueOf(e.getMessage()));
            control.move(JobStatus.NULL);
            ready.completeExceptionally(e);
            end.completeExceptionally(e);
            throw e;
        }
    }

    /** Tells the disk, and closes it; a failure on the way to a failure is only worth a line in the log. */
    private void finish(Ending ending) throws BlockException {
        closed = true;
        try {
            if (ending == Ending.FAILED) {
                closeAfterFailure();
                return;
            }
            disk.finish(ending);
            disk.close();
        } finally {
            target.node().close();
        }
    }

    private void closeAfterFailure() {
        for (AutoCloseable step : new AutoCloseable[] {() -> disk.finish(Ending.FAILED), disk}) {
            try {
                step.close();
            } catch (Exception e) {
                LoggerFactory.getLogger(MirrorJob.class).warn("{}", e.getMessage());
            }
        }
    }

    private Ending follow() throws BlockException {
        control.move(JobStatus.RUNNING);
        if (!firstPass()) {
            return Ending.FAILED;
        }
        while (true) {
            meter.dirty(disk.dirtyBytes());
            if (meter.left() <= options.finalBytes() && !control.isReady()) {
                control.becomeReady();
                tell(MirrorEvent.Name.BLOCK_JOB_READY, "");
                ready.complete(null);
            }
            awaitResume();
            JobControl.Request request = control.request();
            if (request == JobControl.Request.ABANDON) {
                return Ending.FAILED;
            }
            if (request != JobControl.Request.NONE) {
                return lastPass(request == JobControl.Request.COMPLETE ? Ending.COMPLETED : Ending.CANCELLED);
            }
            // While ready, small passes one after the other would keep both sides busy for nothing.
            boolean idle = meter.left() == 0 || control.isReady();
            if (idle) {
                control.await(TimeUnit.MILLISECONDS.toNanos(meter.left() == 0 ? 50 : 20));
            }
            if (meter.left() > 0 && !nextPass()) {
                return Ending.FAILED;
            }
        }
    }

    private boolean firstPass() throws BlockException {
        switch (options.sync()) {
            case NONE -> {
                return true;
            }
            case INCREMENTAL, BITMAP -> {
                disk.readBitmap(options.bitmap().orElseThrow(), dirty::set);
                return copyDirty();
            }
            case TOP -> {
                return copy(range -> disk.statusAbove(options.layers(), range), target.first(options, length), length);
            }
            default -> {
                return copy(disk.source()::status, target.first(options, length), length);
            }
        }
    }

    private boolean nextPass() throws BlockException {
        disk.takeDirty(dirty::set);
        return copyDirty();
    }

    private boolean copyDirty() throws BlockException {
        if (dirty.isClean()) {
            return !control.isAbandoned();
        }
        ExtentSource extents = MirrorPass.over(dirty, disk.source());
        boolean done = copy(extents, target.following(options, length), dirty.bytes());
        dirty.clear();
        return done;
    }

    /** One pass, again until it succeeds or the error is one to fail of; false if the job is abandoned. */
    private boolean copy(ExtentSource extents, CopyPolicy policy, long bytes) throws BlockException {
        writing = true;
        while (true) {
            CopyPlanner plan = new CopyPlanner(extents, disk.source().info().range(), policy,
                    PlanLimits.of(target.node().info(), false));
            CopyPipeline pipeline = new CopyPipeline(plan, disk.source(), target.node(), PipelineOptions.DEFAULT,
                    control.copyControl());
            meter.begin(pipeline.counters(), bytes);
            try {
                pipeline.run();
                meter.end();
                return pipeline.isComplete();
            } catch (BlockException e) {
                meter.end();
                handle(e);
                if (control.isAbandoned()) {
                    return false;
                }
            }
        }
    }

    private void handle(BlockException failure) throws BlockException {
        boolean write = target.failedHere(failure);
        OnError policy = (write ? options.onTargetError() : options.onSourceError()).on(failure.kind() == Kind.NO_SPACE);
        ioStatus = failure.kind() == Kind.NO_SPACE ? IoStatus.NOSPACE : IoStatus.FAILED;
        tell(MirrorEvent.Name.BLOCK_JOB_ERROR, failure.getMessage(), write ? "write" : "read", policy.word());
        if (policy != OnError.REPORT) {
            // Where the source itself is gone there is nothing to wait for.
            disk.dirtyBytes();
        }
        if (policy == OnError.STOP) {
            control.pause();
            awaitResume();
            ioStatus = IoStatus.OK;
        } else if (policy == OnError.IGNORE) {
            control.await(TimeUnit.SECONDS.toNanos(1));
        } else {
            throw failure;
        }
    }

    /** Waits while the job is paused, as long as there is a source to go on with. */
    private void awaitResume() throws BlockException {
        while (control.isPausedAfterWait()) {
            disk.dirtyBytes();
        }
    }

    private Ending lastPass(Ending ending) throws BlockException {
        control.move(JobStatus.WAITING);
        disk.quiesce();
        // Once is enough if nobody writes; whoever was to hold still and does not is given a few chances.
        for (int round = 0; ; round++) {
            if (!nextPass()) {
                return Ending.FAILED;
            }
            if (options.bitmapMode() == BitmapMode.ON_SUCCESS && options.bitmap().isPresent()) {
                disk.clearBitmap(options.bitmap().get());
            }
            meter.dirty(disk.dirtyBytes());
            if (meter.left() == 0) {
                break;
            }
            if (round == 3) {
                throw BlockException.of(Kind.IN_USE, disk.source().info().name(),
                        "the disk is still written to, although the guest is said to be paused");
            }
        }
        target.node().flush();
        control.move(JobStatus.PENDING);
        if (!options.autoFinalize() && !control.awaitFinalize()) {
            return Ending.FAILED;
        }
        target.node().complete();
        completed = true;
        return ending;
    }

    private void changed(JobStatus status) {
        tell(MirrorEvent.Name.JOB_STATUS_CHANGE, "");
    }

    private void tell(MirrorEvent.Name name, String error) {
        tell(name, error, "", "");
    }

    private void tell(MirrorEvent.Name name, String error, String operation, String action) {
        MirrorProgress now = progress();
        MirrorEvent event = new MirrorEvent(name, now.status(), now.offset(), now.length(), error, operation, action);
        listeners.forEach(listener -> listener.happened(event));
    }

    /** Closes a job that was not run. */
    @Override
    public void close() throws BlockException {
        if (!closed) {
            closed = true;
            closeAfterFailure();
            target.node().close();
        }
    }
}

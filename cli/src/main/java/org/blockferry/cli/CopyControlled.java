package org.blockferry.cli;

import java.util.Optional;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.job.CopyJob;
import org.blockferry.engine.job.Progress;
import org.blockferry.engine.pipeline.CancelMode;

/** A copy, as a control socket tells it what to do. It ends by itself, so there is nothing to complete. */
final class CopyControlled implements ControlledJob {
    private static final String ID = "copy";

    private final CopyJob job;

    CopyControlled(CopyJob job) {
        this.job = job;
    }

    @Override
    public String id() {
        return ID;
    }

    @Override
    public String type() {
        return ID;
    }

    @Override
    public State state() {
        Progress now = job.progress();
        Optional<BlockException> stopped = job.control().stoppedBy();
        boolean paused = job.control().isPaused();
        String status = paused ? "paused" : "running";
        String line = status + ": " + Pace.line(now) + stopped.map(failure -> "; " + failure.getMessage()).orElse("");
        long total = now.total() == Progress.UNKNOWN ? now.done() : now.total();
        return new State(status, now.done(), total, job.control().rate(), paused, false,
                stopped.isPresent() ? "nospace" : "ok", true, true, line);
    }

    @Override
    public void setSpeed(long bytesPerSecond) {
        job.control().setRate(bytesPerSecond);
    }

    @Override
    public void pause() {
        job.control().pause();
    }

    @Override
    public void resume() {
        job.control().resume();
    }

    @Override
    public void cancel(boolean force) {
        job.control().cancel(force ? CancelMode.ABANDON : CancelMode.FINISH_IN_FLIGHT);
    }

    @Override
    public void complete() {
        throw endsByItself("completed");
    }

    @Override
    public void finalizeJob() {
        throw endsByItself("finalized");
    }

    @Override
    public void dismiss() {
        throw endsByItself("dismissed");
    }

    @Override
    public void change(String copyMode) {
        throw new IllegalStateException("a copy has no copy-mode");
    }

    private static IllegalStateException endsByItself(String verb) {
        return new IllegalStateException("a copy ends by itself, and cannot be " + verb);
    }
}

package org.blockferry.cli;

import java.util.Locale;
import java.util.concurrent.CountDownLatch;
import org.blockferry.engine.mirror.CopyMode;
import org.blockferry.engine.mirror.JobStatus;
import org.blockferry.engine.mirror.MirrorEvent;
import org.blockferry.engine.mirror.MirrorJob;
import org.blockferry.engine.mirror.MirrorProgress;

/** A mirror job, as a control socket tells it what to do. */
final class MirrorControl implements ControlledJob {
    /** One process has one job. */
    static final String ID = "mirror";

    private final MirrorJob job;
    private final boolean autoDismiss;
    private final CountDownLatch dismissed;

    MirrorControl(MirrorJob job, boolean autoDismiss) {
        this.job = job;
        this.autoDismiss = autoDismiss;
        this.dismissed = new CountDownLatch(autoDismiss ? 0 : 1);
    }

    /** Holds a job that has ended until it is dismissed: in its thread, before it is gone. */
    void happened(MirrorEvent event) {
        if (event.name() == MirrorEvent.Name.BLOCK_JOB_COMPLETED || event.name() == MirrorEvent.Name.BLOCK_JOB_CANCELLED) {
            try {
                dismissed.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    @Override
    public String id() {
        return ID;
    }

    @Override
    public String type() {
        return "mirror";
    }

    @Override
    public State state() {
        MirrorProgress now = job.progress();
        boolean paused = now.status() == JobStatus.PAUSED || now.status() == JobStatus.STANDBY;
        boolean ready = now.status() == JobStatus.READY || now.status() == JobStatus.STANDBY;
        return new State(now.status().word(), now.offset(), now.length(), job.speed(), paused, ready,
                job.ioStatus().name().toLowerCase(Locale.ROOT), job.options().autoFinalize(), autoDismiss, MirrorReport.line(now));
    }

    @Override
    public void setSpeed(long bytesPerSecond) {
        job.setSpeed(bytesPerSecond);
    }

    @Override
    public void pause() {
        job.pause();
    }

    @Override
    public void resume() {
        job.resume();
    }

    @Override
    public void complete() {
        job.complete();
    }

    @Override
    public void cancel(boolean force) {
        job.cancel(force);
    }

    @Override
    public void finalizeJob() {
        require(JobStatus.PENDING, "finalized");
        job.finalizeJob();
    }

    @Override
    public void dismiss() {
        require(JobStatus.CONCLUDED, "dismissed");
        dismissed.countDown();
    }

    private void require(JobStatus wanted, String verb) {
        if (job.status() != wanted) {
            throw new IllegalStateException("the job is " + job.status().word() + "; only one that is " + wanted.word()
                    + " can be " + verb);
        }
    }

    @Override
    public void change(String copyMode) {
        if (!copyMode.equals(CopyMode.BACKGROUND.word())) {
            throw new IllegalStateException("copy-mode is '" + ErrorReport.oneLine(copyMode)
                    + "'; writes that do not pass through the job can be followed in the background only");
        }
    }
}

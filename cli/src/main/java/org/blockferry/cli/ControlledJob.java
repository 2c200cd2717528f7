package org.blockferry.cli;

/**
 * A job that runs and can be told what to do, over a control socket or by signals. Thread-safe; no call waits.
 *
 * <p>A verb that makes no sense now throws {@link IllegalStateException} with a sentence for users.
 */
interface ControlledJob {
    /** What it is called; jobs are told apart by that. */
    String id();

    /** What kind of job: {@code mirror}, {@code copy}. */
    String type();

    /** Where it is. */
    State state();

    /** Limits it from now on, in bytes per second; 0: not. */
    void setSpeed(long bytesPerSecond);

    void pause();

    void resume();

    /** Ends a job that is ready and would go on. */
    void complete();

    /** @param force abandon it, even if it could end well */
    void cancel(boolean force);

    /** Lets a job that waits for that make its result whole. */
    void finalizeJob();

    /** Lets a job that has ended and waits for that go. */
    void dismiss();

    /** Another copy mode from now on. */
    void change(String copyMode);

    /**
     * Where a job is; QEMU's words.
     *
     * @param status such as {@code running}
     * @param offset bytes dealt with
     * @param length bytes to be dealt with
     * @param speed bytes per second at most; 0: unlimited
     * @param ready whether it can be completed
     * @param ioStatus {@code ok}, {@code failed} or {@code nospace}
     * @param line for people, on one line
     */
    record State(String status, long offset, long length, long speed, boolean paused, boolean ready, String ioStatus,
            boolean autoFinalize, boolean autoDismiss, String line) {
    }
}

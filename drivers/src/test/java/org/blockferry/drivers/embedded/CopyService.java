package org.blockferry.drivers.embedded;

import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.DriverRegistry;
import org.blockferry.engine.job.CopyJob;
import org.blockferry.engine.job.CopyOptions;
import org.blockferry.engine.job.CopyResult;
import org.blockferry.engine.job.Progress;
import org.blockferry.engine.pipeline.CancelMode;

/** The part of a service that copies images for its clients: several at once, each with a ticket. */
final class CopyService implements AutoCloseable {

    /** What the service tells its client, as a web service would with a status code. */
    enum Answer { DONE, CANCELLED, NO_SUCH_IMAGE, FORBIDDEN, BUSY, BAD_IMAGE, BAD_REQUEST, FULL, TRY_AGAIN_LATER }

    private final DriverRegistry drivers;
    private final ExecutorService workers = Executors.newFixedThreadPool(2);
    private final Map<String, CopyJob> running = new ConcurrentHashMap<>();

    CopyService(DriverRegistry drivers) {
        this.drivers = drivers;
    }

    Future<Answer> start(String ticket, CopyOptions options) {
        Callable<Answer> copy = () -> {
            try (CopyJob job = CopyJob.open(drivers, options)) {
                running.put(ticket, job);
                CopyResult result = job.run();
                return result.cancelled() ? Answer.CANCELLED : Answer.DONE;
            } catch (BlockException e) {
                return answer(e);
            } finally {
                running.remove(ticket);
            }
        };
        return workers.submit(copy);
    }

    private static Answer answer(BlockException failure) {
        return switch (failure.kind()) {
            case NOT_FOUND -> Answer.NO_SUCH_IMAGE;
            case ACCESS_DENIED, READ_ONLY, REFUSED -> Answer.FORBIDDEN;
            case IN_USE -> Answer.BUSY;
            case INVALID_FORMAT, CORRUPT_IMAGE, UNSUPPORTED -> Answer.BAD_IMAGE;
            case INVALID_ARGUMENT, OUT_OF_BOUNDS -> Answer.BAD_REQUEST;
            case NO_SPACE -> Answer.FULL;
            case IO -> Answer.TRY_AGAIN_LATER;
        };
    }

    /** From 0 to 1, and 0 for what has not begun. */
    double fraction(String ticket) {
        CopyJob job = running.get(ticket);
        Progress progress = job == null ? null : job.progress();
        return progress == null ? 0 : progress.fraction().orElse(0);
    }

    void cancel(String ticket) {
        CopyJob job = running.get(ticket);
        if (job != null) {
            job.control().cancel(CancelMode.FINISH_IN_FLIGHT);
        }
    }

    void pause(String ticket, boolean paused) {
        if (paused) {
            running.get(ticket).control().pause();
        } else {
            running.get(ticket).control().resume();
        }
    }

    @Override
    public void close() {
        running.keySet().forEach(this::cancel);
        workers.shutdown();
    }
}

package org.blockferry.drivers.filter;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.blockferry.engine.block.BlockException;

/** Holds every request of one operation until it is opened, so that a test can look while they are in flight. */
public final class Gate implements RequestHook {
    private final Operation operation;
    private final CountDownLatch opened = new CountDownLatch(1);
    private final Semaphore arrived = new Semaphore(0);

    public Gate(Operation operation) {
        this.operation = operation;
    }

    /** Lets all go that wait, and those to come. */
    public void open() {
        opened.countDown();
    }

    /**
     * Waits until so many requests (more than were waited for before) stand at the gate.
     *
     * @return whether they came in time
     */
    public boolean await(int requests, Duration patience) throws InterruptedException {
        return arrived.tryAcquire(requests, patience.toMillis(), TimeUnit.MILLISECONDS);
    }

    /** @throws BlockException IO if the thread is interrupted while it waits */
    @Override
    public void before(Request request) throws BlockException {
        if (request.operation() != operation) {
            return;
        }
        arrived.release();
        try {
            opened.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw BlockException.request(BlockException.Kind.IO, request.node(), operation.word(), request.range(),
                    "interrupted while waiting", e);
        }
    }
}

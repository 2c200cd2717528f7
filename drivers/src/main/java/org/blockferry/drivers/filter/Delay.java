package org.blockferry.drivers.filter;

import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;

/** Waits before each request, as a slow disk or a long line does: requests in flight wait beside each other. */
public final class Delay implements RequestHook {
    private final Map<Operation, Duration> delays;

    public Delay(Map<Operation, Duration> delays) {
        this.delays = new EnumMap<>(Operation.class);
        this.delays.putAll(delays);
    }

    @Override
    public void before(Request request) {
        Duration delay = delays.get(request.operation());
        if (delay != null) {
            long deadline = System.nanoTime() + delay.toNanos();
            for (long left = delay.toNanos(); left > 0; left = deadline - System.nanoTime()) {
                LockSupport.parkNanos(left);
                if (Thread.currentThread().isInterrupted()) {
                    return;
                }
            }
        }
    }
}

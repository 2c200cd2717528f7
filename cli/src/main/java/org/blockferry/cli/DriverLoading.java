package org.blockferry.cli;

import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.function.Supplier;
import org.blockferry.drivers.posix.NativeAccess;
import org.blockferry.engine.block.DriverRegistry;

/**
 * Loads the drivers, and what they call the system with, in a thread of its own. That takes about as long as picocli needs to read
 * the options, so it passes beside it: 30 ms of each start.
 */
final class DriverLoading implements Supplier<DriverRegistry> {
    private final FutureTask<DriverRegistry> task = new FutureTask<>(DriverLoading::load);

    private DriverLoading() {
    }

    /** Begins. */
    static DriverLoading start() {
        DriverLoading loading = new DriverLoading();
        Thread thread = new Thread(loading.task, "load-drivers");
        thread.setDaemon(true);
        thread.start();
        return loading;
    }

    private static DriverRegistry load() {
        NativeAccess.instance();
        return DriverRegistry.load();
    }

    /** The drivers; waits for them. */
    @Override
    public DriverRegistry get() {
        try {
            return task.get();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while the drivers were loaded", e);
        } catch (ExecutionException e) {
            throw new IllegalStateException("the drivers cannot be loaded: " + e.getCause(), e.getCause());
        }
    }
}

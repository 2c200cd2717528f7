package org.blockferry.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.function.Supplier;
import org.blockferry.engine.block.DriverRegistry;
import org.blockferry.engine.block.FormatDriver;
import org.blockferry.engine.block.ProtocolDriver;

/**
 * Finds the drivers in a thread of its own, beside the reading of the options. What they call the system with they need only when a
 * file is opened; {@link Main} has begun to load it, so that the 17 ms of this pass beside the 30 ms and more of that.
 */
final class DriverLoading implements Supplier<DriverRegistry> {
    /**
     * The classes of the drivers, which the first start has found and every later one is told: to look through the jar for them
     * takes 15 ms of processor time.
     */
    private static final String KNOWN = "blockferry.drivers";

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
        String known = System.getProperty(KNOWN);
        if (known == null) {
            return DriverRegistry.load();
        }
        List<ProtocolDriver> protocols = new ArrayList<>();
        List<FormatDriver> formats = new ArrayList<>();
        try {
            for (int at = 0; at < known.length(); ) {
                int end = known.indexOf(',', at);
                end = end < 0 ? known.length() : end;
                Object driver = Class.forName(known.substring(at, end)).getDeclaredConstructor().newInstance();
                if (driver instanceof ProtocolDriver protocol) {
                    protocols.add(protocol);
                } else {
                    formats.add((FormatDriver) driver);
                }
                at = end + 1;
            }
        } catch (ReflectiveOperationException | ClassCastException e) {
            throw new IllegalStateException("-D" + KNOWN + "=" + known + " is not of this program: " + e, e);
        }
        return DriverRegistry.of(protocols, formats);
    }

    /** The option that tells a later start the drivers that there are. */
    static String option() {
        DriverRegistry found = DriverRegistry.load();
        StringBuilder names = new StringBuilder();
        found.protocols().forEach(driver -> names.append(',').append(driver.getClass().getName()));
        found.formats().forEach(driver -> names.append(',').append(driver.getClass().getName()));
        return "-D" + KNOWN + "=" + names.substring(1);
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

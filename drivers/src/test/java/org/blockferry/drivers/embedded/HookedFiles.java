package org.blockferry.drivers.embedded;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.blockferry.drivers.file.FileDriver;
import org.blockferry.drivers.filter.HookedSource;
import org.blockferry.drivers.filter.HookedStorage;
import org.blockferry.drivers.filter.RequestHook;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockSource;
import org.blockferry.engine.block.BlockStorage;
import org.blockferry.engine.block.BlockTarget;
import org.blockferry.engine.block.CreateOptions;
import org.blockferry.engine.block.DriverRegistry;
import org.blockferry.engine.block.ImageLocation;
import org.blockferry.engine.block.OpenOptions;
import org.blockferry.engine.block.ProtocolDriver;

/** Real files whose requests pass a hook: one for what is read, one for what is made. */
final class HookedFiles implements ProtocolDriver {
    private final FileDriver files = new FileDriver();
    private final RequestHook reading;
    private final RequestHook writing;

    private HookedFiles(RequestHook reading, RequestHook writing) {
        this.reading = reading;
        this.writing = writing;
    }

    /** All drivers of Blockferry, with these files in the place of its own. */
    static DriverRegistry registry(RequestHook reading, RequestHook writing) {
        DriverRegistry all = DriverRegistry.load();
        List<ProtocolDriver> protocols = new ArrayList<>(all.protocols());
        protocols.removeIf(driver -> driver instanceof FileDriver);
        protocols.add(new HookedFiles(reading, writing));
        return DriverRegistry.of(protocols, all.formats());
    }

    @Override
    public String name() {
        return files.name();
    }

    @Override
    public Set<String> schemes() {
        return files.schemes();
    }

    @Override
    public BlockSource openSource(ImageLocation location, OpenOptions options) throws BlockException {
        return new HookedSource(files.openSource(location, options), reading);
    }

    @Override
    public BlockTarget openTarget(ImageLocation location, OpenOptions options) throws BlockException {
        return new HookedStorage((BlockStorage) files.openTarget(location, options), writing);
    }

    @Override
    public BlockTarget create(ImageLocation location, CreateOptions options) throws BlockException {
        return new HookedStorage((BlockStorage) files.create(location, options), writing);
    }

    @Override
    public boolean exists(ImageLocation location) throws BlockException {
        return files.exists(location);
    }

    @Override
    public boolean isFixed(ImageLocation location) throws BlockException {
        return files.isFixed(location);
    }
}

package org.blockferry.drivers.embedded;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.blockferry.drivers.file.FileDriver;
import org.blockferry.drivers.filter.HookedSource;
import org.blockferry.drivers.filter.FilterTarget;
import org.blockferry.drivers.filter.HookedStorage;
import org.blockferry.drivers.filter.HookedTarget;
import org.blockferry.drivers.filter.Operation;
import org.blockferry.drivers.filter.Request;
import org.blockferry.drivers.filter.RequestHook;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockLimits;
import org.blockferry.engine.block.BlockSource;
import org.blockferry.engine.block.BlockStorage;
import org.blockferry.engine.block.BlockTarget;
import org.blockferry.engine.block.ByteRange;
import org.blockferry.engine.block.CreateOptions;
import org.blockferry.engine.block.DriverRegistry;
import org.blockferry.engine.block.ImageLocation;
import org.blockferry.engine.block.NodeInfo;
import org.blockferry.engine.block.OpenOptions;
import org.blockferry.engine.block.ProtocolDriver;
import org.blockferry.engine.block.Trait;

/** Real files whose requests pass a hook: one for what is read, one for what is made. */
final class HookedFiles implements ProtocolDriver {
    private final FileDriver files = new FileDriver();
    private final RequestHook reading;
    private final RequestHook writing;
    private final boolean inOrder;
    private final UnaryOperator<BlockSource> around;

    private HookedFiles(RequestHook reading, RequestHook writing, boolean inOrder, UnaryOperator<BlockSource> around) {
        this.reading = reading;
        this.writing = writing;
        this.inOrder = inOrder;
        this.around = around;
    }

    /** All drivers of Blockferry, with these files in the place of its own. */
    static DriverRegistry registry(RequestHook reading, RequestHook writing) {
        return registry(reading, writing, false);
    }

    /** @param inOrder whether new files take bytes as a pipe does: all of them, ascending */
    static DriverRegistry registry(RequestHook reading, RequestHook writing, boolean inOrder) {
        return registry(new HookedFiles(reading, writing, inOrder, source -> source));
    }

    /** All drivers, with a filter around each file that is read. */
    static DriverRegistry registry(RequestHook reading, UnaryOperator<BlockSource> around) {
        return registry(new HookedFiles(reading, new RequestHook() { }, false, around));
    }

    private static DriverRegistry registry(HookedFiles hooked) {
        DriverRegistry all = DriverRegistry.load();
        List<ProtocolDriver> protocols = new ArrayList<>(all.protocols());
        protocols.removeIf(driver -> driver instanceof FileDriver);
        protocols.add(hooked);
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
        opens(reading, location);
        return around.apply(new HookedSource(files.openSource(location, options), reading));
    }

    @Override
    public BlockTarget openTarget(ImageLocation location, OpenOptions options) throws BlockException {
        opens(writing, location);
        return new HookedStorage((BlockStorage) files.openTarget(location, options), writing);
    }

    @Override
    public BlockTarget create(ImageLocation location, CreateOptions options) throws BlockException {
        opens(writing, location);
        BlockTarget file = files.create(location, options);
        return inOrder ? new HookedTarget(new InOrderTarget(file), writing) : new HookedStorage((BlockStorage) file, writing);
    }

    private static void opens(RequestHook hook, ImageLocation location) throws BlockException {
        hook.before(new Request(location.text(), Operation.OPEN, new ByteRange(0, 0), Set.of()));
    }

    /** A file that pretends to be a pipe. */
    private static final class InOrderTarget extends FilterTarget {
        private final NodeInfo info;

        InOrderTarget(BlockTarget file) {
            super(file);
            NodeInfo below = file.info();
            info = new NodeInfo(below.name(), below.driver(), below.length(), BlockLimits.NONE, Set.of(Trait.APPEND_ONLY), 1, 1,
                    below.identity());
        }

        @Override
        public NodeInfo info() {
            return info;
        }
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

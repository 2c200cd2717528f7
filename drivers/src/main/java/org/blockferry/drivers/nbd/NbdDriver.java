package org.blockferry.drivers.nbd;

import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.blockferry.drivers.nbd.wire.Nbd;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockException.Kind;
import org.blockferry.engine.block.BlockSource;
import org.blockferry.engine.block.BlockTarget;
import org.blockferry.engine.block.CacheMode;
import org.blockferry.engine.block.CreateOptions;
import org.blockferry.engine.block.ImageLocation;
import org.blockferry.engine.block.OpenOptions;
import org.blockferry.engine.block.ProtocolDriver;

/**
 * Opens exports of NBD servers by URI ({@code nbd://host:port/export}, {@code nbd+unix:///export?socket=path}, {@code nbds://},
 * {@code nbds+unix://}) or in QEMU's older spellings. Options, in the query of the URI or as driver options: {@code
 * connections}, {@code request-size}, {@code timeout}, {@code reconnect}, {@code meta-context}, {@code extended-headers},
 * {@code structured-replies}, {@code tls-certificates}, {@code tls-verify-peer}, {@code tls-hostname}.
 */
public final class NbdDriver implements ProtocolDriver {
    static final String NAME = "nbd";

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public Set<String> schemes() {
        return Set.of("nbd", "nbd+tcp", "nbd+unix", "nbds", "nbds+tcp", "nbds+unix");
    }

    @Override
    public BlockSource openSource(ImageLocation location, OpenOptions options) throws BlockException {
        refuseSnapshot(location, options);
        NbdConnector connector = connector(location, options.driverOptions());
        return new NbdSource(NbdPool.open(connector), connector);
    }

    @Override
    public BlockTarget openTarget(ImageLocation location, OpenOptions options) throws BlockException {
        refuseSnapshot(location, options);
        return open(location, options.driverOptions(), options.cache());
    }

    /** Opens the export for writing in place: a server makes its exports itself. */
    @Override
    public BlockTarget create(ImageLocation location, CreateOptions options) throws BlockException {
        for (Map.Entry<String, String> option : options.formatOptions().entrySet()) {
            if (!option.getKey().equals("preallocation") || !option.getValue().equals("off")) {
                throw BlockException.of(Kind.INVALID_ARGUMENT, location.text(),
                        "an NBD export is made by its server; it takes no option '"
                        + option.getKey() + "=" + option.getValue() + "'");
            }
        }
        NbdStorage target = open(location, Map.of(), options.cache());
        if (options.isLengthKnown() && options.length() > target.info().length()) {
            BlockException small = BlockException.of(Kind.NO_SPACE, location.text(), "the export has " + target.info().length()
                    + " bytes; " + options.length() + " are needed");
            target.close();
            throw small;
        }
        return target;
    }

    private static NbdStorage open(ImageLocation location, Map<String, String> driverOptions,
            CacheMode cache) throws BlockException {
        NbdConnector connector = connector(location, driverOptions);
        NbdPool pool = NbdPool.open(connector);
        if (pool.terms().has(Nbd.READ_ONLY)) {
            pool.close();
            throw BlockException.of(Kind.READ_ONLY, location.text(), "the server exports this read-only");
        }
        return new NbdStorage(pool, connector, cache);
    }

    static NbdConnector connector(ImageLocation location, Map<String, String> driverOptions) throws BlockException {
        NbdAddress address = NbdAddress.parse(location.text());
        return new NbdConnector(address, NbdOptions.parse(address.name(), address.query(), driverOptions));
    }

    private static void refuseSnapshot(ImageLocation location, OpenOptions options) throws BlockException {
        Optional<String> snapshot = options.snapshot();
        if (snapshot.isPresent()) {
            throw BlockException.of(Kind.UNSUPPORTED, location.text(), "NBD has no snapshots; '" + snapshot.get()
                    + "' was asked for");
        }
    }

    @Override
    public boolean exists(ImageLocation location) throws BlockException {
        try {
            NbdPool.open(connector(location, Map.of())).close();
            return true;
        } catch (BlockException e) {
            if (e.kind() == Kind.NOT_FOUND) {
                return false;
            }
            throw e;
        }
    }

    @Override
    public boolean isFixed(ImageLocation location) {
        return true;
    }
}

package org.blockferry.cli;

import java.io.IOException;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.DriverRegistry;
import org.blockferry.engine.block.ImageLocation;
import org.blockferry.engine.graph.NodeSpec;
import org.blockferry.engine.maintain.BitmapJob;
import org.blockferry.engine.util.ByteSize;
import org.blockferry.engine.util.CloseAll;

/** {@code blockferry bitmap}: the persistent bitmaps of an image. Options, words and exit codes of {@code qemu-img bitmap}. */
final class BitmapCommand implements Command {
    private static final String ADD = "--add";
    private static final String MERGE = "--merge";
    private static final Set<String> ACTIONS = Set.of(ADD, "--remove", "--clear", "--enable", "--disable", MERGE);

    @Override
    public OptionTable options() {
        return new OptionTable("bitmap", "(--add | --remove | --clear | --enable | --disable | --merge SOURCE)... [OPTIONS] IMAGE BITMAP")
                .examples("bitmap --add disk.qcow2 since-monday", "bitmap --merge since-monday --disable disk.qcow2 all",
                        "bitmap --add --merge since-monday -b disk.qcow2 -F qcow2 copy.qcow2 since-monday")
                .description("Changes one persistent bitmap of an image; with several actions, in the order they are given. A bitmap that is "
                        + "enabled records what is written to the image. The image must not be in use. 'blockferry info' lists the bitmaps.",
                        "What was done before an action fails stays done. Exit codes: 0 done, 1 failed.")
                .group("Actions")
                .flag("make the bitmap: nothing is dirty, and it is enabled", ADD)
                .flag("remove the bitmap, also one that was not saved by who recorded it last", "--remove")
                .flag("make nothing dirty", "--clear")
                .flag("record from now on", "--enable")
                .flag("record no more", "--disable")
                .value("SOURCE", "make dirty, too, what another bitmap says is dirty", MERGE)
                .group("Options")
                .value("SIZE", "with --add: bytes of the disk for one bit; otherwise that of a cluster, from 4k to 64k", "-g", "--granularity")
                .value("FILE", "with --merge: the image that has SOURCE", "-b", "--source-file")
                .value("FORMAT", "format of that image; otherwise it is found out", "-F", "--source-format")
                .value("FORMAT", "format of IMAGE; otherwise it is found out", "-f")
                .flag("IMAGE is described by options: driver=qcow2,file.filename=...", "--image-opts")
                .value("TYPE,id=ID,...", "an object of QEMU; of these, secret is taken", "--object")
                .flag("this text", "-h", "--help");
    }

    @Override
    public int usageExitCode() {
        return ExitCode.FAILED;
    }

    @Override
    public int run(Session session, Arguments arguments) throws UsageException, IOException {
        ConvertRequest.checkObjects(arguments.values("--object"));
        OptionalLong granularity = granularity(arguments);
        if (arguments.rest().size() != 2) {
            throw new UsageException("Expecting filename and bitmap name");
        }
        List<String> actions = arguments.order().stream().filter(ACTIONS::contains).toList();
        if (actions.isEmpty()) {
            throw new UsageException("Need at least one of --add, --remove, --clear, --enable, --disable, or --merge");
        }
        refuse(granularity.isPresent() && !actions.contains(ADD), "granularity only supported with --add");
        refuse(arguments.has("-F") && !arguments.has("-b"), "-F only supported with -b");
        refuse(arguments.has("-b") && !actions.contains(MERGE), "Merge bitmap source file only supported with --merge");
        refuse(arguments.has("--image-opts") && arguments.has("-f"), "--image-opts and --format are mutually exclusive");
        String image = arguments.rest().get(0);
        DriverRegistry drivers = session.drivers().get();
        String bitmap = arguments.rest().get(1);
        try (BitmapJob job = open(drivers, image, arguments)) {
            Iterator<String> sources = arguments.values(MERGE).iterator();
            for (String action : actions) {
                act(job, action, bitmap, granularity, sources, image);
            }
        }
        return ExitCode.OK;
    }

    private static BitmapJob open(DriverRegistry drivers, String image, Arguments arguments) throws IOException {
        Optional<String> format = arguments.value("-f");
        ImageLocation location = drivers.locate(image);
        if (arguments.has("--image-opts")) {
            NodeSpec spec = NodeOptions.ofList(drivers, image);
            refuse(spec.isSlice(), "Could not open '" + image + "': a part of a file has no bitmaps");
            format = spec.format();
            location = spec.file();
        }
        BitmapJob job;
        try {
            job = BitmapJob.open(drivers, location, format);
        } catch (BlockException e) {
            throw QemuStyle.couldNotOpen(image, e);
        }
        Optional<String> source = arguments.value("-b");
        if (source.isPresent()) {
            try {
                job.openSource(drivers, source.get(), arguments.value("-F"));
            } catch (BlockException e) {
                CloseAll.after(e, job);
                throw QemuStyle.couldNotOpen(source.get(), e);
            }
        }
        return job;
    }

    private static void act(BitmapJob job, String action, String bitmap, OptionalLong granularity, Iterator<String> sources, String image)
            throws IOException {
        try {
            switch (action) {
                case ADD -> job.add(bitmap, granularity);
                case "--remove" -> job.remove(bitmap);
                case "--clear" -> job.clear(bitmap);
                case "--enable" -> job.enable(bitmap, true);
                case "--disable" -> job.enable(bitmap, false);
                default -> job.merge(bitmap, sources.next());
            }
        } catch (BlockException e) {
            throw new IOException("Operation " + action.substring(2) + " on bitmap " + bitmap + " failed: " + QemuStyle.reason(e) + " ("
                    + image + ")", e);
        }
    }

    private static OptionalLong granularity(Arguments arguments) throws UsageException {
        Optional<String> text = arguments.value("-g");
        try {
            return text.isEmpty() ? OptionalLong.empty() : OptionalLong.of(ByteSize.parse("granularity", text.get()));
        } catch (IllegalArgumentException e) {
            throw new UsageException("Invalid granularity specified. You may use k, M, G, T, P or E suffixes for kilobytes, megabytes, "
                    + "gigabytes, terabytes, petabytes and exabytes.");
        }
    }

    private static void refuse(boolean condition, String message) throws IOException {
        if (condition) {
            throw new IOException(message);
        }
    }
}

package org.blockferry.cli;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.blockferry.engine.block.CacheMode;
import org.blockferry.engine.block.DriverRegistry;
import org.blockferry.engine.block.FormatDriver;
import org.blockferry.engine.graph.NodeSpec;
import org.blockferry.engine.job.CopyOptions;
import org.blockferry.engine.pipeline.OffloadMode;
import org.blockferry.engine.util.ByteSize;

/**
 * One command line of {@code blockferry convert}, understood with the rules of {@code qemu-img convert} 7.2 and refused in its
 * words. Where both differ on purpose is listed in {@code DeclaredDifferences} among the tests.
 *
 * @param options what the engine is to do
 * @param sources as they were written
 * @param format of the target; empty: the target says it itself
 * @param create whether a new target is made
 * @param percent {@code -p} without {@code -q}
 * @param quiet {@code -q}
 * @param bitmaps {@code --bitmaps}
 */
record ConvertRequest(CopyOptions options, List<String> sources, Optional<String> format, boolean create, boolean percent,
        boolean quiet, boolean bitmaps, Optional<JobSocket> control) {
    private static final long MAX_SPARSE = 16 << 20;
    private static final int SECTOR = 512;
    private static final int MAX_COROUTINES = 16;
    private static final String SUFFIXES = " specified. You may use k, M, G, T, P or E suffixes for kilobytes, megabytes, gigabytes, "
            + "terabytes, petabytes and exabytes.";

    /** The options, as the help text shows them. */
    static OptionTable table() {
        OptionTable table = new OptionTable("convert", "[OPTIONS] SOURCE... TARGET").qemuWords()
                .examples("convert -O qcow2 disk.raw disk.qcow2",
                        "convert -c -O qcow2 -o compression_type=zstd disk.raw disk.qcow2",
                        "convert -n --image-opts driver=raw,offset=1M,size=1G,file.filename=disk.raw /dev/vg/disk")
                .description("qemu-img convert, option for option, with its exit codes: 0 done, 1 anything else. The target is raw unless "
                        + "-O says otherwise. A target that is there is replaced, but only by a finished one; with -n it is written into.")
                .group("Options")
                .value("FORMAT", "format of the sources", "-f")
                .value("FORMAT", "format of the target, default raw", "-O")
                .value("NAME=VALUE,...", "options of the target's format", "-o")
                .value("BASE", "keep this backing file", "-B")
                .value("FORMAT", "format of the backing file", "-F")
                .flag("store data compressed", "-c")
                .flag("with -c, compress again what the source has stored in the same form already; not of qemu-img", "--recompress")
                .flag("let the kernel copy where it can", "-C")
                .value("SIZE", "shortest run of zeroes to look for, default 4k; 0: allocate everything", "-S")
                .flag("write out of order", "-W")
                .value("NUMBER", "requests at the same time, 1 to " + MAX_COROUTINES, "-m")
                .flag("write into the target that is there", "-n")
                .flag("print the percentage done", "-p")
                .flag("print nothing but errors", "-q")
                .value("RATE", "bytes per second at most", "-r")
                .value("SNAPSHOT", "copy this internal snapshot: ID, name, snapshot.id=ID or snapshot.name=NAME", "-l")
                .value("CACHE", "page cache for the target, default unsafe", "-t")
                .value("CACHE", "page cache for the sources, default writeback", "-T")
                .flag("open the sources although others may write to them", "-U", "--force-share")
                .flag("open nothing that a source names: no backing file, no data file; not of qemu-img", "--untrusted")
                .flag("zeroes where a source cannot be read", "--salvage")
                .flag("the target that is there reads as zeroes", "--target-is-zero")
                .flag("copy persistent bitmaps", "--bitmaps")
                .flag("leave out bitmaps that are inconsistent", "--skip-broken-bitmaps")
                .flag("sources are described by options: driver=qcow2,file.filename=...", "--image-opts")
                .flag("the target is described by options", "--target-image-opts")
                .value("TYPE,id=ID,...", "an object of QEMU; of these, secret is taken", "--object");
        JobSocket.declare(table);
        return table
                .flag("show this text", "-h", "--help");
    }

    /**
     * The line, checked.
     *
     * @throws UsageException if images or values are missing
     * @throws IOException what qemu-img refuses, in its words
     */
    static ConvertRequest of(Arguments arguments, DriverRegistry drivers) throws UsageException, IOException {
        checkObjects(arguments.values("--object"));
        OptionalLong sparse = sparse(arguments);
        checkRules(arguments);
        List<String> images = arguments.rest();
        if (images.size() < 2) {
            throw new UsageException("Must specify image file name");
        }
        List<String> sources = images.subList(0, images.size() - 1);
        if (arguments.has("-l") && sources.size() > 1) {
            throw new IOException("No support for concatenating multiple snapshot");
        }
        Map<String, String> format = FormatOptionList.parse(arguments.values("-o"));
        checkBacking(arguments, format, sources.size());
        boolean noCreate = arguments.has("-n");
        boolean described = arguments.has("--target-image-opts");
        Optional<String> targetFormat = described ? Optional.empty() : Optional.of(arguments.value("-O").orElse("raw"));
        if (targetFormat.isPresent() && !isKnown(drivers, targetFormat.get())) {
            throw new IOException(noCreate ? "Could not open '" + images.get(images.size() - 1) + "': Unknown driver '"
                    + targetFormat.get() + "'" : "Unknown file format '" + targetFormat.get() + "'");
        }
        CopyOptions.Builder options = CopyOptions.builder().qemuLength(true);
        addSources(options, sources, arguments, drivers);
        addTarget(options, images.get(images.size() - 1), described, targetFormat, drivers);
        if (sparse.isPresent() && (sparse.getAsLong() == 0 || !arguments.has("-c"))) {
            // Compressed clusters are written or left out whole, whatever -S says: as in QEMU.
            options.sparseSize(sparse.getAsLong());
        }
        options.offload(arguments.has("-C") ? OffloadMode.PREFER : OffloadMode.AUTO);
        options.targetOptions(format).noCreate(noCreate).compress(arguments.has("-c"))
                .recompress(arguments.has("--recompress")).outOfOrder(arguments.has("-W"))
                .share(arguments.has("-U")).untrusted(arguments.has("--untrusted")).salvage(arguments.has("--salvage")).targetIsZero(arguments.has("--target-is-zero"))
                .parallel(coroutines(arguments)).rate(rate(arguments))
                .targetCache(cache(arguments, "-t", CacheMode.UNSAFE, "Invalid cache option: "))
                .sourceCache(cache(arguments, "-T", CacheMode.WRITEBACK, "Invalid source cache option: "));
        arguments.value("-B").ifPresent(options::backing);
        arguments.value("-F").ifPresent(options::backingFormat);
        arguments.value("-l").ifPresent(name -> options.snapshot(CopyRequest.snapshotName(name)));
        try {
            return new ConvertRequest(options.build(), sources, targetFormat, !noCreate,
                    arguments.has("-p") && !arguments.has("-q"), arguments.has("-q"), arguments.has("--bitmaps"), JobSocket.of(arguments));
        } catch (IllegalArgumentException e) {
            throw new IOException(e.getMessage(), e);
        }
    }

    /** Which options exclude or need each other. */
    private static void checkRules(Arguments arguments) throws IOException {
        refuse(arguments.has("-n") && arguments.has("-o"), "-o has no effect when skipping image creation");
        refuse(arguments.has("-C") && arguments.has("-c"), "Cannot enable copy offloading when -c is used");
        refuse(arguments.has("-C") && arguments.has("-S"), "Cannot enable copy offloading when -S is used");
        refuse(arguments.has("-C") && arguments.has("--salvage"), "Cannot use copy offloading in salvaging mode");
        refuse(arguments.has("--target-image-opts") && !arguments.has("-n"), "--target-image-opts requires use of -n flag");
        refuse(arguments.has("--target-is-zero") && !arguments.has("-n"), "--target-is-zero requires use of -n flag");
        refuse(arguments.has("--skip-broken-bitmaps") && !arguments.has("--bitmaps"),
                "Use of --skip-broken-bitmaps requires --bitmaps");
        refuse(arguments.has("--image-opts") && arguments.has("-f") || arguments.has("--target-image-opts") && arguments.has("-O"),
                "--image-opts and --format are mutually exclusive");
    }

    private static void checkBacking(Arguments arguments, Map<String, String> format, int sources) throws IOException {
        boolean backing = arguments.has("-B") || format.containsKey("backing_file");
        refuse(backing && sources > 1,
                "Having a backing file for the target makes no sense when concatenating multiple input images");
        refuse(backing && !arguments.has("-F") && !format.containsKey("backing_fmt") && !arguments.has("-n"),
                "Use of backing file requires explicit backing format");
        String target = arguments.value("-O").orElse("raw");
        boolean formatOnly = !backing && !arguments.has("-n") && (arguments.has("-F") || format.containsKey("backing_fmt"));
        refuse(formatOnly && !target.equals("raw"), arguments.rest().get(sources) + ": error while converting " + target
                + ": Backing format cannot be used without backing file");
        refuse((backing || formatOnly) && !arguments.has("-n") && target.equals("raw"),
                (backing ? "Backing file" : "Backing file format") + " not supported for file format 'raw'");
        refuse(backing && arguments.has("--target-is-zero"),
                "Cannot use --target-is-zero when the destination image has a backing file");
    }

    private static void refuse(boolean condition, String message) throws IOException {
        if (condition) {
            throw new IOException(message);
        }
    }

    private static boolean isKnown(DriverRegistry drivers, String format) {
        return drivers.formats().stream().map(FormatDriver::name).anyMatch(format::equals);
    }

    private static void addSources(CopyOptions.Builder options, List<String> sources, Arguments arguments, DriverRegistry drivers)
            throws IOException {
        Optional<String> format = arguments.value("-f");
        for (String source : sources) {
            refuse(format.isPresent() && !isKnown(drivers, format.get()),
                    "Could not open '" + source + "': Unknown driver '" + format.orElse("") + "'");
            if (arguments.has("--image-opts")) {
                options.source(NodeOptions.ofList(drivers, source));
            } else if (source.startsWith(NodeOptions.JSON)) {
                options.source(NodeOptions.ofJson(drivers, source));
            } else {
                options.source(path(source));
            }
        }
        format.ifPresent(options::sourceFormat);
    }

    private static void addTarget(CopyOptions.Builder options, String target, boolean described, Optional<String> format,
            DriverRegistry drivers) throws IOException {
        if (described || target.startsWith(NodeOptions.JSON)) {
            NodeSpec spec = described ? NodeOptions.ofList(drivers, target) : NodeOptions.ofJson(drivers, target);
            refuse(spec.isSlice() || !(spec.backing() instanceof NodeSpec.Backing.Stored),
                    "Could not open '" + target + "': offset, size and backing are for sources; a target is written whole");
            options.target(spec);
            return;
        }
        options.target(path(target));
        format.ifPresent(options::targetFormat);
    }

    /** For qemu-img the name - is that of a file. */
    private static String path(String name) {
        return name.equals("-") ? "./-" : name;
    }

    static void checkObjects(List<String> objects) throws IOException, UsageException {
        for (String object : objects) {
            int comma = object.indexOf(',');
            String type = comma < 0 ? object : object.substring(0, comma);
            Map<String, String> properties = comma < 0 ? Map.of() : FormatOptionList.parse(List.of(object.substring(comma + 1)));
            refuse(!type.matches("[a-z0-9]+(-[a-z0-9]+)*"), "Invalid parameter 'qom-type'");
            switch (type) {
                case "iothread" -> throw new IOException("invalid object type: iothread");
                case "secret" -> {
                    refuse(!properties.containsKey("id"), "Parameter 'id' is missing");
                    refuse(!properties.containsKey("data") && !properties.containsKey("file"),
                            "Either 'file' or 'data' must be provided");
                }
                default -> throw new IOException("Parameter 'qom-type' does not accept value '" + type
                        + "' here; known is secret");
            }
        }
    }

    private static OptionalLong sparse(Arguments arguments) throws IOException {
        Optional<String> text = arguments.value("-S");
        if (text.isEmpty()) {
            return OptionalLong.empty();
        }
        OptionalLong bytes = size(text.get());
        refuse(bytes.isEmpty(), "Invalid buffer size for sparse output" + SUFFIXES);
        refuse(bytes.getAsLong() % SECTOR != 0 || bytes.getAsLong() > MAX_SPARSE, "Invalid buffer size for sparse output specified. "
                + "Valid sizes are multiples of 512 up to " + MAX_SPARSE + ". Select 0 to disable sparse detection (fully allocates output).");
        return bytes;
    }

    private static long rate(Arguments arguments) throws IOException {
        Optional<String> text = arguments.value("-r");
        if (text.isEmpty()) {
            return 0;
        }
        OptionalLong bytes = size(text.get());
        refuse(bytes.isEmpty(), "Invalid rate limit" + SUFFIXES);
        return bytes.getAsLong();
    }

    private static OptionalLong size(String text) {
        try {
            return OptionalLong.of(ByteSize.parse("", text));
        } catch (IllegalArgumentException e) {
            return OptionalLong.empty();
        }
    }

    private static int coroutines(Arguments arguments) throws IOException {
        try {
            return arguments.number("-m", 1, MAX_COROUTINES).orElse(0);
        } catch (UsageException e) {
            throw new IOException("Invalid number of coroutines. Allowed number of coroutines is between 1 and " + MAX_COROUTINES, e);
        }
    }

    private static CacheMode cache(Arguments arguments, String option, CacheMode byDefault, String complaint) throws IOException {
        Optional<String> word = arguments.value(option);
        try {
            return word.isEmpty() ? byDefault : CacheMode.parse(word.get());
        } catch (IllegalArgumentException e) {
            throw new IOException(complaint + word.get(), e);
        }
    }
}

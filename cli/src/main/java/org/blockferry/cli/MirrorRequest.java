package org.blockferry.cli;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.blockferry.drivers.qmp.GuestEnd;
import org.blockferry.drivers.qmp.QemuDiskOptions;
import org.blockferry.engine.mirror.BitmapMode;
import org.blockferry.engine.mirror.CopyMode;
import org.blockferry.engine.mirror.MirrorOptions;
import org.blockferry.engine.mirror.OnError;
import org.blockferry.engine.mirror.SyncMode;

/**
 * One command line of {@code blockferry mirror}, understood.
 *
 * @param disk which disk of which QEMU
 * @param options what the engine is to do
 * @param backingUnchecked whether the kept base is taken for the disk's base without a look
 * @param waits whether a job that is ready waits to be told what to do
 * @param control where to listen for what to do
 * @param autoDismiss whether the command ends with its job, or waits until that is dismissed
 * @param json write for programs
 * @param percent {@code -p}
 * @param quiet {@code -q}
 */
record MirrorRequest(
        QemuDiskOptions disk, MirrorOptions options, boolean backingUnchecked, boolean waits, Optional<Path> control,
        boolean autoDismiss, boolean json, boolean percent, boolean quiet) {
    private static final long LEAST_GRANULARITY = 512;
    /** As QEMU's mirror job: larger ones copy much for little. */
    private static final long MOST_GRANULARITY = 64L << 20;

    /** The options, as the help text shows them. */
    static OptionTable table() {
        return new OptionTable("mirror", "[OPTIONS] --qmp SOCKET --node NODE TARGET")
                .examples("mirror --qmp /run/vm.qmp --node disk0 /backup/disk.qcow2",
                        "mirror --qmp /run/vm.qmp --node disk0 -n nbd://other-host/disk0",
                        "mirror --qmp /run/vm.qmp --node disk0 --sync top -B base.qcow2 overlay.qcow2",
                        "mirror --qmp /run/vm.qmp --node disk0 --guest resumed --sync incremental --bitmap daily -n backup.raw")
                .description(
                        "Copies a disk of a running QEMU while its guest writes to it, then what was written meanwhile, again "
                                + "and again until what is left fits a last pass. For that the guest is paused; then the target is "
                                + "what the guest has, and it stays paused, to go on at the target, or goes on here.",
                        "QEMU is asked over a QMP monitor that no other client uses. What is made there, an NBD server on a "
                                + "private socket, exports and bitmaps, is removed again at the end, also after a failure; what a "
                                + "run that was killed left is removed by the next.",
                        "Ctrl-C abandons the job before it is ready; after that it makes the target a point in time, and the "
                                + "guest goes on here. Words and defaults are those of QEMU's blockdev-mirror.",
                        "Exit codes: 0 done, 1 failed, 2 usage, 130 ended by Ctrl-C, 143 by SIGTERM.")
                .group("Source")
                .value("SOCKET", "the Unix socket of QEMU's monitor", "--qmp")
                .value("NODE", "the block node, or the device that it is attached to", "--node")
                .value("WHAT", "copy first: full (everything, default), top (the topmost image; the target keeps the base), "
                        + "none, incremental or bitmap (what --bitmap has marked)", "--sync")
                .value("NAME", "with --sync incremental or bitmap, this bitmap of the node", "--bitmap")
                .value("MODE", "clear that bitmap: on-success (default) or never", "--bitmap-mode")
                .value("SIZE", "bytes for which one bit stands that marks what was written, a power of two from 512 to 64M",
                        "--granularity")
                .value("URI", "where QEMU's NBD server listens already, as nbd+unix:///?socket=PATH; nbds:// for one with TLS",
                        "--nbd-server")
                .value("PATH", "start QEMU's NBD server on this Unix socket, where QEMU runs as another user", "--nbd-socket")
                .value("WHAT", "at the end the guest is: paused (default), resumed, or untouched (the caller has paused it)",
                        "--guest")
                .group("Target")
                .value("FORMAT", "format of the target; otherwise that of what stands there, or told by the name, or raw",
                        "-O", "--target-format")
                .value("NAME=VALUE,...", "options of the target's format", "-o", "--target-option")
                .flag("do not make a target: write into the one that is there", "-n", "--no-create")
                .value("BASE", "the new target's backing file; with --sync top, incremental or bitmap", "-B", "--backing")
                .value("FORMAT", "format of the backing file", "-F", "--backing-format")
                .flag("with --sync top, trust that the backing file has the content of the disk's base", "--backing-unchecked")
                .value("NUMBER", "with --sync top, copy so many images from the top one down; default 1", "--layers")
                .flag("the target that is there reads as zeroes already", "--target-is-zero")
                .flag("keep zeroes allocated in the target", "--no-unmap")
                .group("Job")
                .value("RATE", "bytes per second at most", "-r", "--speed")
                .value("MODE", "background, the only one from outside QEMU", "--copy-mode")
                .value("POLICY", "after a failed read: report (default), ignore (try again), stop, enospc, auto",
                        "--on-source-error")
                .value("POLICY", "after a failed write", "--on-target-error")
                .value("SIZE", "be ready when no more than this is left for the last pass, default 64M", "--final")
                .value("WHAT", "when the job is ready: complete (default without --control), or wait to be told", "--on-ready")
                .value("SOCKET", "listen on this Unix socket, which only this user can open: blockferry job SOCKET speaks to "
                        + "it, and whatever speaks QMP", "--control")
                .flag("when all is copied, wait for finalize before the target is made whole", "--no-auto-finalize")
                .flag("at the end, wait for dismiss", "--no-auto-dismiss")
                .group("Output")
                .flag("show progress also without a terminal", "-p", "--progress")
                .flag("show nothing but errors", "-q", "--quiet")
                .flag("events and progress as JSON lines on stderr, the result as JSON on stdout", "--json")
                .flag("show this text", "-h", "--help");
    }

    /** @throws UsageException naming the option, its value and the bound, or the options that exclude each other */
    static MirrorRequest of(Arguments arguments) throws UsageException {
        if (arguments.rest().size() != 1) {
            throw new UsageException(arguments.rest().isEmpty() ? "mirror needs a target"
                    : "mirror takes one target, not '" + arguments.rest().get(1) + "' as well");
        }
        if (arguments.has("-q") && (arguments.has("-p") || arguments.has("--json"))) {
            throw new UsageException("-q and " + (arguments.has("-p") ? "-p" : "--json") + " exclude each other");
        }
        SyncMode sync = word(arguments, "--sync", SyncMode.values(), SyncMode::word, SyncMode.FULL);
        boolean waits = word(arguments, "--on-ready", new String[] {"complete", "wait"}, text -> text,
                arguments.has("--control") ? "wait" : "complete").equals("wait");
        for (String option : new String[] {"--no-auto-finalize", "--no-auto-dismiss"}) {
            if (arguments.has(option) && !arguments.has("--control")) {
                throw new UsageException(option + " needs --control: nobody could say that it may go on");
            }
        }
        Optional<Path> control = arguments.has("--control") ? Optional.of(path(arguments, "--control")) : Optional.empty();
        return new MirrorRequest(disk(arguments, sync), options(arguments, sync), arguments.has("--backing-unchecked"), waits,
                control, !arguments.has("--no-auto-dismiss"), arguments.has("--json"), arguments.has("-p"),
                arguments.has("-q"));
    }

    private static QemuDiskOptions disk(Arguments arguments, SyncMode sync) throws UsageException {
        for (String needed : new String[] {"--qmp", "--node"}) {
            if (arguments.value(needed).orElse("").isEmpty()) {
                throw new UsageException("mirror needs " + needed);
            }
        }
        if (arguments.has("--nbd-server") && arguments.has("--nbd-socket")) {
            throw new UsageException("--nbd-server and --nbd-socket exclude each other");
        }
        QemuDiskOptions options = QemuDiskOptions.of(path(arguments, "--qmp"), arguments.value("--node").get())
                .withDepth(sync == SyncMode.TOP)
                .withGuestEnd(word(arguments, "--guest", GuestEnd.values(), GuestEnd::word, GuestEnd.PAUSED));
        if (arguments.has("--nbd-server")) {
            options = options.withServer(arguments.value("--nbd-server").get());
        }
        if (arguments.has("--nbd-socket")) {
            options = options.withSocket(path(arguments, "--nbd-socket"));
        }
        if (arguments.size("--granularity").isPresent()) {
            long bytes = arguments.size("--granularity").getAsLong();
            if (bytes < LEAST_GRANULARITY || bytes > MOST_GRANULARITY || Long.bitCount(bytes) != 1) {
                throw new UsageException("--granularity is " + bytes + "; a power of two from 512 to 64M");
            }
            options = options.withGranularity((int) bytes);
        }
        return options;
    }

    private static MirrorOptions options(Arguments arguments, SyncMode sync) throws UsageException {
        MirrorOptions.Builder options = MirrorOptions.to(arguments.rest().get(0)).sync(sync)
                .autoFinalize(!arguments.has("--no-auto-finalize"))
                .targetOptions(FormatOptionList.parse(arguments.values("-o")))
                .noCreate(arguments.has("-n")).targetIsZero(arguments.has("--target-is-zero"))
                .unmap(!arguments.has("--no-unmap"))
                .copyMode(word(arguments, "--copy-mode", CopyMode.values(), CopyMode::word, CopyMode.BACKGROUND))
                .onSourceError(word(arguments, "--on-source-error", OnError.values(), OnError::word, OnError.REPORT))
                .onTargetError(word(arguments, "--on-target-error", OnError.values(), OnError::word, OnError.REPORT))
                .bitmapMode(word(arguments, "--bitmap-mode", BitmapMode.values(), BitmapMode::word, BitmapMode.ON_SUCCESS));
        if (arguments.value("--bitmap-mode").orElse("").equals(BitmapMode.ALWAYS.word())) {
            throw new UsageException("--bitmap-mode is 'always'; a bitmap in QEMU is cleared as a whole: on-success or never");
        }
        arguments.value("-O").ifPresent(options::targetFormat);
        arguments.value("-B").ifPresent(options::backing);
        arguments.value("-F").ifPresent(options::backingFormat);
        arguments.value("--bitmap").ifPresent(options::bitmap);
        options.layers(arguments.number("--layers", 1, 200).orElse(1));
        options.speed(arguments.size("-r").orElse(0));
        options.finalBytes(arguments.size("--final").orElse(MirrorOptions.DEFAULT_FINAL_BYTES));
        try {
            return options.build();
        } catch (IllegalArgumentException e) {
            throw new UsageException(e.getMessage());
        }
    }

    private static Path path(Arguments arguments, String option) throws UsageException {
        String text = arguments.value(option).orElseThrow();
        try {
            if (!text.isEmpty()) {
                return Path.of(text);
            }
        } catch (InvalidPathException e) {
            throw new UsageException(option + " is '" + text + "': " + e.getReason());
        }
        throw new UsageException(option + " is empty");
    }

    private static <T> T word(Arguments arguments, String option, T[] values, Function<T, String> words, T otherwise)
            throws UsageException {
        Optional<String> text = arguments.value(option);
        if (text.isEmpty()) {
            return otherwise;
        }
        return Arrays.stream(values).filter(value -> words.apply(value).equals(text.get())).findFirst()
                .orElseThrow(() -> new UsageException(option + " is '" + text.get() + "'; it is one of "
                        + Arrays.stream(values).map(words).collect(Collectors.joining(", "))));
    }
}

package org.blockferry.cli;

import java.io.IOException;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.DriverRegistry;
import org.blockferry.engine.inspect.ImageInfo;
import org.blockferry.engine.inspect.ImageRequest;
import org.blockferry.engine.maintain.SnapshotJob;

/** {@code blockferry snapshot}: the internal snapshots of an image. Options, output and exit codes of {@code qemu-img snapshot}. */
final class SnapshotCommand implements Command {
    private static final List<String> ACTIONS = List.of("-l", "-c", "-d", "-a");

    @Override
    public OptionTable options() {
        return new OptionTable("snapshot", "[-l | -c NAME | -d NAME | -a NAME] IMAGE")
                .examples("snapshot -l disk.qcow2", "snapshot -c before-upgrade disk.qcow2", "snapshot -a before-upgrade disk.qcow2")
                .description("Lists, takes, deletes or goes back to internal snapshots. The image must not be in use.",
                        "Exit codes: 0 done, 1 failed.")
                .group("Options")
                .flag("list the snapshots", "-l")
                .value("NAME", "take a snapshot", "-c")
                .value("NAME", "delete a snapshot", "-d")
                .value("NAME", "go back to a snapshot (ID or name); what was written since is lost", "-a")
                .flag("open the image although others may write to it; only to list", "-U", "--force-share")
                .flag("say nothing but errors", "-q", "--quiet")
                .flag("this text", "-h", "--help");
    }

    @Override
    public int usageExitCode() {
        return ExitCode.FAILED;
    }

    @Override
    public int run(Session session, Arguments arguments) throws UsageException, IOException {
        List<String> actions = ACTIONS.stream().filter(arguments::has).toList();
        if (actions.size() > 1 || actions.size() == 1 && !actions.get(0).equals("-l") && arguments.values(actions.get(0)).size() > 1) {
            throw new UsageException("Cannot mix '-l', '-a', '-c', '-d'");
        }
        String image = QemuStyle.onlyImage(arguments);
        if (actions.isEmpty()) {
            return ExitCode.OK;
        }
        String action = actions.get(0);
        DriverRegistry drivers = session.drivers().get();
        if (action.equals("-l")) {
            list(session, drivers, image, arguments);
            return ExitCode.OK;
        }
        if (arguments.has("-U")) {
            throw new UsageException("Could not open '" + image + "': force-share=on can only be used with read-only images (-U with -l)");
        }
        change(drivers, image, action, arguments.value(action).orElse(""));
        return ExitCode.OK;
    }

    private static void list(Session session, DriverRegistry drivers, String image, Arguments arguments) throws IOException {
        try {
            ImageInfo info = ImageInfo.of(drivers, ImageRequest.of(image).withShare(arguments.has("-U")));
            if (!info.details().snapshots().isEmpty()) {
                InfoText.snapshots(session.out(), info.details().snapshots());
            }
        } catch (BlockException e) {
            throw QemuStyle.couldNotOpen(image, e);
        }
    }

    private static void change(DriverRegistry drivers, String image, String action, String name) throws BlockException {
        SnapshotJob opened;
        try {
            opened = SnapshotJob.open(drivers, image, Optional.empty());
        } catch (BlockException e) {
            throw QemuStyle.couldNotOpen(image, e);
        }
        try (SnapshotJob job = opened) {
            switch (action) {
                case "-c" -> job.create(name, Instant.now());
                case "-d" -> job.delete(name);
                default -> job.apply(name);
            }
        } catch (BlockException e) {
            String verb = action.equals("-c") ? "create" : action.equals("-d") ? "delete" : "apply";
            throw QemuStyle.failed(image, "Could not " + verb + " snapshot '" + name + "'", e);
        }
    }
}

package org.blockferry.cli;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.blockferry.drivers.qmp.QmpRefusal;
import org.blockferry.drivers.qmp.QmpServer;
import org.blockferry.drivers.qmp.QmpValue;

/** QEMU's commands for block jobs, carried out on the one job of this process. */
final class JobControlHandler implements QmpServer.Handler {
    /** Those that call a job's name "device"; all later ones call it "id". */
    private static final List<String> OF_DEVICES = List.of("block-job-set-speed", "block-job-pause", "block-job-resume",
            "block-job-complete", "block-job-cancel");
    private static final List<String> OF_IDS = List.of("block-job-finalize", "block-job-dismiss", "block-job-change", "job-pause",
            "job-resume", "job-complete", "job-cancel", "job-finalize", "job-dismiss");
    private static final List<String> QUERIES = List.of("query-version", "query-commands", "query-block-jobs", "query-jobs");

    private final ControlledJob job;

    JobControlHandler(ControlledJob job) {
        this.job = job;
    }

    @Override
    public Object execute(String command, QmpValue arguments) throws QmpRefusal {
        switch (command) {
            case "query-version" -> {
                return Map.of("qemu", Map.of("major", 0, "minor", 1, "micro", 0), "package", "blockferry " + Version.TEXT);
            }
            case "query-commands" -> {
                return Stream.of(List.of("qmp_capabilities"), QUERIES, OF_DEVICES, OF_IDS).flatMap(List::stream)
                        .map(name -> Map.of("name", name)).toList();
            }
            case "query-block-jobs" -> {
                return List.of(blockJob());
            }
            case "query-jobs" -> {
                return List.of(jobInfo());
            }
            default -> {
                if (!OF_DEVICES.contains(command) && !OF_IDS.contains(command)) {
                    throw QmpRefusal.unknown(command);
                }
                verb(command, arguments);
                return Map.of();
            }
        }
    }

    private void verb(String command, QmpValue arguments) throws QmpRefusal {
        boolean old = command.startsWith("block-");
        String member = OF_DEVICES.contains(command) ? "device" : "id";
        String id = arguments.text(member).orElseThrow(() -> QmpRefusal.of("Parameter '" + member + "' is missing"));
        if (!id.equals(job.id())) {
            throw QmpRefusal.noJob(id);
        }
        try {
            switch (command.substring(old ? "block-job-".length() : "job-".length())) {
                case "set-speed" -> job.setSpeed(arguments.number("speed").filter(speed -> speed >= 0)
                        .orElseThrow(() -> QmpRefusal.of("Parameter 'speed' expects a non-negative value")));
                case "pause" -> job.pause();
                case "resume" -> job.resume();
                case "complete" -> job.complete();
                // job-cancel is always by force, as QEMU's is.
                case "cancel" -> job.cancel(!old || arguments.flag("force"));
                case "finalize" -> job.finalizeJob();
                case "dismiss" -> job.dismiss();
                case "change" -> job.change(arguments.text("copy-mode")
                        .orElseThrow(() -> QmpRefusal.of("Parameter 'copy-mode' is missing")));
                default -> throw QmpRefusal.unknown(command);
            }
        } catch (IllegalStateException e) {
            throw QmpRefusal.of(e.getMessage());
        }
    }

    private Map<String, Object> blockJob() {
        ControlledJob.State state = job.state();
        Map<String, Object> info = new LinkedHashMap<>();
        info.put("type", job.type());
        info.put("device", job.id());
        info.put("len", state.length());
        info.put("offset", state.offset());
        info.put("busy", !state.paused());
        info.put("paused", state.paused());
        info.put("speed", state.speed());
        info.put("io-status", state.ioStatus());
        info.put("ready", state.ready());
        info.put("status", state.status());
        info.put("auto-finalize", state.autoFinalize());
        info.put("auto-dismiss", state.autoDismiss());
        // Not QEMU's: the same for people.
        info.put("x-text", state.line());
        return info;
    }

    private Map<String, Object> jobInfo() {
        ControlledJob.State state = job.state();
        return Map.of("id", job.id(), "type", job.type(), "status", state.status(), "current-progress", state.offset(),
                "total-progress", state.length());
    }
}

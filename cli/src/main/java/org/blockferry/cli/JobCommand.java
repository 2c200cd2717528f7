package org.blockferry.cli;

import java.io.IOException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.blockferry.drivers.qmp.QmpClient;
import org.blockferry.drivers.qmp.QmpValue;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.util.ByteSize;

/** {@code blockferry job}: asks a job that listens on a control socket, or tells it what to do. */
final class JobCommand implements Command {
    private static final List<String> VERBS =
            List.of("status", "pause", "resume", "speed", "complete", "cancel", "finalize", "dismiss");

    @Override
    public OptionTable options() {
        return new OptionTable("job", "[OPTIONS] SOCKET status|pause|resume|speed RATE|complete|cancel|finalize|dismiss")
                .examples("job /run/job.sock status", "job /run/job.sock speed 100M", "job /run/job.sock complete")
                .description("Speaks to a job that was started with --control SOCKET. The socket speaks QMP, with QEMU's commands "
                        + "for block jobs, so tools that know those can use it as well.",
                        "cancel makes the target of a mirror that is ready a point in time, and abandons one that is not.")
                .group("Options")
                .flag("with cancel: abandon it in any case", "--force")
                .flag("with status: as QMP tells it", "--json")
                .flag("show this text", "-h", "--help");
    }

    @Override
    public int run(Session session, Arguments arguments) throws UsageException, IOException {
        List<String> words = arguments.rest();
        if (words.size() < 2) {
            throw new UsageException("job needs a socket and a verb: " + String.join(", ", VERBS));
        }
        String verb = words.get(1);
        if (!VERBS.contains(verb)) {
            throw new UsageException("there is no verb '" + verb + "'; there are " + String.join(", ", VERBS));
        }
        if (words.size() != (verb.equals("speed") ? 3 : 2)) {
            throw new UsageException(verb.equals("speed") ? "speed needs a rate" : verb + " takes nothing more");
        }
        if (arguments.has("--force") && !verb.equals("cancel") || arguments.has("--json") && !verb.equals("status")) {
            throw new UsageException(arguments.has("--force") ? "--force is for cancel" : "--json is for status");
        }
        Map<String, Object> more = new HashMap<>();
        if (verb.equals("speed")) {
            more.put("speed", rate(words.get(2)));
        } else if (arguments.has("--force")) {
            more.put("force", true);
        }
        try (QmpClient client = QmpClient.connect(path(words.get(0)))) {
            return speak(session, arguments, client, verb, more);
        }
    }

    private static int speak(Session session, Arguments arguments, QmpClient client, String verb, Map<String, Object> more)
            throws BlockException {
        List<QmpValue> jobs = client.execute("query-block-jobs", Map.of()).elements();
        if (jobs.isEmpty() || jobs.get(0).text("device").isEmpty()) {
            throw BlockException.of(BlockException.Kind.NOT_FOUND, arguments.rest().get(0), "there is no job");
        }
        QmpValue job = jobs.get(0);
        if (verb.equals("status")) {
            if (arguments.has("--json")) {
                JsonOutput.line(session.out(), json -> {
                    for (Map.Entry<?, ?> member : ((Map<?, ?>) job.tree()).entrySet()) {
                        json.writePOJOField(member.getKey().toString(), member.getValue());
                    }
                });
            } else {
                String line = job.text("x-text").or(() -> job.text("status")).orElse("unknown");
                session.out().println(ErrorReport.oneLine(line));
            }
            return ExitCode.OK;
        }
        boolean newer = verb.equals("finalize") || verb.equals("dismiss");
        more.put(newer ? "id" : "device", job.text("device").get());
        client.execute("block-job-" + (verb.equals("speed") ? "set-speed" : verb), more);
        return ExitCode.OK;
    }

    private static long rate(String text) throws UsageException {
        try {
            return ByteSize.parse("speed", text);
        } catch (IllegalArgumentException e) {
            throw new UsageException(e.getMessage());
        }
    }

    private static Path path(String text) throws UsageException {
        try {
            return Path.of(text);
        } catch (InvalidPathException e) {
            throw new UsageException("the socket is '" + text + "': " + e.getReason());
        }
    }
}

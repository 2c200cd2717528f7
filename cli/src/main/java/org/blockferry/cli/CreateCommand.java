package org.blockferry.cli;

import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.blockferry.engine.block.FormatDriver;
import org.blockferry.engine.maintain.CreateJob;
import org.blockferry.engine.maintain.NewImage;

/** {@code blockferry create}: an empty image. Options, output and exit codes of {@code qemu-img create}. */
final class CreateCommand implements Command {
    private static final String SIZE = "size";

    @Override
    public OptionTable options() {
        return new OptionTable("create", "[OPTIONS] IMAGE [SIZE]")
                .examples("create -f qcow2 disk.qcow2 20G", "create -f qcow2 -b base.qcow2 -F qcow2 overlay.qcow2",
                        "create -f qcow2 -o cluster_size=2M,preallocation=metadata disk.qcow2 1T")
                .description("Makes an empty image. Without SIZE it is as large as its backing file. A file that stands under its name is "
                        + "replaced.", "Exit codes: 0 done, 1 failed.")
                .group("Options")
                .value("FORMAT", "format of the image, default raw", "-f", "--format")
                .value("NAME=VALUE,...", "options of the format; -o help lists them", "-o", "--options")
                .value("FILE", "backing file, relative to the image's folder", "-b", "--backing")
                .value("FORMAT", "format of the backing file", "-F", "--backing-format")
                .flag("do not open the backing file", "-u", "--backing-unsafe")
                .flag("say nothing", "-q", "--quiet")
                .flag("this text", "-h", "--help");
    }

    @Override
    public int usageExitCode() {
        return ExitCode.FAILED;
    }

    @Override
    public int run(Session session, Arguments arguments) throws UsageException, IOException {
        List<String> lists = arguments.values("-o");
        String format = arguments.value("-f").orElse("raw");
        List<String> rest = arguments.rest();
        if (FormatOptionList.asksForHelp(lists)) {
            return listOptions(session, session.drivers().get().format(rest.isEmpty() ? "-f" : rest.get(0), format));
        }
        if (rest.isEmpty()) {
            throw new UsageException("Expecting image file name");
        }
        if (rest.size() > 2) {
            throw new UsageException("Unexpected argument: " + rest.get(2));
        }
        Map<String, String> options = new LinkedHashMap<>(FormatOptionList.parse(lists));
        OptionalLong size = OptionalLong.empty();
        if (options.containsKey(SIZE)) {
            size = OptionalLong.of(QemuStyle.size(options.remove(SIZE)));
        }
        if (rest.size() == 2) {
            size = OptionalLong.of(QemuStyle.size(rest.get(1)));
        }
        String image = rest.get(0);
        CreateJob job = CreateJob.prepare(session.drivers().get(), new NewImage(image, format, size, options, arguments.value("-b"),
                arguments.value("-F"), arguments.has("-u")));
        if (!arguments.has("-q")) {
            StringBuilder line = new StringBuilder("Formatting '").append(image).append("', fmt=").append(job.format());
            // A comma within a value is doubled, as -o wants it.
            job.description().forEach((name, value) -> line.append(' ').append(name).append('=').append(value.replace(",", ",,")));
            session.out().println(ErrorReport.oneLine(line.toString()));
            session.out().flush();
        }
        job.run();
        return ExitCode.OK;
    }

    private static int listOptions(Session session, FormatDriver driver) {
        session.out().println("Supported " + driver.name() + " options:");
        driver.createOptions().forEach((name, help) -> session.out().println("  " + name + " - " + help));
        session.out().println("  size - Virtual disk size");
        return ExitCode.OK;
    }
}

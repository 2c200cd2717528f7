package org.blockferry.cli;

import java.io.IOException;
import java.util.List;
import org.blockferry.engine.inspect.ImageInfo;
import org.blockferry.engine.inspect.ImageRequest;

/** {@code blockferry info}: what an image is, as {@code qemu-img info} says it. */
final class InfoCommand implements Command {

    @Override
    public OptionTable options() {
        return new OptionTable("info", "[OPTIONS] IMAGE")
                .examples(
                        "info disk.qcow2",
                        "info --output json --backing-chain overlay.qcow2",
                        "info --list nbd://host")
                .description(
                        "Says what an image is: format, sizes, backing file, snapshots, bitmaps. The text and the JSON are those of "
                                + "qemu-img info. Without --backing-chain no other file is opened, but for the external data file "
                                + "of the image.")
                .group("Image")
                .value("FORMAT", "format of the image; otherwise it is found out", "-f", "--format")
                .flag("also of all backing files", "--backing-chain")
                .flag("look although others may be writing to it", "-U", "--force-share")
                .flag("open nothing that the image names", "--untrusted")
                .flag("say which exports an NBD server has", "--list")
                .group("Output")
                .value("FORMAT", "human or json", "--output")
                .flag("show this text", "-h", "--help");
    }

    @Override
    public int usageExitCode() {
        return ExitCode.FAILED;
    }

    @Override
    public int run(Session session, Arguments arguments) throws UsageException, IOException {
        if (arguments.rest().size() != 1) {
            throw new UsageException("Expecting one image file name");
        }
        boolean json = ImageArguments.json(arguments);
        boolean chain = arguments.has("--backing-chain");
        String image = arguments.rest().get(0);
        if (arguments.has("--list")) {
            ExportList.print(session.out(), session.drivers().get(), image, json);
            return ExitCode.OK;
        }
        ImageRequest request = ImageArguments.request(image, arguments);
        List<ImageInfo> all = ImageArguments.opening(image, () -> chain
                ? ImageInfo.ofChain(session.drivers().get(), request) : List.of(ImageInfo.of(session.drivers().get(), request)));
        if (json) {
            InfoJson.print(session.out(), all, chain);
        } else {
            InfoText.print(session.out(), all);
        }
        return ExitCode.OK;
    }
}

package org.blockferry.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalLong;
import org.blockferry.engine.block.ByteRange;
import org.blockferry.engine.inspect.DiskPicture;
import org.blockferry.engine.inspect.ImageMap;
import org.blockferry.engine.inspect.ImageRequest;

/** {@code blockferry map}: where an image holds data, as lines of {@code qemu-img map} or as a picture. */
final class MapCommand implements Command {
    private static final int SVG_CELLS = 4096;

    @Override
    public OptionTable options() {
        return new OptionTable("map", "[OPTIONS] IMAGE")
                .examples(
                        "map disk.qcow2",
                        "map --output json --start-offset 1G --max-length 64M overlay.qcow2",
                        "map --picture overlay.qcow2",
                        "map --svg overlay.svg overlay.qcow2")
                .description(
                        "Says where an image and its backing files hold data. Nothing of the data is read. The lines and the JSON are "
                                + "those of qemu-img map; the JSON also says what is compressed.")
                .group("Image")
                .value("FORMAT", "format of the image; otherwise it is found out", "-f", "--format")
                .flag("look although others may be writing to it", "-U", "--force-share")
                .flag("open nothing that the image names", "--untrusted")
                .value("SIZE", "begin here", "-s", "--start-offset")
                .value("SIZE", "end after so many bytes", "-l", "--max-length")
                .group("Output")
                .value("FORMAT", "human (only plain data) or json (everything)", "--output")
                .flag("draw the disk in the terminal", "--picture")
                .value("FILE", "draw the disk into an SVG file", "--svg")
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
        boolean draws = arguments.has("--picture") || arguments.has("--svg");
        if (draws && arguments.has("--output")) {
            throw new UsageException("--output excludes --picture and --svg");
        }
        OptionalLong start = ImageArguments.size(arguments, "-s", "start offset");
        OptionalLong length = ImageArguments.size(arguments, "-l", "max length");
        long first = start.orElse(0);
        ByteRange part = new ByteRange(first, Math.min(length.orElse(Long.MAX_VALUE), Long.MAX_VALUE - first));
        String image = arguments.rest().get(0);
        ImageRequest request = ImageArguments.request(image, arguments);
        try (ImageMap map = ImageArguments.opening(image, () -> ImageMap.open(session.drivers().get(), request))) {
            if (draws) {
                draw(session, map, part, image, arguments);
            } else {
                MapPrinter printer = new MapPrinter(session.out(), json, part.offset());
                map.forEach(part, printer);
                printer.finish();
            }
        }
        return ExitCode.OK;
    }

    private static void draw(Session session, ImageMap map, ByteRange part, String image, Arguments arguments) throws IOException {
        if (arguments.has("--picture")) {
            int columns = session.terminal().map(Terminal::columns).orElse(Terminal.USUAL);
            PictureText text = new PictureText(columns);
            text.print(session.out(), image, part.offset(), DiskPicture.of(map, part, text.cells()));
        }
        Optional<String> svg = arguments.value("--svg");
        if (svg.isPresent()) {
            PictureSvg.write(Path.of(svg.get()), map, image, part.offset(), DiskPicture.of(map, part, SVG_CELLS));
        }
    }
}

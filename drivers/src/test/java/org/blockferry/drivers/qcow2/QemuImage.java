package org.blockferry.drivers.qcow2;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.blockferry.drivers.file.FileDriver;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockSource;
import org.blockferry.engine.block.FormatDriver.DataFileOpener;
import org.blockferry.engine.block.FormatSource;
import org.blockferry.engine.block.ImageLocation;
import org.blockferry.engine.block.OpenOptions;
import org.blockferry.engine.testing.Peers;
import org.blockferry.engine.testing.TestImage;

/** An image that QEMU makes, and what QEMU says of it. */
record QemuImage(Path path) {
    private static final Pattern MAP_LINE = Pattern.compile("\"start\": (\\d+), \"length\": (\\d+), \"depth\": (\\d+), "
            + "\"present\": (\\w+), \"zero\": (\\w+), \"data\": (\\w+)(?:, \"offset\": (\\d+))?");

    /** One entry of {@code qemu-img map}. */
    record MapEntry(long start, long length, boolean present, boolean zero, boolean data, Optional<Long> offset) {
    }

    /** Makes an image; {@code options} as after {@code -o}, possibly empty. */
    static QemuImage create(Path dir, String name, long size, String options) {
        Peers.require("qemu-img", "qemu-io");
        List<String> command = new ArrayList<>(List.of("qemu-img", "create", "-q", "-f", "qcow2"));
        if (!options.isEmpty()) {
            command.addAll(List.of("-o", options));
        }
        command.addAll(List.of(name, Long.toString(size)));
        Peers.run(dir, command.toArray(String[]::new));
        return new QemuImage(dir.resolve(name));
    }

    /** Makes an image that holds {@code content}; data is written by {@code write} with {@code flags}. */
    static QemuImage of(Path dir, String name, TestImage content, String options, String flags) {
        QemuImage image = create(dir, name, content.length(), options);
        List<String> commands = new ArrayList<>();
        for (TestImage.Run run : content.runs()) {
            String range = run.range().offset() + " " + run.range().length();
            switch (run.kind()) {
                case DATA -> {
                    Path part = dir.resolve(name + "." + run.range().offset());
                    image.write(part, content.bytes(run.range()));
                    commands.add("write -q " + flags + " -s " + part + " " + range);
                }
                case ZERO -> commands.add("write -q -z " + range);
                case DEFERRED -> { }
            }
        }
        image.io(commands.toArray(String[]::new));
        return image;
    }

    private void write(Path file, byte[] bytes) {
        try {
            Files.write(file, bytes);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Runs commands of {@code qemu-io} on it. */
    QemuImage io(String... commands) {
        List<String> line = new ArrayList<>(List.of("qemu-io", "-f", "qcow2"));
        for (String command : commands) {
            line.addAll(List.of("-c", command));
        }
        line.add(path.toString());
        Peers.Result result = Peers.run(path.getParent(), line.toArray(String[]::new));
        if (result.out().contains("failed") || result.err().contains("failed")) {
            throw new AssertionError(line + "\n" + result.out() + result.err());
        }
        return this;
    }

    /** Its content, by {@code qemu-img convert -O raw}. */
    byte[] content(String... options) {
        List<String> line = new ArrayList<>(List.of("qemu-img", "convert", "-O", "raw", "-f", "qcow2"));
        line.addAll(List.of(options));
        Path raw = path.resolveSibling("expected.raw");
        line.addAll(List.of(path.toString(), raw.toString()));
        Peers.run(path.getParent(), line.toArray(String[]::new));
        return bytesOf(raw);
    }

    /** The file's own bytes. */
    byte[] fileBytes() {
        return bytesOf(path);
    }

    private static byte[] bytesOf(Path file) {
        try {
            return Files.readAllBytes(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    List<MapEntry> map() {
        String json = Peers.run(path.getParent(), "qemu-img", "map", "--output=json", "-f", "qcow2", path.toString()).out();
        List<MapEntry> entries = new ArrayList<>();
        Matcher line = MAP_LINE.matcher(json);
        while (line.find()) {
            if (!line.group(3).equals("0")) {
                continue;
            }
            entries.add(new MapEntry(Long.parseLong(line.group(1)), Long.parseLong(line.group(2)),
                    line.group(4).equals("true"), line.group(5).equals("true"), line.group(6).equals("true"),
                    Optional.ofNullable(line.group(7)).map(Long::valueOf)));
        }
        return entries;
    }

    /** Opens it by our driver, with data files beside it allowed. */
    FormatSource open(OpenOptions options) throws BlockException {
        DataFileOpener beside = (image, name) -> file(path.resolveSibling(name));
        return new Qcow2Driver().open(file(path), options, beside);
    }

    /** A file by the driver that real copies use; its name is the last part, which keeps messages the same everywhere. */
    private static BlockSource file(Path path) throws BlockException {
        return new FileDriver().openSource(
                new ImageLocation("file", path.toString(), path.getFileName().toString()), OpenOptions.DEFAULT);
    }

    FormatSource open() throws BlockException {
        return open(OpenOptions.DEFAULT);
    }
}

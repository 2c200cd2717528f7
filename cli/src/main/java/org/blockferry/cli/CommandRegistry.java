package org.blockferry.cli;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/** The commands by name. A command's class is loaded when it is asked for, and not before. */
final class CommandRegistry {
    private record Entry(String summary, Supplier<Command> command) {
    }

    private final Map<String, Entry> entries = new LinkedHashMap<>();

    CommandRegistry() {
        add("copy", "copy an image, converting its format", CopyCommand::new);
        add("convert", "qemu-img convert, option for option", ConvertCommand::new);
        add("create", "make an empty image", CreateCommand::new);
        add("resize", "make a disk longer or shorter", ResizeCommand::new);
        add("snapshot", "list, take, delete or go back to internal snapshots", SnapshotCommand::new);
        add("bitmap", "make, remove and merge persistent bitmaps", BitmapCommand::new);
        add("check", "look for contradictions in an image, and repair them", CheckCommand::new);
        add("map", "say or draw where an image holds data", MapCommand::new);
        add("compare", "say whether two disks are the same", CompareCommand::new);
        add("checksum", "the digest of what a disk reads as", ChecksumCommand::new);
        add("info", "say what an image is", InfoCommand::new);
        add("measure", "say how large a copy will be", MeasureCommand::new);
        add("mirror", "copy a disk that a running QEMU writes to, until both are the same", MirrorCommand::new);
        add("job", "ask a mirror job how it is getting on, or tell it what to do", JobCommand::new);
        add("serve", "let NBD clients read and write an image", ServeCommand::new);
    }

    private void add(String name, String summary, Supplier<Command> command) {
        entries.put(name, new Entry(summary, command));
    }

    Optional<Command> find(String name) {
        return Optional.ofNullable(entries.get(name)).map(entry -> entry.command().get());
    }

    /** The names, in the order of the help text. */
    Iterable<String> names() {
        return entries.keySet();
    }

    String summary(String name) {
        return entries.get(name).summary();
    }
}

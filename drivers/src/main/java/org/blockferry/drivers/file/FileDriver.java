package org.blockferry.drivers.file;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import org.blockferry.drivers.posix.NativeAccess;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockException.Kind;
import org.blockferry.engine.block.BlockSource;
import org.blockferry.engine.block.BlockTarget;
import org.blockferry.engine.block.CreateOptions;
import org.blockferry.engine.block.ImageLocation;
import org.blockferry.engine.block.OpenOptions;
import org.blockferry.engine.block.ProtocolDriver;
import org.blockferry.engine.util.CloseAll;

/**
 * Regular files and block devices by their path, as {@code PATH} or {@code file:PATH}; as targets also character devices.
 *
 * <p>Sources and targets are locked as QEMU locks images, so that neither works on what the other is changing; see {@link
 * ImageLock}. A new regular file appears under its name when it is {@linkplain BlockTarget#complete complete}, and one that it
 * replaces gives it its owner and mode; extended attributes, ACLs and other names (hard links) of the old file are not carried
 * over.
 *
 * <p>A thread that is inside a node must not be interrupted: Java then closes the file under all of them.
 */
public final class FileDriver implements ProtocolDriver {
    static final String NAME = "file";

    /** Asked when a file is opened, so that a program that opens none pays nothing. */
    private final Supplier<NativeAccess> access;

    public FileDriver() {
        this(NativeAccess::orRefusing);
    }

    FileDriver(Supplier<NativeAccess> access) {
        this.access = access;
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public Set<String> schemes() {
        return Set.of(NAME);
    }

    @Override
    public BlockSource openSource(ImageLocation location, OpenOptions options) throws BlockException {
        String node = location.text();
        Path path = path(location);
        FileFacts facts = FileFacts.require(node, path);
        facts.requireDisk(node);
        OpenFile file = OpenFile.forReading(node, path, facts, options.cache(), access.get());
        try {
            ImageLock.reading(file, options.share());
            return new FileSource(file);
        } catch (BlockException e) {
            CloseAll.after(e, file);
            throw e;
        }
    }

    @Override
    public BlockTarget openTarget(ImageLocation location, OpenOptions options) throws BlockException {
        String node = location.text();
        Path path = path(location);
        FileFacts facts = FileFacts.require(node, path);
        if (facts.isCharacterDevice()) {
            return CharacterTarget.open(node, path, facts, CharacterTarget.NO_LENGTH);
        }
        facts.requireDisk(node);
        OpenFile file = OpenFile.forWriting(node, path, facts, options.cache(), access.get());
        try {
            if (facts.isBlockDevice() && file.access().isReadOnlyDevice(file.fd()) == 1) {
                throw BlockException.of(Kind.READ_ONLY, node, "The device is not writable");
            }
            ImageLock.writing(file);
            return FileTarget.inPlace(file);
        } catch (BlockException e) {
            CloseAll.after(e, file);
            throw e;
        }
    }

    @Override
    public BlockTarget create(ImageLocation location, CreateOptions options) throws BlockException {
        String node = location.text();
        Path path = path(location);
        Optional<FileFacts> standing = FileFacts.find(node, path);
        Preallocation preallocation = Preallocation.of(node, options);
        if (standing.isPresent() && standing.get().isCharacterDevice()) {
            return CharacterTarget.open(node, path, standing.get(), options.length());
        }
        if (standing.isPresent()) {
            standing.get().requireDisk(node);
        }
        if (standing.isPresent() && standing.get().isBlockDevice()) {
            return onDevice(location, options);
        }
        NewFile made = NewFile.begin(node, path, options.cache(), access.get());
        try {
            FileTarget target = FileTarget.of(made, options.length());
            preallocation.apply(target, options.length());
            return target;
        } catch (BlockException e) {
            CloseAll.after(e, made);
            throw e;
        }
    }

    private BlockTarget onDevice(ImageLocation location, CreateOptions options) throws BlockException {
        BlockTarget target = openTarget(location, OpenOptions.DEFAULT.withCache(options.cache()));
        long length = target.info().length();
        if (options.length() > length) {
            BlockException failure = BlockException.of(Kind.NO_SPACE, location.text(),
                    "the device has " + length + " bytes, and the image " + options.length());
            CloseAll.after(failure, target);
            throw failure;
        }
        return target;
    }

    @Override
    public boolean exists(ImageLocation location) throws BlockException {
        return FileFacts.find(location.text(), path(location)).isPresent();
    }

    /** Devices of both kinds: a character device has no length, but is written in place all the same. */
    @Override
    public boolean isFixed(ImageLocation location) throws BlockException {
        return FileFacts.find(location.text(), path(location))
                .filter(facts -> facts.isBlockDevice() || facts.isCharacterDevice()).isPresent();
    }

    private static Path path(ImageLocation location) throws BlockException {
        String text = location.rest();
        if (text.isEmpty()) {
            throw BlockException.of(Kind.NOT_FOUND, "''", "No such file or directory");
        }
        try {
            Path path = Path.of(text).toAbsolutePath();
            if (path.getFileName() == null || text.endsWith("/")) {
                throw BlockException.of(Kind.INVALID_ARGUMENT, location.text(), "Is a directory");
            }
            return path;
        } catch (InvalidPathException e) {
            throw BlockException.of(Kind.INVALID_ARGUMENT, location.text(), "not a path: " + e.getReason(), e);
        }
    }
}

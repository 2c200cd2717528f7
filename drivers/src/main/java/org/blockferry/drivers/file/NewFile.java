package org.blockferry.drivers.file;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import org.blockferry.drivers.posix.NativeAccess;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockException.Kind;
import org.blockferry.engine.block.CacheMode;
import org.blockferry.engine.util.CloseAll;

/**
 * A regular file that is written beside its final place, as {@code .NAME.RANDOM.blockferry} in the same folder, and appears
 * under its name only when it is whole. A file that it replaces is kept locked meanwhile, and gives it its owner and mode; a
 * symbolic link stays one, and what it points to is replaced.
 */
final class NewFile implements AutoCloseable {
    /** Until it has the mode of the file that it replaces nobody else may look in. */
    static final int PRIVATE_MODE = 0600;
    /** As qemu-img creates files; the umask is taken from it. */
    private static final int USUAL_MODE = 0644;
    private static final int MAX_LINKS = 40;
    private static final int MAX_TRIES = 5;
    /** How they end. */
    static final String SUFFIX = ".blockferry";
    /** NAME_MAX of Linux is 255 bytes, and what goes around the name takes 29; a character may take four bytes. */
    private static final int MAX_NAME = 56;

    private final String node;
    private final Path place;
    private final OpenFile file;
    private final Optional<OpenFile> replaced;
    private boolean settled;

    private NewFile(String node, Path place, OpenFile file, Optional<OpenFile> replaced) {
        this.node = node;
        this.place = place;
        this.file = file;
        this.replaced = replaced;
    }

    /**
     * Begins a file that is to stand at {@code path}, where there is nothing or a regular file.
     *
     * @throws BlockException NOT_FOUND if there is no such folder; ACCESS_DENIED or READ_ONLY if the file there may not be
     *     written or none may be made beside it; IN_USE if somebody uses the file there
     */
    static NewFile begin(String node, Path path, CacheMode cache, NativeAccess access) throws BlockException {
        Path place = resolve(node, path);
        Optional<FileFacts> standing = FileFacts.find(node, place);
        Optional<OpenFile> replaced = standing.isPresent()
                ? Optional.of(OpenFile.forWriting(node, place, standing.get(), CacheMode.WRITEBACK, access)) : Optional.empty();
        OpenFile file = null;
        try {
            if (replaced.isPresent()) {
                ImageLock.writing(replaced.get());
            }
            String failure = "cannot create a file in " + place.getParent()
                    + (replaced.isPresent() ? " to replace it; it can only be written in place" : "");
            int mode = replaced.isPresent() ? PRIVATE_MODE : USUAL_MODE;
            Leftovers.remove(node, place, access);
            file = create(node, place, failure, mode, cache, access);
            if (replaced.isPresent()) {
                inherit(node, replaced.get().facts(), file);
            }
            return new NewFile(node, place, file, replaced);
        } catch (BlockException e) {
            if (file != null) {
                Path temporary = file.path();
                CloseAll.after(e, () -> Files.deleteIfExists(temporary));
                CloseAll.after(e, file);
            }
            if (replaced.isPresent()) {
                CloseAll.after(e, replaced.get());
            }
            throw e;
        }
    }

    /** Follows links by hand: the last one may point to a file that is not there yet. */
    private static Path resolve(String node, Path path) throws BlockException {
        Path place = path;
        for (int links = 0; Files.isSymbolicLink(place); links++) {
            if (links == MAX_LINKS) {
                throw BlockException.of(Kind.INVALID_ARGUMENT, node, "Too many levels of symbolic links");
            }
            try {
                place = place.resolveSibling(Files.readSymbolicLink(place));
            } catch (IOException e) {
                throw FileErrors.of(node, e);
            }
        }
        return place;
    }

    /** Makes the file and locks it. Between the two somebody may take it for a leftover, and remove it. */
    private static OpenFile create(String node, Path place, String failure, int mode, CacheMode cache, NativeAccess access)
            throws BlockException {
        for (int tries = 1; ; tries++) {
            OpenFile file = OpenFile.create(node, temporary(place), failure, mode, cache, access);
            try {
                ImageLock.writing(file);
                Optional<FileFacts> there = FileFacts.find(node, file.path());
                if (there.isPresent() && there.get().identity().equals(file.facts().identity())) {
                    return file;
                }
                throw BlockException.of(Kind.IN_USE, node, file.path() + " was removed as soon as it was made");
            } catch (BlockException e) {
                CloseAll.after(e, () -> Files.deleteIfExists(file.path()));
                CloseAll.after(e, file);
                if (e.kind() != Kind.IN_USE || tries == MAX_TRIES) {
                    throw e;
                }
            }
        }
    }

    private static Path temporary(Path place) {
        String random = Long.toHexString(ThreadLocalRandom.current().nextLong() | Long.MIN_VALUE);
        return place.resolveSibling(prefix(place) + random + SUFFIX);
    }

    /** How the names of all files begin that are written for this place. */
    static String prefix(Path place) {
        String name = place.getFileName().toString();
        return "." + name.substring(0, Math.min(name.length(), MAX_NAME)) + ".";
    }

    private static void inherit(String node, FileFacts from, OpenFile file) throws BlockException {
        if (!from.hasOwner()) {
            return;
        }
        try {
            FileFacts own = file.facts();
            if (own.owner() != from.owner()) {
                Files.setAttribute(file.path(), "unix:uid", from.owner());
            }
            if (own.group() != from.group()) {
                Files.setAttribute(file.path(), "unix:gid", from.group());
            }
            // After the owner: a change of owner clears set-user-ID and set-group-ID.
            Files.setAttribute(file.path(), "unix:mode", from.mode());
        } catch (IOException e) {
            throw FileErrors.of(node, "a new file could not be given the owner " + from.owner() + ":" + from.group()
                    + " and mode " + Integer.toOctalString(from.mode()) + " of this one; it can only be written in place", e);
        }
    }

    OpenFile file() {
        return file;
    }

    /** Makes the file durable as its cache mode asks and lets it appear under its name. */
    void commit() throws BlockException {
        boolean durable = file.cache().flushes();
        if (durable) {
            file.flush();
        }
        try {
            Files.move(file.path(), place, StandardCopyOption.ATOMIC_MOVE);
            settled = true;
        } catch (AtomicMoveNotSupportedException e) {
            throw BlockException.of(Kind.IO, node, "cannot be renamed to: " + e.getReason(), e);
        } catch (IOException e) {
            throw FileErrors.of(node, "cannot be renamed to", e);
        }
        if (durable) {
            flushFolder();
        }
    }

    private void flushFolder() throws BlockException {
        try (FileChannel folder = FileChannel.open(place.toAbsolutePath().getParent(), StandardOpenOption.READ)) {
            folder.force(true);
        } catch (IOException e) {
            throw FileErrors.of(node, "flush of its folder", e);
        }
    }

    /** Closes the file and, unless it was committed, deletes it; what stood there before is as it was. */
    @Override
    public void close() throws BlockException {
        List<AutoCloseable> parts = new ArrayList<>();
        if (!settled) {
            settled = true;
            parts.add(() -> Files.deleteIfExists(file.path()));
        }
        parts.add(file);
        replaced.ifPresent(parts::add);
        try {
            CloseAll.inOrder(parts);
        } catch (BlockException e) {
            throw e;
        } catch (IOException e) {
            throw FileErrors.of(node, "cannot delete the unfinished " + file.path(), e);
        }
    }
}

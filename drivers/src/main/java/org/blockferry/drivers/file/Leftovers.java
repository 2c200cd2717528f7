package org.blockferry.drivers.file;

import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Pattern;
import org.blockferry.drivers.posix.NativeAccess;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.CacheMode;
import org.slf4j.LoggerFactory;

/**
 * Removes the unfinished files that copies to the same place have left which were killed. Whoever writes one has it locked, so one
 * that can be locked belongs to nobody; where there are no locks, nothing is removed.
 */
final class Leftovers {
    private static final Pattern RANDOM = Pattern.compile("[0-9a-f]{16}");

    private Leftovers() {
    }

    /** What cannot be removed stays, and does not keep the next copy from being made. */
    static void remove(String node, Path place, NativeAccess access) {
        String prefix = NewFile.prefix(place);
        try (DirectoryStream<Path> found = Files.newDirectoryStream(place.toAbsolutePath().getParent(),
                file -> isOurs(file.getFileName().toString(), prefix))) {
            for (Path file : found) {
                removeIfAbandoned(node, file, access);
            }
        } catch (IOException | DirectoryIteratorException e) {
            LoggerFactory.getLogger(Leftovers.class).debug("{}: leftovers stay: {}", node, e.getMessage());
        }
    }

    private static boolean isOurs(String name, String prefix) {
        return name.length() > prefix.length() + NewFile.SUFFIX.length() && name.startsWith(prefix) && name.endsWith(NewFile.SUFFIX)
                && RANDOM.matcher(name.substring(prefix.length(), name.length() - NewFile.SUFFIX.length())).matches();
    }

    private static void removeIfAbandoned(String node, Path file, NativeAccess access) throws IOException {
        Optional<FileFacts> facts = Files.isSymbolicLink(file) ? Optional.empty() : FileFacts.find(node, file);
        if (facts.isEmpty() || !facts.get().isRegular()) {
            return;
        }
        try (OpenFile open = OpenFile.forWriting(node, file, facts.get(), CacheMode.WRITEBACK, access)) {
            if (ImageLock.tryWriting(open)) {
                Files.deleteIfExists(file);
            }
        } catch (BlockException e) {
            LoggerFactory.getLogger(Leftovers.class).debug("{}: a leftover stays: {}", node, e.getMessage());
        }
    }
}

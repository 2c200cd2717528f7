package org.blockferry.drivers.qcow2;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Predicate;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockException.Kind;
import org.blockferry.engine.block.BlockSource;
import org.blockferry.engine.block.BlockStorage;
import org.blockferry.engine.block.DirtyBitmap;

/**
 * Makes, removes and changes persistent bitmaps. What a change makes new, the bits of one bitmap and the directory of all, is put behind
 * the end of the file, and one write of the header changes over to it, as {@link MetadataEdit} does it. Bitmaps that stay are not touched,
 * and keep extra data that is not known here.
 */
final class Bitmaps {
    /** QEMU's bounds. */
    private static final int MAX_BITMAPS = 65535;
    private static final int MAX_NAME = 1023;
    private static final int MAX_DIRECTORY = 64 << 20;
    private static final long MIN_GRANULARITY = 512;
    private static final long MAX_GRANULARITY = 1L << 31;
    private static final long LEAST_DEFAULT = 4096;
    private static final long MOST_DEFAULT = 65536;

    private final BlockStorage file;
    private final String node;

    Bitmaps(BlockStorage file) {
        this.file = file;
        this.node = file.info().name();
    }

    /** One bitmap of an image, to be read. */
    static Optional<DirtyBitmap> find(BlockSource file, OpenedImage image, String name) throws BlockException {
        String node = file.info().name();
        Optional<BitmapDirectory.Entry> entry = BitmapDirectory.find(node, file, image, name);
        return entry.isEmpty() ? Optional.empty()
                : Optional.of(new PersistentBitmap(node, file, image.layout(), entry.get(), image.header().size()));
    }

    /** What a bitmap's entry must be when it is new; nothing is looked at but the image's header. */
    static BitmapDirectory.Entry newEntry(String node, Qcow2Header header, String name, OptionalLong granularity, boolean enabled)
            throws BlockException {
        if (name.isEmpty()) {
            throw BlockException.of(Kind.INVALID_ARGUMENT, node, "Bitmap name cannot be empty");
        }
        long suits = Math.min(Math.max(header.layout().clusterSize(), LEAST_DEFAULT), MOST_DEFAULT);
        long bytes = granularity.orElse(suits);
        if (Long.bitCount(bytes) != 1 || bytes < MIN_GRANULARITY || bytes > MAX_GRANULARITY) {
            throw BlockException.of(Kind.INVALID_ARGUMENT, node, "Granularity must be power of 2 and at least " + MIN_GRANULARITY
                    + ", and at most " + MAX_GRANULARITY);
        }
        String persistent = "Can't make bitmap '" + name + "' persistent in '" + node + "': ";
        if (header.version() < 3) {
            throw BlockException.of(Kind.UNSUPPORTED, node, persistent + "Cannot store dirty bitmaps in qcow2 v2 files");
        }
        if (name.getBytes(StandardCharsets.UTF_8).length > MAX_NAME) {
            throw BlockException.of(Kind.INVALID_ARGUMENT, node, persistent + "Name length exceeds maximum (" + MAX_NAME + " characters)");
        }
        return BitmapDirectory.Entry.ofNew(name, Long.numberOfTrailingZeros(bytes), enabled);
    }

    /** @throws BlockException INVALID_ARGUMENT if a directory of these cannot be */
    static ByteBuffer directory(String node, List<BitmapDirectory.Entry> entries) throws BlockException {
        ByteBuffer directory = BitmapDirectory.encode(entries);
        if (entries.size() > MAX_BITMAPS || directory.remaining() > MAX_DIRECTORY) {
            throw BlockException.of(Kind.INVALID_ARGUMENT, node, "Maximum number of persistent bitmaps is already reached: a directory of "
                    + entries.size() + " takes " + directory.remaining() + " bytes, of at most " + MAX_BITMAPS + " in " + MAX_DIRECTORY);
        }
        return directory;
    }

    void add(String name, OptionalLong granularity, boolean enabled) throws BlockException {
        add(name, granularity, enabled, List.of());
    }

    /** Makes a bitmap in which is dirty what {@code dirty} say, of a disk of the same length. */
    void add(String name, OptionalLong granularity, boolean enabled, List<DirtyBitmap> dirty) throws BlockException {
        MetadataEdit edit = new MetadataEdit(file);
        BitmapDirectory.Entry entry = newEntry(node, edit.image().header(), name, granularity, enabled);
        List<BitmapDirectory.Entry> entries = entries(edit);
        if (entries.stream().anyMatch(named(name))) {
            throw BlockException.of(Kind.INVALID_ARGUMENT, node, "Bitmap already exists: " + name);
        }
        entries.add(withBits(edit, entry, dirty));
        replaceDirectory(edit, entries);
    }

    void remove(String name) throws BlockException {
        MetadataEdit edit = new MetadataEdit(file);
        List<BitmapDirectory.Entry> entries = entries(edit);
        entries.remove(indexOf(entries, name));
        replaceDirectory(edit, entries);
    }

    void clear(String name) throws BlockException {
        change(name, (edit, entry) -> withBits(edit, entry, List.of()));
    }

    void enable(String name, boolean enabled) throws BlockException {
        change(name, (edit, entry) -> entry.withAuto(enabled));
    }

    void merge(String name, DirtyBitmap other) throws BlockException {
        change(name, (edit, entry) -> {
            requireSameLength(node, edit.image().header().size(), other);
            DirtyBitmap old = new PersistentBitmap(node, file, edit.image().layout(), entry, edit.image().header().size());
            return withBits(edit, entry, List.of(old, other));
        });
    }

    static void requireSameLength(String node, long length, DirtyBitmap other) throws BlockException {
        if (other.length() != length) {
            throw BlockException.of(Kind.INVALID_ARGUMENT, node, "Bitmaps are of different sizes (destination size is " + length
                    + ", source size is " + other.length() + ") and can't be merged");
        }
    }

    @FunctionalInterface
    private interface Change {
        BitmapDirectory.Entry apply(MetadataEdit edit, BitmapDirectory.Entry entry) throws BlockException;
    }

    private void change(String name, Change change) throws BlockException {
        MetadataEdit edit = new MetadataEdit(file);
        List<BitmapDirectory.Entry> entries = entries(edit);
        int index = indexOf(entries, name);
        BitmapDirectory.Entry entry = entries.get(index);
        entry.requireReadable(node);
        BitmapDirectory.Entry changed = change.apply(edit, entry);
        if (!changed.equals(entry)) {
            entries.set(index, changed);
            replaceDirectory(edit, entries);
        }
    }

    private List<BitmapDirectory.Entry> entries(MetadataEdit edit) throws BlockException {
        return new ArrayList<>(BitmapDirectory.entries(node, file, edit.image().header(), edit.image().extensions()));
    }

    private int indexOf(List<BitmapDirectory.Entry> entries, String name) throws BlockException {
        for (int i = 0; i < entries.size(); i++) {
            if (named(name).test(entries.get(i))) {
                return i;
            }
        }
        throw BlockException.of(Kind.NOT_FOUND, node, "Dirty bitmap '" + name + "' not found");
    }

    private static Predicate<BitmapDirectory.Entry> named(String name) {
        return entry -> entry.name().equals(name);
    }

    private BitmapDirectory.Entry withBits(MetadataEdit edit, BitmapDirectory.Entry entry, List<DirtyBitmap> dirty) throws BlockException {
        return withBits(edit, edit.image().header().size(), entry, dirty);
    }

    /** Puts the bits of a disk of this length, and their table, behind the end of the file. */
    static BitmapDirectory.Entry withBits(MetadataEdit edit, long diskSize, BitmapDirectory.Entry entry, List<DirtyBitmap> dirty)
            throws BlockException {
        CheckedImage image = edit.image();
        ByteBuffer table = new BitmapClusters(image.node(), image.layout(), diskSize, entry.granularityBits()).write(dirty, edit::append);
        int entries = table.remaining() / Long.BYTES;
        return entry.withTable(edit.append(table), entries);
    }

    private void replaceDirectory(MetadataEdit edit, List<BitmapDirectory.Entry> entries) throws BlockException {
        long end = edit.commit(0, header(edit, entries), MetadataEdit.Step.NONE);
        if (end < file.info().length()) {
            file.setLength(end);
        }
    }

    /** Puts a directory behind the end of the file, and says what the header is with it. */
    static ByteBuffer header(MetadataEdit edit, List<BitmapDirectory.Entry> entries) throws BlockException {
        ByteBuffer directory = directory(edit.image().node(), entries);
        int bytes = directory.remaining();
        long offset = edit.append(directory);
        return HeaderRewrite.withBitmaps(edit.image(), new HeaderExtensions.Bitmaps(entries.size(), bytes, offset));
    }
}

package org.blockferry.drivers.qcow2;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockStorage;
import org.blockferry.engine.block.WriteFlag;

/**
 * Pieces of tables that are read and changed, in bounded memory. What was changed stays in memory until {@link #write}; a page
 * that has to make room is a clean one, and when there is none, the owner is asked to make all of them clean, in the order that
 * it knows to be safe. Guarded by the lock of the {@link ImageMetadata}.
 */
final class PageCache {
    private static final int WAYS = 8;
    private static final long GOLDEN = 0x9e3779b97f4a7c15L;

    private final BlockStorage file;
    private final int pageBits;
    private final int setBits;
    private final TablePage[] slots;
    private final WriteBack writeBack;
    private long clock;
    private int dirty;

    /** Makes every page of the cache clean. */
    @FunctionalInterface
    interface WriteBack {
        void run() throws BlockException;
    }

    /**
     * @param pageBits a page has {@code 1 << pageBits} bytes and starts at a multiple of that in the file
     * @param slotBits there are {@code 1 << slotBits} pages, at least 8
     */
    PageCache(BlockStorage file, int pageBits, int slotBits, WriteBack writeBack) {
        this.file = file;
        this.pageBits = pageBits;
        this.setBits = slotBits - 3;
        this.slots = new TablePage[1 << slotBits];
        this.writeBack = writeBack;
    }

    int pageBits() {
        return pageBits;
    }

    boolean isDirty() {
        return dirty > 0;
    }

    /** The page that holds the byte at {@code hostOffset}; to be used at once, for the next call may need its place. */
    TablePage get(long hostOffset) throws BlockException {
        long start = hostOffset >>> pageBits << pageBits;
        int first = set(start);
        for (int i = first; i < first + WAYS; i++) {
            TablePage page = slots[i];
            if (page != null && page.hostOffset() == start) {
                page.touch(++clock);
                return page;
            }
        }
        TablePage page = place(first);
        load(page, start);
        page.touch(++clock);
        return page;
    }

    private int set(long start) {
        return setBits == 0 ? 0 : (int) ((start >>> pageBits) * GOLDEN >>> Long.SIZE - setBits) * WAYS;
    }

    private TablePage place(int first) throws BlockException {
        TablePage oldest = oldestClean(first);
        if (oldest == null) {
            writeBack.run();
            oldest = oldestClean(first);
        }
        if (oldest == null) {
            throw new AssertionError("a page is dirty after all were written");
        }
        return oldest;
    }

    private TablePage oldestClean(int first) {
        TablePage oldest = null;
        for (int i = first; i < first + WAYS; i++) {
            TablePage page = slots[i];
            if (page == null) {
                page = new TablePage(1 << pageBits);
                slots[i] = page;
                return page;
            }
            if (!page.isDirty() && (oldest == null || page.lastUse() < oldest.lastUse())) {
                oldest = page;
            }
        }
        return oldest;
    }

    /** What lies past the end of the file is zero. */
    private void load(TablePage page, long start) throws BlockException {
        page.forget();
        ByteBuffer into = page.bytes().clear();
        int there = (int) Math.max(0, Math.min(into.capacity(), file.info().length() - start));
        if (there > 0) {
            file.read(start, into.limit(there));
        }
        for (int at = there; at < into.capacity(); at++) {
            into.put(at, (byte) 0);
        }
        page.holds(start);
    }

    /** Remembers that a page was changed. */
    void changed(TablePage page) {
        if (!page.isDirty()) {
            page.setDirty(true);
            dirty++;
        }
    }

    /** Forgets the pages of a range of the file, changed or not: something else is there now. */
    void drop(long hostOffset, long length) {
        for (long start = hostOffset >>> pageBits << pageBits; start < hostOffset + length; start += 1L << pageBits) {
            int first = set(start);
            for (int i = first; i < first + WAYS; i++) {
                TablePage page = slots[i];
                if (page != null && page.hostOffset() == start) {
                    dirty -= page.isDirty() ? 1 : 0;
                    page.forget();
                }
            }
        }
    }

    /** Writes every changed page, in the order of the file. */
    void write() throws BlockException {
        if (dirty == 0) {
            return;
        }
        List<TablePage> pages = new ArrayList<>(dirty);
        for (TablePage page : slots) {
            if (page != null && page.isDirty()) {
                pages.add(page);
            }
        }
        pages.sort(Comparator.comparingLong(TablePage::hostOffset));
        for (TablePage page : pages) {
            file.write(page.hostOffset(), page.bytes().duplicate().clear(), WriteFlag.NONE);
            page.setDirty(false);
            dirty--;
        }
    }
}

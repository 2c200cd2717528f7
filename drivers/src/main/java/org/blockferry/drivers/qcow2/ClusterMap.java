package org.blockferry.drivers.qcow2;

import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockException.Kind;
import org.blockferry.engine.block.BlockSource;

/**
 * From guest offsets to runs of clusters: the two levels of tables, with every entry checked when it is used. Thread-safe; a
 * lookup that finds its tables in memory allocates nothing.
 */
final class ClusterMap {
    /** 16 KiB of an L2 table: 128 MiB of a disk of 64 KiB clusters, and still a cheap read for a single cluster. */
    private static final int MAX_SLICE_BITS = 14;
    /** 4 MiB of slices. */
    private static final int CACHE_BITS = 22;
    private static final int MAX_SLOT_BITS = 12;
    /** How many entries one call may look at before it returns what it has: 8 or 16 MiB of tables, some milliseconds. */
    private static final int MAX_WALK = 1 << 20;

    private final String node;
    private final Qcow2Layout layout;
    private final boolean hasZeroFlag;
    private final boolean dataFile;
    private final FileEnd fileEnd;
    private final FileEnd dataEnd;
    private final L1Table l1;
    private final TableCache l2;
    private final int sliceBits;

    /**
     * @param version of the header
     * @param dataFile whether data stands in an external data file, whose end {@code dataEnd} then is
     */
    ClusterMap(String node, Qcow2Layout layout, int version, boolean dataFile, BlockSource file, FileEnd fileEnd,
            FileEnd dataEnd, L1Table l1) {
        this.node = node;
        this.layout = layout;
        this.hasZeroFlag = version >= 3 && !layout.extendedL2();
        this.dataFile = dataFile;
        this.fileEnd = fileEnd;
        this.dataEnd = dataEnd;
        this.l1 = l1;
        this.sliceBits = Math.min(layout.clusterBits(), MAX_SLICE_BITS);
        this.l2 = new TableCache(file, sliceBits, Math.min(CACHE_BITS - sliceBits, MAX_SLOT_BITS));
    }

    /**
     * Finds the run that starts at {@code guestOffset}: as long as kind and host go on, up to {@code end}, across tables. It may
     * end earlier only after a million entries, or where an entry is damaged or cannot be read: the call that starts there says
     * so.
     *
     * @param end more than {@code guestOffset}
     * @throws BlockException CORRUPT_IMAGE if the first entry is not a possible one
     */
    void find(long guestOffset, long end, ClusterRun run) throws BlockException {
        run.reset(guestOffset);
        int left = MAX_WALK;
        try {
            while (run.end() < end && left > 0) {
                long at = run.end();
                long table = l1.l2Table(at);
                if (table == 0) {
                    if (!run.extend(ClusterKind.UNALLOCATED, 0, l1.nextTable(at, end))) {
                        return;
                    }
                } else {
                    int walked = walk(slice(table, at), end, run);
                    if (walked == 0) {
                        return;
                    }
                    left -= walked;
                }
            }
        } catch (BlockException e) {
            if (run.isEmpty()) {
                throw e;
            }
        }
    }

    /** Adds what the slice says from the run's end on; returns how many words that took, 0 if the run ends there. */
    private int walk(TableCache.Slice slice, long end, ClusterRun run) throws BlockException {
        long[] words = slice.entries();
        int first = wordIndex(run.end());
        int i = first;
        while (i < words.length && run.end() < end) {
            long at = run.end();
            int taken = 2;
            if (!layout.extendedL2()) {
                taken = addClusters(words, i, at, end, run);
            } else if (!addExtended(words[i], words[i + 1], at, end, run)) {
                taken = 0;
            }
            if (taken == 0) {
                return 0;
            }
            i += taken;
        }
        return i - first;
    }

    /**
     * Adds the cluster at {@code words[i]} and those after it that are the same, or the next ones in the host: what was checked
     * of the first then holds for all. Returns how many, 0 if the run ends before it.
     */
    private int addClusters(long[] words, int i, long at, long end, ClusterRun run) throws BlockException {
        long entry = words[i];
        ClusterKind kind = kindOf(entry, at);
        long host = L2Entry.hostOffset(entry);
        long start = layout.clusterStart(at);
        long step = kind.hasHost() ? layout.clusterSize() : 0;
        long most = Math.min(words.length - i, layout.clustersFor(end - start));
        if (kind == ClusterKind.DATA) {
            most = Math.min(most, dataEnd.length() - host >>> layout.clusterBits());
        }
        int count = 1;
        while (count < most && words[i + count] == entry + count * step) {
            count++;
        }
        long next = Math.min(end, start + ((long) count << layout.clusterBits()));
        return run.extend(kind, host + layout.offsetInCluster(at), next) ? count : 0;
    }

    private boolean addExtended(long entry, long bitmap, long at, long end, ClusterRun run) throws BlockException {
        if (!L2Entry.isCompressed(entry)) {
            return addSubclusters(entry, bitmap, at, end, run);
        }
        return run.extend(kindOf(entry, at), 0, Math.min(end, layout.clusterStart(at) + layout.clusterSize()));
    }

    private boolean addSubclusters(long entry, long bitmap, long at, long end, ClusterRun run) throws BlockException {
        ClusterKind kind = kindOf(entry, at);
        int allocated = (int) bitmap;
        int zero = (int) (bitmap >>> Integer.SIZE);
        if ((allocated & zero) != 0) {
            throw corrupt("subcluster bitmap", at, bitmap, "no subcluster may be both allocated and zero");
        }
        if (allocated != 0 && kind == ClusterKind.UNALLOCATED) {
            throw corrupt("subcluster bitmap", at, bitmap, "no subcluster may be allocated in a cluster without a host offset");
        }
        boolean hosted = kind == ClusterKind.DATA;
        long clusterStart = layout.clusterStart(at);
        long clusterEnd = Math.min(end, clusterStart + layout.clusterSize());
        while (run.end() < clusterEnd) {
            long from = run.end();
            int sub = layout.subclusterIndex(from);
            ClusterKind subKind;
            int same;
            if ((allocated >>> sub & 1) != 0) {
                subKind = ClusterKind.DATA;
                same = allocated;
            } else if ((zero >>> sub & 1) != 0) {
                subKind = hosted ? ClusterKind.PREALLOCATED_ZERO : ClusterKind.ZERO;
                same = zero;
            } else {
                subKind = hosted ? ClusterKind.PREALLOCATED : ClusterKind.UNALLOCATED;
                same = ~(allocated | zero);
            }
            int subEnd = sub + Math.min(Qcow2Layout.SUBCLUSTERS - sub, Integer.numberOfTrailingZeros(~(same >>> sub)));
            long next = Math.min(clusterEnd, clusterStart + ((long) subEnd << layout.subclusterBits()));
            long host = L2Entry.hostOffset(entry) + layout.offsetInCluster(from);
            if (subKind == ClusterKind.DATA) {
                next = withinData(entry, host, from, next);
            }
            if (!run.extend(subKind, host, next)) {
                return false;
            }
        }
        return true;
    }

    /** The end of the subclusters that begin within the data file; the first one that does not is an error of its own. */
    private long withinData(long entry, long host, long from, long next) throws BlockException {
        if (dataEnd.reaches(host + next - from)) {
            return next;
        }
        long past = dataEnd.length() - (host - from);
        long whole = past + layout.subclusterSize() - 1 & -layout.subclusterSize();
        if ((host & -layout.subclusterSize()) >= dataEnd.length()) {
            throw corrupt("L2 entry", from, entry, "its data lies past the file's " + dataEnd.length());
        }
        return Math.min(next, whole);
    }

    /** What a standard or compressed cluster is; with extended L2, DATA stands for "has a host cluster". */
    private ClusterKind kindOf(long entry, long at) throws BlockException {
        if (entry == 0) {
            return ClusterKind.UNALLOCATED;
        }
        if (L2Entry.isCompressed(entry)) {
            return compressed(entry, at);
        }
        if ((entry & L2Entry.STANDARD_RESERVED) != 0) {
            throw corrupt("L2 entry", at, entry, "its reserved bits must be 0");
        }
        boolean zero = L2Entry.isZero(entry);
        if (zero && !hasZeroFlag) {
            throw corrupt("L2 entry", at, entry, "bit 0 must be 0 in version 2 and with extended L2 entries");
        }
        long host = L2Entry.hostOffset(entry);
        if (!layout.isClusterAligned(host)) {
            throw corrupt("L2 entry", at, entry, "its host offset must be a multiple of " + layout.clusterSize());
        }
        if (host == 0 && !(dataFile && L2Entry.isCopied(entry))) {
            if (L2Entry.isCopied(entry)) {
                throw corrupt("L2 entry", at, entry, "bit 63 must be 0 without a host offset");
            }
            return zero ? ClusterKind.ZERO : ClusterKind.UNALLOCATED;
        }
        if (dataFile && host != layout.clusterStart(at)) {
            throw corrupt("L2 entry", at, entry, "its host offset in the external data file must be its guest offset");
        }
        if (zero) {
            return ClusterKind.PREALLOCATED_ZERO;
        }
        if (!layout.extendedL2() && !dataEnd.reaches(host + 1)) {
            throw corrupt("L2 entry", at, entry, "its data lies past the file's " + dataEnd.length());
        }
        return ClusterKind.DATA;
    }

    private ClusterKind compressed(long entry, long at) throws BlockException {
        if (dataFile) {
            throw corrupt("L2 entry", at, entry, "there are no compressed clusters with an external data file");
        }
        long host = L2Entry.compressedOffset(layout, entry);
        if (host > Qcow2Layout.MAX_HOST_OFFSET || !fileEnd.reaches(host + 1)) {
            throw corrupt("L2 entry", at, entry, "its compressed data lies past the file's " + fileEnd.length());
        }
        return ClusterKind.COMPRESSED;
    }

    /** The entry of the cluster that holds {@code guestOffset}; 0 if there is no table for it. Not checked. */
    long entry(long guestOffset) throws BlockException {
        long table = l1.l2Table(guestOffset);
        return table == 0 ? 0 : slice(table, guestOffset).entries()[wordIndex(guestOffset)];
    }

    private TableCache.Slice slice(long table, long guestOffset) throws BlockException {
        long inTable = (long) layout.l2Index(guestOffset) << layout.l2EntryBits();
        return l2.get(table + (inTable >>> sliceBits << sliceBits), 1 << sliceBits);
    }

    private int wordIndex(long guestOffset) {
        int inTable = layout.l2Index(guestOffset) << layout.l2EntryBits();
        return (inTable & (1 << sliceBits) - 1) / Long.BYTES;
    }

    private BlockException corrupt(String what, long guestOffset, long value, String bound) {
        return BlockException.field(Kind.CORRUPT_IMAGE, node, what + " for guest offset 0x" + Long.toHexString(guestOffset),
                "0x" + Long.toHexString(value), bound);
    }
}

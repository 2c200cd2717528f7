package org.blockferry.cli.interop;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.blockferry.engine.testing.Peers;

/** Images of every kind that QEMU makes, and seeded damage to their metadata. */
final class DamagedImages {
    private static final long OFFSET = 0x00fffffffffffe00L;
    private static final long COPIED = 1L << 63;

    /** Options of the image, by a short name. */
    enum Kind {
        PLAIN(""),
        SMALL_CLUSTERS("cluster_size=512"),
        LARGE_CLUSTERS("cluster_size=1M"),
        VERSION_2("compat=0.10,cluster_size=4k"),
        EXTENDED_L2("extended_l2=on,cluster_size=16k"),
        ONE_BIT_REFCOUNTS("refcount_bits=1,cluster_size=4k"),
        FOUR_BIT_REFCOUNTS("refcount_bits=4,cluster_size=4k"),
        WIDE_REFCOUNTS("refcount_bits=64,cluster_size=4k"),
        PREALLOCATED("preallocation=metadata,cluster_size=4k"),
        DATA_FILE("data_file=data.bin,cluster_size=4k");

        private final String options;

        Kind(String options) {
            this.options = options;
        }

        boolean hasCompressed() {
            return this != ONE_BIT_REFCOUNTS && this != DATA_FILE && this != PREALLOCATED;
        }

        boolean hasSnapshots() {
            return this != ONE_BIT_REFCOUNTS && this != DATA_FILE;
        }
    }

    private DamagedImages() {
    }

    /** Makes an image with data, zero and compressed clusters, snapshots and a bitmap, as far as its kind has them. */
    static Path make(Path folder, Kind kind) {
        Path image = folder.resolve(kind.name() + ".qcow2");
        List<String> create = new ArrayList<>(List.of("qemu-img", "create", "-q", "-f", "qcow2"));
        if (!kind.options.isEmpty()) {
            create.addAll(List.of("-o", kind.options));
        }
        create.addAll(List.of(image.toString(), "8M"));
        Peers.run(folder, create.toArray(String[]::new));
        io(folder, image, "write -P 1 0 300k", "write -P 2 1M 200k", "write -z 1100k 100k", "write -P 3 2500k 9k");
        if (kind.hasSnapshots()) {
            Peers.run(folder, "qemu-img", "snapshot", "-c", "first", image.toString());
            io(folder, image, "write -P 4 100k 64k", "write -P 5 3M 70k");
            Peers.run(folder, "qemu-img", "snapshot", "-c", "second one", image.toString());
            io(folder, image, "write -P 6 2M 30k");
        }
        if (kind.hasCompressed()) {
            io(folder, image, "write -c -P 7 4M 1M", "write -c -P 8 5M 1M");
        }
        if (kind != Kind.VERSION_2) {
            Peers.run(folder, "qemu-img", "bitmap", "--add", image.toString(), "b0");
            io(folder, image, "write -P 9 1536k 5k");
        }
        return image;
    }

    private static void io(Path folder, Path image, String... commands) {
        List<String> line = new ArrayList<>(List.of("qemu-io", "-f", "qcow2"));
        for (String command : commands) {
            line.addAll(List.of("-c", command));
        }
        line.add(image.toString());
        Peers.run(folder, line.toArray(String[]::new));
    }

    /** What may be damaged. */
    enum Damage {
        REFCOUNTS, L2, L1, REFCOUNT_TABLE, DIRTY_BIT
    }

    /** A copy of an image with one to three places damaged; says what was done. */
    static String damage(Path from, Path to, Damage damage, long seed) throws IOException {
        Files.copy(from, to, StandardCopyOption.REPLACE_EXISTING);
        Random random = new Random(seed);
        StringBuilder log = new StringBuilder(damage + " seed " + seed + ":");
        try (FileChannel file = FileChannel.open(to, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            Metadata metadata = new Metadata(file);
            int times = 1 + random.nextInt(3);
            for (int i = 0; i < times; i++) {
                log.append(' ').append(switch (damage) {
                    case REFCOUNTS -> metadata.damageRefcounts(random);
                    case L2 -> metadata.damageL2(random);
                    case L1 -> metadata.damageTable(metadata.l1Offset, metadata.l1Size, random);
                    case REFCOUNT_TABLE -> metadata.damageTable(metadata.refcountTable, 1, random);
                    case DIRTY_BIT -> metadata.setDirty();
                });
            }
        }
        return log.toString();
    }

    /** Where an image's tables are, told from its header only. */
    private static final class Metadata {
        private final FileChannel file;
        private final int clusterSize;
        private final int l1Size;
        private final long l1Offset;
        private final long refcountTable;
        private final boolean extended;
        private final boolean version3;

        Metadata(FileChannel file) throws IOException {
            this.file = file;
            clusterSize = 1 << (int) get(16);
            l1Size = (int) (get(36) >>> 32);
            l1Offset = get(40);
            refcountTable = get(48);
            version3 = (int) get(0) == 3;
            extended = version3 && (get(72) & 16) != 0;
        }

        private long get(long at) throws IOException {
            ByteBuffer bytes = ByteBuffer.allocate(8);
            file.read(bytes, at);
            return bytes.getLong(0);
        }

        private void put(long at, long value) throws IOException {
            file.write(ByteBuffer.allocate(8).putLong(0, value), at);
        }

        String setDirty() throws IOException {
            if (version3) {
                put(72, get(72) | 1);
            }
            return "dirty";
        }

        String damageRefcounts(Random random) throws IOException {
            long block = get(refcountTable) & OFFSET;
            // Where the first refcounts are; the others are mostly of clusters that there are not.
            long at = block + random.nextInt(Math.min(clusterSize, 512)) / 8 * 8;
            long old = get(at);
            put(at, old ^ 1L << random.nextInt(64));
            return "refcounts at " + at + " from " + Long.toHexString(old) + " to " + Long.toHexString(get(at));
        }

        String damageL2(Random random) throws IOException {
            List<Long> tables = new ArrayList<>();
            for (int i = 0; i < l1Size; i++) {
                long table = get(l1Offset + 8L * i) & OFFSET;
                if (table != 0) {
                    tables.add(table);
                }
            }
            return damageTable(tables.get(random.nextInt(tables.size())), clusterSize / 8, random);
        }

        /** Changes one entry, rather one that is not 0. */
        String damageTable(long offset, int entries, Random random) throws IOException {
            int index = random.nextInt(entries);
            for (int tries = 0; tries < 5000 && get(offset + 8L * index) == 0; tries++) {
                index = random.nextInt(entries);
            }
            long at = offset + 8L * index;
            long old = get(at);
            boolean bitmap = extended && (index & 1) == 1;
            put(at, bitmap ? old ^ 1L << random.nextInt(64) : switch (random.nextInt(8)) {
                case 0 -> old ^ COPIED;
                case 1 -> old ^ 1L << random.nextInt(64);
                case 2 -> old + 512;
                case 3 -> old + (file.size() / clusterSize + random.nextInt(3) - 1) * clusterSize;
                case 4 -> 0;
                case 5 -> get(offset + 8L * random.nextInt(entries));
                case 6 -> old + (random.nextInt(9) - 4L) * clusterSize;
                default -> old | 1L << random.nextInt(9);
            });
            return "entry " + index + " at " + at + " from " + Long.toHexString(old) + " to " + Long.toHexString(get(at));
        }
    }
}

package org.blockferry.drivers.qcow2;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import org.blockferry.engine.block.BackingReference;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockException.Kind;
import org.blockferry.engine.block.CreateOptions;
import org.blockferry.engine.block.NodeInfo;
import org.blockferry.engine.util.ByteSize;

/**
 * What kind of image is to be made: the options of {@code qemu-img create -f qcow2 -o}, read and checked. The rules and, where
 * it has them on one line, the messages are those of QEMU 7.2.
 *
 * @param version 2 or 3
 * @param layout cluster size, refcount width, extended L2
 * @param length bytes of the disk, a multiple of 512, or {@link NodeInfo#UNKNOWN_LENGTH}
 * @param lazyRefcounts whether QEMU may put refcount updates off
 * @param preallocation what is allocated from the start
 * @param compression of clusters that are written compressed
 * @param backing what shows through
 */
record NewImageOptions(
        int version,
        Qcow2Layout layout,
        long length,
        boolean lazyRefcounts,
        Preallocation preallocation,
        CompressionType compression,
        Optional<BackingReference> backing) {

    private static final int SECTOR = 512;

    /** What is allocated from the start. */
    enum Preallocation {
        /** Nothing. */
        OFF,
        /** Every cluster has its place; the file is sparse. */
        METADATA,
        /** And the file's space is reserved. */
        FALLOC,
        /** And filled with zeroes. */
        FULL;

        String word() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** The names of the options, each with one line of explanation. */
    static Map<String, String> help() {
        Map<String, String> help = new LinkedHashMap<>();
        help.put("backing_file", "File name of a base image");
        help.put("backing_fmt", "Image format of the base image");
        help.put("cluster_size", "qcow2 cluster size (512 to 2M; 64K)");
        help.put("compat", "Compatibility level (v2 [0.10] or v3 [1.1]; v3)");
        help.put("compression_type", "Compression method used for image cluster compression (zlib or zstd; zlib)");
        help.put("extended_l2", "Extended L2 tables (on or off; off)");
        help.put("lazy_refcounts", "Postpone refcount updates (on or off; off)");
        help.put("preallocation", "Preallocation mode (off, metadata, falloc or full; off)");
        help.put("refcount_bits", "Width of a reference count entry in bits (1, 2, 4, 8, 16, 32 or 64; 16)");
        return help;
    }

    /**
     * Reads and checks what a user wants.
     *
     * @param node the new image's name, for messages
     * @throws BlockException INVALID_ARGUMENT naming the option, its value and the bound; UNSUPPORTED for an option that QEMU
     *     has and that is not to be had here
     */
    static NewImageOptions parse(String node, CreateOptions create) throws BlockException {
        return new Parser(node, create.formatOptions()).parse(create);
    }

    /** All options of an image, given or by default, in QEMU's order; they have been checked. */
    static Map<String, String> describe(CreateOptions create) {
        Map<String, String> given = create.formatOptions();
        Map<String, String> all = new LinkedHashMap<>();
        all.put("cluster_size", Long.toString(
                ByteSize.parse("cluster_size", given.getOrDefault("cluster_size", "64K"))));
        all.put("extended_l2", onOrOff(given, "extended_l2"));
        putGiven(given, "preallocation", all);
        all.put("compression_type", given.getOrDefault("compression_type", CompressionType.ZLIB.word()));
        all.put("size", Long.toString(create.length()));
        putGiven(given, "compat", all);
        create.backing().ifPresent(backing -> {
            all.put("backing_file", backing.file());
            backing.format().ifPresent(format -> all.put("backing_fmt", format));
        });
        all.put("lazy_refcounts", onOrOff(given, "lazy_refcounts"));
        all.put("refcount_bits", Long.decode(given.getOrDefault("refcount_bits", "16")).toString());
        return all;
    }

    private static void putGiven(Map<String, String> given, String name, Map<String, String> all) {
        if (given.containsKey(name)) {
            all.put(name, given.get(name));
        }
    }

    private static String onOrOff(Map<String, String> given, String name) {
        return Set.of("on", "yes", "true", "y").contains(given.getOrDefault(name, "off")) ? "on" : "off";
    }

    long clusters() {
        return layout.clustersFor(length);
    }

    boolean isLengthKnown() {
        return length != NodeInfo.UNKNOWN_LENGTH;
    }

    /** A length as QEMU rounds it: up to whole sectors. */
    static long roundUp(long bytes) {
        return bytes > Long.MAX_VALUE - SECTOR ? Long.MAX_VALUE : bytes + SECTOR - 1 & -SECTOR;
    }

    /** Reads the options one by one. */
    private record Parser(String node, Map<String, String> options) {

        NewImageOptions parse(CreateOptions create) throws BlockException {
            refuseUnknown();
            int version = version();
            int clusterBits = clusterBits();
            int refcountOrder = refcountOrder(version);
            boolean lazy = flag("lazy_refcounts");
            require(!lazy || version >= 3,
                    "Lazy refcounts only supported with compatibility level 1.1 and above (use version=v3 or greater)");
            boolean extended = flag("extended_l2");
            require(!extended || version >= 3,
                    "Extended L2 entries are only supported with compatibility level 1.1 and above (use version=v3 or greater)");
            require(!extended || clusterBits >= Qcow2Layout.MIN_EXTENDED_CLUSTER_BITS,
                    "Extended L2 entries are only supported with cluster sizes of at least "
                            + (1 << Qcow2Layout.MIN_EXTENDED_CLUSTER_BITS) + " bytes");
            Qcow2Layout layout = new Qcow2Layout(clusterBits, refcountOrder, extended);
            Preallocation preallocation = word("preallocation", Preallocation.OFF, Preallocation.values(), Preallocation::word);
            CompressionType compression =
                    word("compression_type", CompressionType.ZLIB, CompressionType.values(), CompressionType::word);
            require(compression == CompressionType.ZLIB || version >= 3, "Non-zlib compression type is only supported with"
                    + " compatibility level 1.1 and above (use version=v3 or greater)");
            Optional<BackingReference> backing = backing(create.backing());
            require(backing.isEmpty() || preallocation == Preallocation.OFF || extended,
                    "Backing file and preallocation can only be used at the same time if extended_l2 is on");
            NewImageOptions parsed = new NewImageOptions(version, layout, length(create, layout, backing.isPresent(),
                    preallocation), lazy, preallocation, compression, backing);
            // Told now, not when all data has been written.
            NewImageHeader.requireRoom(node, parsed);
            return parsed;
        }

        private void refuseUnknown() throws BlockException {
            for (String name : options.keySet()) {
                if (name.equals("data_file") || name.equals("data_file_raw") && flag(name)) {
                    throw BlockException.of(Kind.UNSUPPORTED, node,
                            "Parameter '" + name + "': images with an external data file cannot be made");
                }
                if (name.startsWith("encrypt.") || name.equals("encryption") && flag(name)) {
                    throw BlockException.of(Kind.UNSUPPORTED, node,
                            "Parameter '" + name + "': encrypted images cannot be made");
                }
                require(help().containsKey(name) || name.equals("data_file_raw") || name.equals("encryption"),
                        "Invalid parameter '" + name + "'");
            }
        }

        private int version() throws BlockException {
            String text = options.getOrDefault("compat", "v3");
            return switch (text) {
                case "0.10", "v2" -> 2;
                case "1.1", "v3" -> 3;
                default -> throw invalid("Parameter 'compat' does not accept value '" + text + "'; known are v2 (0.10), v3 (1.1)");
            };
        }

        private int clusterBits() throws BlockException {
            String text = options.get("cluster_size");
            if (text == null) {
                return Qcow2Layout.DEFAULT_CLUSTER_BITS;
            }
            long size;
            try {
                size = ByteSize.parse("cluster_size", text);
            } catch (IllegalArgumentException e) {
                throw BlockException.of(Kind.INVALID_ARGUMENT, node,
                        "Parameter 'cluster_size' expects a size such as 64k, not '" + text + "'", e);
            }
            require(Long.bitCount(size) == 1 && size >= 1L << Qcow2Layout.MIN_CLUSTER_BITS
                            && size <= 1L << Qcow2Layout.MAX_CLUSTER_BITS,
                    "Cluster size must be a power of two between 512 and 2048k, not " + text);
            return Long.numberOfTrailingZeros(size);
        }

        private int refcountOrder(int version) throws BlockException {
            String text = options.getOrDefault("refcount_bits", "16");
            long bits;
            try {
                bits = Long.decode(text);
            } catch (NumberFormatException e) {
                throw BlockException.of(Kind.INVALID_ARGUMENT, node,
                        "Parameter 'refcount_bits' expects a number, not '" + text + "'", e);
            }
            require(bits >= 1 && bits <= Long.SIZE && Long.bitCount(bits) == 1,
                    "Refcount width must be a power of two and may not exceed 64 bits, not " + text);
            require(bits == 16 || version >= 3, "Different refcount widths than 16 bits require compatibility level 1.1 or above"
                    + " (use version=v3 or greater)");
            return Long.numberOfTrailingZeros(bits);
        }

        private boolean flag(String name) throws BlockException {
            String text = options.getOrDefault(name, "off");
            return switch (text) {
                case "on", "yes", "true", "y" -> true;
                case "off", "no", "false", "n" -> false;
                default -> throw invalid("Parameter '" + name + "' expects 'on' or 'off', not '" + text + "'");
            };
        }

        private <T> T word(String name, T byDefault, T[] values, Function<T, String> word)
                throws BlockException {
            String text = options.get(name);
            if (text == null) {
                return byDefault;
            }
            Optional<T> found = Arrays.stream(values).filter(value -> word.apply(value).equals(text)).findFirst();
            return found.orElseThrow(() -> invalid("Parameter '" + name + "' does not accept value '" + text + "'; known are "
                    + String.join(", ", Arrays.stream(values).map(word).toList())));
        }

        /** The base named apart from the options goes before theirs, as {@code qemu-img create -b} does. */
        private Optional<BackingReference> backing(Optional<BackingReference> given) throws BlockException {
            Optional<String> file = given.map(BackingReference::file).or(() -> Optional.ofNullable(options.get("backing_file")))
                    .filter(name -> !name.isEmpty());
            Optional<String> format = given.flatMap(BackingReference::format)
                    .or(() -> Optional.ofNullable(options.get("backing_fmt")));
            require(file.isPresent() || format.isEmpty(), "Backing format cannot be used without backing file");
            require(given.isPresent() || file.isEmpty() || format.isPresent(), "Backing file specified without backing format");
            return file.map(name -> new BackingReference(name, format));
        }

        private long length(CreateOptions create, Qcow2Layout layout, boolean backing, Preallocation preallocation)
                throws BlockException {
            if (!create.isLengthKnown()) {
                require(preallocation == Preallocation.OFF, "Preallocation needs an image size that is known from the start");
                require(!backing, "A backing file needs an image size that is known from the start");
                return NodeInfo.UNKNOWN_LENGTH;
            }
            long length = roundUp(create.length());
            require(length <= layout.maxDiskBytes(), "The image size is too large for file format 'qcow2' (try using a larger"
                    + " cluster size): " + create.length() + " bytes; with clusters of " + layout.clusterSize()
                    + " bytes at most " + layout.maxDiskBytes());
            return length;
        }

        private void require(boolean condition, String message) throws BlockException {
            if (!condition) {
                throw invalid(message);
            }
        }

        private BlockException invalid(String message) {
            return BlockException.of(Kind.INVALID_ARGUMENT, node, message);
        }
    }
}

package org.blockferry.engine.job;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import org.blockferry.engine.block.CacheMode;
import org.blockferry.engine.graph.NodeSpec;
import org.blockferry.engine.pipeline.OffloadMode;
import org.blockferry.engine.pipeline.PipelineOptions;

/**
 * What to copy where, and how. Immutable; made by a {@link Builder}, which checks what can be checked without
 * looking at a disk.
 *
 * <p>Each option means what the letter behind it means for {@code qemu-img convert}, where it has one.
 */
public final class CopyOptions {
    /** What one zero run in data must at least have to become a hole, unless told otherwise. */
    public static final long DEFAULT_SPARSE_SIZE = 4096;
    /** Bytes read between two entries of a journal, unless told otherwise. */
    public static final long DEFAULT_JOURNAL_INTERVAL = 128L << 20;
    /** The most requests in flight that may be asked for. */
    public static final int MAX_PARALLEL = 64;
    private static final int SECTOR = 512;
    private static final long MAX_SPARSE_SIZE = Integer.MAX_VALUE / SECTOR * SECTOR;

    private final Builder set;

    private CopyOptions(Builder set) {
        this.set = set;
    }

    /** Options for copying {@code source} to {@code target}, all others at their defaults. */
    public static Builder copy(String source, String target) {
        return new Builder().source(source).target(target);
    }

    public static Builder builder() {
        return new Builder();
    }

    /** The images to copy, one after the other into one disk; at least one. */
    public List<String> sources() {
        return set.sources;
    }

    /** Sources that are described part by part, by what stands for them in {@link #sources}. */
    public Map<String, NodeSpec> sourceSpecs() {
        return set.sourceSpecs;
    }

    public String target() {
        return set.target;
    }

    /** The target, when it is described part by part. */
    public Optional<NodeSpec> targetSpec() {
        return set.targetSpec;
    }

    /**
     * Whether the disk is as long as {@code qemu-img convert} makes it: whole sectors of 512 bytes, and that of a snapshot as long
     * as the image is now; what the source does not have is zeroes. Otherwise a disk keeps its length, and a snapshot has the one
     * that it was taken with.
     */
    public boolean qemuLength() {
        return set.qemuLength;
    }

    /** {@code -f}; empty: probed. */
    public Optional<String> sourceFormat() {
        return set.sourceFormat;
    }

    /** {@code -O}; empty: see {@link CopyJob}. */
    public Optional<String> targetFormat() {
        return set.targetFormat;
    }

    /** {@code -o}: options of the target's format. */
    public Map<String, String> targetOptions() {
        return set.targetOptions;
    }

    /** {@code -B}: the base that the target keeps, by the name that is stored in it. */
    public Optional<String> backing() {
        return set.backing;
    }

    /** {@code -F}: the format that the base is said to have. */
    public Optional<String> backingFormat() {
        return set.backingFormat;
    }

    /** Whether the content of a base that is not in the source's chain is trusted. */
    public boolean backingUnchecked() {
        return set.backingUnchecked;
    }

    /** {@code -n}: write into the target that is there. */
    public boolean noCreate() {
        return set.noCreate;
    }

    /** The target that is there is known to read as zeroes. */
    public boolean targetIsZero() {
        return set.targetIsZero;
    }

    /** {@code -c}: data is stored compressed. */
    public boolean compress() {
        return set.compress;
    }

    /** Whether what the source has stored compressed is compressed again, also where it could be stored as it is. */
    public boolean recompress() {
        return set.recompress;
    }

    /** {@code -S}: the shortest run of zeroes that is looked for in data; 0: none is; empty: nothing was said. */
    public OptionalLong sparseSize() {
        return set.sparseSize;
    }

    /** {@code -m}: requests in flight; 0: as suits both ends. */
    public int parallel() {
        return set.parallel;
    }

    /**
     * {@code -W}: the target may be written out of order. Taken for the sake of {@code qemu-img}, and without effect: a target
     * that needs order is given it, and any other is written by several threads.
     */
    public boolean outOfOrder() {
        return set.outOfOrder;
    }

    /** {@code -r}: bytes per second at most; 0: no limit. */
    public long rate() {
        return set.rate;
    }

    /** {@code -T}. */
    public CacheMode sourceCache() {
        return set.sourceCache;
    }

    /** {@code -t}. */
    public CacheMode targetCache() {
        return set.targetCache;
    }

    /** {@code -U}: open the source although others may write to it. */
    public boolean share() {
        return set.share;
    }

    /** Open no file that an image names. */
    public boolean untrusted() {
        return set.untrusted;
    }

    /** Go on where the source cannot be read, with zeroes. */
    public boolean salvage() {
        return set.salvage;
    }

    /** The map of a salvage that goes on in several runs; what it says is done is not done again. */
    public Optional<Path> salvageMap() {
        return set.salvageMap;
    }

    /** Whether what the source calls zeroes is looked at. */
    public HoleChecking holeChecking() {
        return set.holeChecking;
    }

    /** Whether the target is read back, and must read as the source did. */
    public boolean verify() {
        return set.verify;
    }

    /** Whether an earlier run of the same copy is gone on with, and a later one can go on. */
    public boolean resume() {
        return set.resume;
    }

    /** How the source is compared with that of the earlier run; empty: as that has begun. */
    public Optional<ResumeCheck> resumeCheck() {
        return set.resumeCheck;
    }

    /** The journal of a copy that can be resumed; empty: beside the target. */
    public Optional<Path> journal() {
        return set.journal;
    }

    /** Bytes read between two entries of the journal: what may have to be read again. */
    public long journalInterval() {
        return set.journalInterval;
    }

    /** {@code -l}: the internal snapshot to copy instead of the current state. */
    public Optional<String> snapshot() {
        return set.snapshot;
    }

    /** Whether the system may copy by itself. ALWAYS excludes looking for zeroes. */
    public OffloadMode offload() {
        return set.offload;
    }

    /** Whether times are measured per stage. */
    public boolean statistics() {
        return set.statistics;
    }

    /** Threads, slots and their shape. Of it, what the options above say as well is not used. */
    public PipelineOptions tuning() {
        return set.tuning;
    }

    /** Collects options. Not thread-safe; may go on being used after {@link #build}. */
    public static final class Builder {
        private List<String> sources = new ArrayList<>();
        private Map<String, NodeSpec> sourceSpecs = new LinkedHashMap<>();
        private String target = "";
        private Optional<NodeSpec> targetSpec = Optional.empty();
        private boolean qemuLength;
        private Optional<String> sourceFormat = Optional.empty();
        private Optional<String> targetFormat = Optional.empty();
        private Map<String, String> targetOptions = new LinkedHashMap<>();
        private Optional<String> backing = Optional.empty();
        private Optional<String> backingFormat = Optional.empty();
        private boolean backingUnchecked;
        private boolean noCreate;
        private boolean targetIsZero;
        private boolean compress;
        private boolean recompress;
        private OptionalLong sparseSize = OptionalLong.empty();
        private int parallel;
        private boolean outOfOrder;
        private long rate;
        private CacheMode sourceCache = CacheMode.WRITEBACK;
        private CacheMode targetCache = CacheMode.UNSAFE;
        private boolean share;
        private boolean untrusted;
        private boolean salvage;
        private Optional<Path> salvageMap = Optional.empty();
        private HoleChecking holeChecking = HoleChecking.NONE;
        private boolean verify;
        private boolean resume;
        private Optional<ResumeCheck> resumeCheck = Optional.empty();
        private Optional<Path> journal = Optional.empty();
        private long journalInterval = DEFAULT_JOURNAL_INTERVAL;
        private Optional<String> snapshot = Optional.empty();
        private OffloadMode offload = OffloadMode.AUTO;
        private boolean statistics;
        private PipelineOptions tuning = PipelineOptions.DEFAULT;

        private Builder() {
        }

        private Builder(Builder from) {
            sources = List.copyOf(from.sources);
            sourceSpecs = Map.copyOf(from.sourceSpecs);
            target = from.target;
            targetSpec = from.targetSpec;
            qemuLength = from.qemuLength;
            sourceFormat = from.sourceFormat;
            targetFormat = from.targetFormat;
            targetOptions = Map.copyOf(from.targetOptions);
            backing = from.backing;
            backingFormat = from.backingFormat;
            backingUnchecked = from.backingUnchecked;
            noCreate = from.noCreate;
            targetIsZero = from.targetIsZero;
            compress = from.compress;
            recompress = from.recompress;
            sparseSize = from.sparseSize;
            parallel = from.parallel;
            outOfOrder = from.outOfOrder;
            rate = from.rate;
            sourceCache = from.sourceCache;
            targetCache = from.targetCache;
            share = from.share;
            untrusted = from.untrusted;
            salvage = from.salvage;
            salvageMap = from.salvageMap;
            holeChecking = from.holeChecking;
            verify = from.verify;
            resume = from.resume;
            resumeCheck = from.resumeCheck;
            journal = from.journal;
            journalInterval = from.journalInterval;
            snapshot = from.snapshot;
            offload = from.offload;
            statistics = from.statistics;
            tuning = from.tuning;
        }

        /** Adds a source. */
        public Builder source(String image) {
            sources.add(Objects.requireNonNull(image, "source"));
            return this;
        }

        /** Adds sources. */
        public Builder sources(List<String> images) {
            images.forEach(this::source);
            return this;
        }

        /** Adds a source that is described part by part; the text of its location stands for it. */
        public Builder source(NodeSpec image) {
            sourceSpecs.put(image.file().text(), image);
            return source(image.file().text());
        }

        /** A target that is described part by part, and is there ({@code -n}). */
        public Builder target(NodeSpec image) {
            targetSpec = Optional.of(image);
            image.format().ifPresent(this::targetFormat);
            return target(image.file().text());
        }

        public Builder qemuLength(boolean rounded) {
            qemuLength = rounded;
            return this;
        }

        public Builder target(String image) {
            target = Objects.requireNonNull(image, "target");
            return this;
        }

        public Builder sourceFormat(String format) {
            sourceFormat = Optional.of(format);
            return this;
        }

        public Builder targetFormat(String format) {
            targetFormat = Optional.of(format);
            return this;
        }

        /** Adds an option of the target's format. */
        public Builder targetOption(String name, String value) {
            targetOptions.put(Objects.requireNonNull(name, "name"), Objects.requireNonNull(value, "value"));
            return this;
        }

        /** Adds options of the target's format. */
        public Builder targetOptions(Map<String, String> options) {
            options.forEach(this::targetOption);
            return this;
        }

        /** The base to keep. A relative name is relative to the folder of the target, as it is in the target. */
        public Builder backing(String image) {
            backing = Optional.of(image);
            return this;
        }

        public Builder backingFormat(String format) {
            backingFormat = Optional.of(format);
            return this;
        }

        public Builder backingUnchecked(boolean unchecked) {
            backingUnchecked = unchecked;
            return this;
        }

        public Builder noCreate(boolean inPlace) {
            noCreate = inPlace;
            return this;
        }

        public Builder targetIsZero(boolean zero) {
            targetIsZero = zero;
            return this;
        }

        public Builder compress(boolean compressed) {
            compress = compressed;
            return this;
        }

        public Builder recompress(boolean always) {
            recompress = always;
            return this;
        }

        /** @param bytes 0, or a multiple of 512 */
        public Builder sparseSize(long bytes) {
            sparseSize = OptionalLong.of(bytes);
            return this;
        }

        /** @param requests 0, or 1 to {@link #MAX_PARALLEL} */
        public Builder parallel(int requests) {
            parallel = requests;
            return this;
        }

        public Builder outOfOrder(boolean allowed) {
            outOfOrder = allowed;
            return this;
        }

        /** @param bytesPerSecond 0: no limit */
        public Builder rate(long bytesPerSecond) {
            rate = bytesPerSecond;
            return this;
        }

        public Builder sourceCache(CacheMode mode) {
            sourceCache = Objects.requireNonNull(mode, "source cache");
            return this;
        }

        public Builder targetCache(CacheMode mode) {
            targetCache = Objects.requireNonNull(mode, "target cache");
            return this;
        }

        public Builder share(boolean shared) {
            share = shared;
            return this;
        }

        public Builder untrusted(boolean fromOthers) {
            untrusted = fromOthers;
            return this;
        }

        public Builder salvage(boolean goOn) {
            salvage = goOn;
            return this;
        }

        /** Implies {@link #salvage}. */
        public Builder salvageMap(Path file) {
            salvageMap = Optional.of(file);
            salvage = true;
            return this;
        }

        public Builder holeChecking(HoleChecking how) {
            holeChecking = Objects.requireNonNull(how, "hole checking");
            return this;
        }

        /** Nothing is offloaded then: a byte that this process has not seen is in no digest. */
        public Builder verify(boolean readBack) {
            verify = readBack;
            return this;
        }

        /** The target's cache mode must flush then: {@code unsafe} becomes {@code writeback}. */
        public Builder resume(boolean goOn) {
            resume = goOn;
            return this;
        }

        public Builder resumeCheck(ResumeCheck how) {
            resumeCheck = Optional.of(how);
            return this;
        }

        public Builder journal(Path file) {
            journal = Optional.of(file);
            return this;
        }

        /** @param bytes at least 1 */
        public Builder journalInterval(long bytes) {
            journalInterval = bytes;
            return this;
        }

        public Builder snapshot(String idOrName) {
            snapshot = Optional.of(idOrName);
            return this;
        }

        public Builder offload(OffloadMode mode) {
            offload = Objects.requireNonNull(mode, "offload");
            return this;
        }

        public Builder statistics(boolean measured) {
            statistics = measured;
            return this;
        }

        /** Shape, threads and slots; sparse size, offload, salvage and statistics are taken from this builder's own options. */
        public Builder tuning(PipelineOptions pipeline) {
            tuning = Objects.requireNonNull(pipeline, "tuning");
            return this;
        }

        /**
         * The options, checked.
         *
         * @throws IllegalArgumentException one line naming the option, its value and the bound, or the options that exclude
         *     each other
         */
        public CopyOptions build() {
            Builder options = new Builder(this);
            options.takeBackingOptions();
            options.check();
            return new CopyOptions(options);
        }

        /** {@code -o backing_file=…,backing_fmt=…} says the same as {@code -B … -F …}. */
        private void takeBackingOptions() {
            Map<String, String> rest = new LinkedHashMap<>(targetOptions);
            Optional<String> file = Optional.ofNullable(rest.remove("backing_file"));
            Optional<String> format = Optional.ofNullable(rest.remove("backing_fmt"));
            require(file.isEmpty() || backing.isEmpty(), "the backing file is given twice: by -B and by -o backing_file");
            require(format.isEmpty() || backingFormat.isEmpty(),
                    "the backing format is given twice: by -F and by -o backing_fmt");
            backing = backing.or(() -> file);
            backingFormat = backingFormat.or(() -> format);
            targetOptions = Map.copyOf(rest);
        }

        private void check() {
            require(!sources.isEmpty() && sources.stream().noneMatch(String::isEmpty), "a copy needs a source");
            require(!target.isEmpty(), "a copy needs a target");
            long sparse = sparseSize.orElse(DEFAULT_SPARSE_SIZE);
            require(sparse >= 0 && sparse <= MAX_SPARSE_SIZE && sparse % SECTOR == 0, "the sparse size (-S) is " + sparse
                    + "; it is a multiple of 512 up to " + MAX_SPARSE_SIZE + ", or 0 to look for no zeroes");
            require(parallel >= 0 && parallel <= MAX_PARALLEL,
                    "the number of requests (-m) is " + parallel + "; it is 1 to " + MAX_PARALLEL);
            require(rate >= 0, "the rate (-r) is " + rate + " bytes per second; it is not negative, and 0 is no limit");
            require(snapshot.isEmpty() || sources.size() == 1,
                    "a snapshot (-l) is of one source, and " + sources.size() + " are given");
            require(compress || !recompress, "--recompress says how to compress (-c)");
            checkBacking();
            require(targetSpec.isEmpty() || noCreate, "a target that is described part by part must be there (-n)");
            require(targetSpec.isEmpty() || !targetSpec.get().isSlice(), "a part of a file cannot be a target");
            if (noCreate) {
                require(targetOptions.isEmpty(), "options for a new target (-o) make no sense where none is made (-n)");
            }
            if (resume) {
                require(backing.isEmpty(), "a backing file (-B) and --resume exclude each other");
                require(!compress, "compressing (-c) and --resume exclude each other: what is compressed is written once");
                require(!salvage, "--salvage and --resume exclude each other; --salvage-map goes on by itself");
                require(targetSpec.isEmpty() && sourceSpecs.isEmpty(), "images that are described part by part cannot be resumed");
            }
            require(resume || journal.isEmpty() && resumeCheck.isEmpty(), "a journal is kept with --resume only");
            require(journalInterval > 0, "the journal's interval is " + journalInterval + "; at least 1");
            if (salvageMap.isPresent()) {
                require(!verify, "--verify and --salvage-map exclude each other: what cannot be read has no digest");
                require(sources.size() == 1, "a map (--salvage-map) is of one source, and " + sources.size() + " are given");
                require(backing.isEmpty(), "a backing file (-B) and --salvage-map exclude each other");
                require(!compress, "compressing (-c) and --salvage-map exclude each other: what is compressed is written once");
            }
            if (offload == OffloadMode.PREFER) {
                require(!verify, "preferring offload and --verify exclude each other: what is digested must be read");
                require(!salvage, "preferring offload and --salvage exclude each other");
                require(!compress, "preferring offload and compressing (-c) exclude each other");
            }
            if (offload == OffloadMode.ALWAYS) {
                require(sparseSize.orElse(0) == 0, "offloading always and looking for zeroes (-S) exclude each other");
                require(!verify, "offloading always and --verify exclude each other: what is digested must be read");
                require(!salvage, "offloading always and --salvage exclude each other");
                require(!compress, "offloading always and compressing (-c) exclude each other");
            }
        }

        private void checkBacking() {
            if (backing.isEmpty()) {
                require(backingFormat.isEmpty(), "a backing format (-F) needs a backing file (-B)");
                require(!backingUnchecked, "there is no backing file (-B) to leave unchecked");
                return;
            }
            require(!backing.get().isEmpty(), "the name of the backing file (-B) is empty");
            require(sources.size() == 1,
                    "a backing file (-B) cannot be kept when " + sources.size() + " sources become one disk");
            require(!noCreate, "a backing file (-B) is given to a new target, not to one that is there (-n)");
            require(!targetIsZero, "a target with a backing file (-B) does not read as zeroes (--target-is-zero)");
        }

        private static void require(boolean holds, String message) {
            if (!holds) {
                throw new IllegalArgumentException(message);
            }
        }
    }
}

package org.blockferry.engine.mirror;

import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * What a mirror job is to do. Names and defaults are those of QEMU's {@code blockdev-mirror}, as far as it has them. Immutable.
 */
public final class MirrorOptions {
    /** What may be left for the last pass, during which the guest stands still, unless it is told otherwise. */
    public static final long DEFAULT_FINAL_BYTES = 64L << 20;

    private final String target;
    private final Optional<String> targetFormat;
    private final Map<String, String> targetOptions;
    private final boolean noCreate;
    private final Optional<String> backing;
    private final Optional<String> backingFormat;
    private final SyncMode sync;
    private final int layers;
    private final CopyMode copyMode;
    private final long speed;
    private final boolean unmap;
    private final boolean targetIsZero;
    private final OnError onSourceError;
    private final OnError onTargetError;
    private final Optional<String> bitmap;
    private final BitmapMode bitmapMode;
    private final long finalBytes;
    private final boolean autoFinalize;

    private MirrorOptions(Builder builder) {
        target = builder.target;
        targetFormat = builder.targetFormat;
        targetOptions = Map.copyOf(builder.targetOptions);
        noCreate = builder.noCreate;
        backing = builder.backing;
        backingFormat = builder.backingFormat;
        sync = builder.sync;
        layers = builder.layers;
        copyMode = builder.copyMode;
        speed = builder.speed;
        unmap = builder.unmap;
        targetIsZero = builder.targetIsZero;
        onSourceError = builder.onSourceError;
        onTargetError = builder.onTargetError;
        bitmap = builder.bitmap;
        bitmapMode = builder.sync == SyncMode.INCREMENTAL ? BitmapMode.ON_SUCCESS : builder.bitmapMode;
        finalBytes = builder.finalBytes;
        autoFinalize = builder.autoFinalize;
        boolean needsBitmap = sync == SyncMode.INCREMENTAL || sync == SyncMode.BITMAP;
        if (needsBitmap != bitmap.isPresent()) {
            throw new IllegalArgumentException(needsBitmap ? "sync=" + sync.word() + " needs a bitmap"
                    : "a bitmap is for sync=incremental and sync=bitmap, not for sync=" + sync.word());
        }
        if (backing.isPresent() && sync == SyncMode.FULL) {
            throw new IllegalArgumentException("with sync=full nothing is left to a backing file");
        }
    }

    /** A job to this target, a name as a user writes it. */
    public static Builder to(String target) {
        return new Builder(target);
    }

    public String target() {
        return target;
    }

    /** Format of the target; empty: that of what stands there, or of the ending of its name, or raw. */
    public Optional<String> targetFormat() {
        return targetFormat;
    }

    /** The options of {@code -o} for a new target. */
    public Map<String, String> targetOptions() {
        return targetOptions;
    }

    /** Whether the target is there and is written in place. */
    public boolean noCreate() {
        return noCreate;
    }

    /** The backing file of a new target. */
    public Optional<String> backing() {
        return backing;
    }

    public Optional<String> backingFormat() {
        return backingFormat;
    }

    public SyncMode sync() {
        return sync;
    }

    /** With sync=top, the images from the top one down that are copied. */
    public int layers() {
        return layers;
    }

    public CopyMode copyMode() {
        return copyMode;
    }

    /** Bytes per second; 0: unlimited. */
    public long speed() {
        return speed;
    }

    /** Whether zeroes may become holes. */
    public boolean unmap() {
        return unmap;
    }

    /** Whether the target is known to read as zeroes. */
    public boolean targetIsZero() {
        return targetIsZero;
    }

    public OnError onSourceError() {
        return onSourceError;
    }

    public OnError onTargetError() {
        return onTargetError;
    }

    /** The bitmap that says what to copy. */
    public Optional<String> bitmap() {
        return bitmap;
    }

    public BitmapMode bitmapMode() {
        return bitmapMode;
    }

    /** When no more than this is dirty the job is ready. */
    public long finalBytes() {
        return finalBytes;
    }

    /** Whether a job that has copied everything makes its target whole at once, or waits for {@link MirrorJob#finalizeJob}. */
    public boolean autoFinalize() {
        return autoFinalize;
    }

    /** Collects options. */
    public static final class Builder {
        private final String target;
        private Optional<String> targetFormat = Optional.empty();
        private Map<String, String> targetOptions = Map.of();
        private boolean noCreate;
        private Optional<String> backing = Optional.empty();
        private Optional<String> backingFormat = Optional.empty();
        private SyncMode sync = SyncMode.FULL;
        private int layers = 1;
        private CopyMode copyMode = CopyMode.BACKGROUND;
        private long speed;
        private boolean unmap = true;
        private boolean targetIsZero;
        private OnError onSourceError = OnError.REPORT;
        private OnError onTargetError = OnError.REPORT;
        private Optional<String> bitmap = Optional.empty();
        private BitmapMode bitmapMode = BitmapMode.ON_SUCCESS;
        private long finalBytes = DEFAULT_FINAL_BYTES;
        private boolean autoFinalize = true;

        private Builder(String target) {
            this.target = Objects.requireNonNull(target, "target");
        }

        public Builder targetFormat(String value) {
            targetFormat = Optional.of(value);
            return this;
        }

        public Builder targetOptions(Map<String, String> value) {
            targetOptions = value;
            return this;
        }

        public Builder noCreate(boolean value) {
            noCreate = value;
            return this;
        }

        public Builder backing(String value) {
            backing = Optional.of(value);
            return this;
        }

        public Builder backingFormat(String value) {
            backingFormat = Optional.of(value);
            return this;
        }

        public Builder sync(SyncMode value) {
            sync = Objects.requireNonNull(value, "sync");
            return this;
        }

        public Builder layers(int value) {
            layers = value;
            return this;
        }

        public Builder copyMode(CopyMode value) {
            copyMode = Objects.requireNonNull(value, "copyMode");
            return this;
        }

        public Builder speed(long bytesPerSecond) {
            speed = bytesPerSecond;
            return this;
        }

        public Builder unmap(boolean value) {
            unmap = value;
            return this;
        }

        public Builder targetIsZero(boolean value) {
            targetIsZero = value;
            return this;
        }

        public Builder onSourceError(OnError value) {
            onSourceError = Objects.requireNonNull(value, "onSourceError");
            return this;
        }

        public Builder onTargetError(OnError value) {
            onTargetError = Objects.requireNonNull(value, "onTargetError");
            return this;
        }

        public Builder bitmap(String value) {
            bitmap = Optional.of(value);
            return this;
        }

        public Builder bitmapMode(BitmapMode value) {
            bitmapMode = Objects.requireNonNull(value, "bitmapMode");
            return this;
        }

        public Builder finalBytes(long value) {
            finalBytes = value;
            return this;
        }

        public Builder autoFinalize(boolean value) {
            autoFinalize = value;
            return this;
        }

        /** @throws IllegalArgumentException if the options contradict each other, in words for users */
        public MirrorOptions build() {
            return new MirrorOptions(this);
        }
    }
}

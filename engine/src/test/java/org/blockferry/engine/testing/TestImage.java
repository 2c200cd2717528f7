package org.blockferry.engine.testing;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.blockferry.engine.block.ByteRange;

/**
 * A small disk for tests: every byte of it, and what each run of them is. Runs adjoin, start at 0 and are never of the same
 * kind twice in a row. Immutable; {@link #bytes} hands out a copy.
 */
public final class TestImage {
    /** What a run is. */
    public enum Kind {
        /** Random bytes, none of which is zero. */
        DATA,
        /** Reads as zeroes, and the image knows it: a hole, a zero cluster. */
        ZERO,
        /** Not in this layer: shows the backing file. Alone it reads as zeroes. */
        DEFERRED
    }

    /** Bytes of one kind. */
    public record Run(ByteRange range, Kind kind) {
    }

    private static final int K = 1024;
    private static final TestImage STANDARD = builder().data(64 * K).zero(64 * K).data(128 * K).zero(192 * K).data(64 * K)
            .zero(320 * K).data(192 * K + 1536).build();
    private static final TestImage OVERLAY = builder().data(64 * K).deferred(128 * K).zero(128 * K).data(64 * K).zero(64 * K)
            .deferred(192 * K).data(128 * K).deferred(256 * K + 1536).build();

    private final byte[] bytes;
    private final List<Run> runs;

    private TestImage(byte[] bytes, List<Run> runs) {
        this.bytes = bytes;
        this.runs = List.copyOf(runs);
    }

    /** Runs written one after the other. */
    public static Builder builder() {
        return new Builder();
    }

    /**
     * The image that the contracts use unless told otherwise: runs of 64 KiB and more, cut on 64 KiB, so that any file system,
     * server and cluster size up to that can store them as they are; 1 MiB and a ragged end of three sectors, which is data.
     */
    public static TestImage standard() {
        return STANDARD;
    }

    /** As {@link #standard}, over a backing file: the three kinds, each next to each. */
    public static TestImage overlay() {
        return OVERLAY;
    }

    /** All data, from a seed. */
    public static TestImage data(int length, long seed) {
        return new Builder(seed).data(length).build();
    }

    /** All zeroes that are known to be zeroes. */
    public static TestImage zeroes(int length) {
        return builder().zero(length).build();
    }

    /**
     * An image that something else made.
     *
     * @param runs adjoining, from 0 to the end of {@code bytes}
     */
    public static TestImage of(byte[] bytes, List<Run> runs) {
        long at = 0;
        for (Run run : runs) {
            if (run.range().offset() != at) {
                throw new IllegalArgumentException("runs do not adjoin at " + at + ": " + runs);
            }
            at = run.range().end();
        }
        if (at != bytes.length) {
            throw new IllegalArgumentException("runs end at " + at + ", the image at " + bytes.length);
        }
        return new TestImage(bytes.clone(), runs);
    }

    public int length() {
        return bytes.length;
    }

    public ByteRange range() {
        return new ByteRange(0, bytes.length);
    }

    public List<Run> runs() {
        return runs;
    }

    /** Every byte, DEFERRED ones as zeroes. */
    public byte[] bytes() {
        return bytes.clone();
    }

    public byte[] bytes(ByteRange range) {
        return Arrays.copyOfRange(bytes, Math.toIntExact(range.offset()), Math.toIntExact(range.end()));
    }

    /** What a guest reads from this image over {@code base}: past the end of a shorter base, zeroes. */
    public byte[] over(TestImage base) {
        byte[] seen = bytes.clone();
        for (Run run : runs) {
            int shared = (int) Math.min(run.range().end(), base.length()) - (int) run.range().offset();
            if (run.kind() == Kind.DEFERRED && shared > 0) {
                System.arraycopy(base.bytes, (int) run.range().offset(), seen, (int) run.range().offset(), shared);
            }
        }
        return seen;
    }

    /** Writes an image from its start to its end. */
    public static final class Builder {
        private final SplittableRandom random;
        private final List<Run> runs = new ArrayList<>();
        private byte[] bytes = new byte[0];

        private Builder() {
            this(42);
        }

        private Builder(long seed) {
            random = new SplittableRandom(seed);
        }

        public Builder data(int length) {
            int start = append(length, Kind.DATA);
            for (int i = start; i < bytes.length; i++) {
                bytes[i] = (byte) (1 + random.nextInt(255));
            }
            return this;
        }

        /** Data that any codec makes much smaller: lines of text, without a zero. */
        public Builder text(int length) {
            int start = append(length, Kind.DATA);
            for (int i = start; i < bytes.length; i++) {
                bytes[i] = (byte) (i % 64 == 63 ? '\n' : i % 4 == 0 ? 'a' + random.nextInt(26) : '-');
            }
            return this;
        }

        public Builder zero(int length) {
            append(length, Kind.ZERO);
            return this;
        }

        public Builder deferred(int length) {
            append(length, Kind.DEFERRED);
            return this;
        }

        private int append(int length, Kind kind) {
            int start = bytes.length;
            bytes = Arrays.copyOf(bytes, start + length);
            Run last = runs.isEmpty() ? null : runs.get(runs.size() - 1);
            if (last != null && last.kind() == kind) {
                runs.set(runs.size() - 1, new Run(ByteRange.between(last.range().offset(), bytes.length), kind));
            } else if (length > 0) {
                runs.add(new Run(new ByteRange(start, length), kind));
            }
            return start;
        }

        public TestImage build() {
            return new TestImage(bytes.clone(), runs);
        }
    }
}

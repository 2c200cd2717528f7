package org.blockferry.engine.block;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/** How a node uses the host's page cache, with QEMU's names and meanings. */
public enum CacheMode {
    /** Through the page cache; flushes reach the device. */
    WRITEBACK(false, false, true),
    /** Past the page cache (O_DIRECT); flushes reach the device. */
    NONE(true, false, true),
    /** Through the page cache; every write is durable on return. */
    WRITETHROUGH(false, true, true),
    /** Past the page cache; every write is durable on return. */
    DIRECTSYNC(true, true, true),
    /** Through the page cache; flushes are left out. */
    UNSAFE(false, false, false);

    private final boolean direct;
    private final boolean sync;
    private final boolean flush;

    CacheMode(boolean direct, boolean sync, boolean flush) {
        this.direct = direct;
        this.sync = sync;
        this.flush = flush;
    }

    /** Whether the page cache is bypassed. */
    public boolean isDirect() {
        return direct;
    }

    /** Whether each write is durable on return. */
    public boolean isSync() {
        return sync;
    }

    /** Whether a flush reaches the device. */
    public boolean flushes() {
        return flush;
    }

    /** QEMU's word for it. */
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    /**
     * The mode called {@code word}; {@code off} is another word for {@code none}, as in QEMU.
     *
     * @throws IllegalArgumentException naming the word and the known ones
     */
    public static CacheMode parse(String word) {
        if (word.equals("off")) {
            return NONE;
        }
        return Arrays.stream(values()).filter(mode -> mode.word().equals(word)).findFirst()
                .orElseThrow(() -> new IllegalArgumentException("cache mode is '" + word + "'; known are "
                        + Arrays.stream(values()).map(CacheMode::word).collect(Collectors.joining(", "))));
    }
}

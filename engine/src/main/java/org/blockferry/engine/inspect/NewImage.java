package org.blockferry.engine.inspect;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import org.blockferry.engine.block.CacheMode;
import org.blockferry.engine.block.CreateOptions;

/**
 * The image that is to be made.
 *
 * @param format its format
 * @param options those of {@code -o}, as a user writes them
 */
public record NewImage(String format, Map<String, String> options) {
    private static final String BACKING_FILE = "backing_file";

    public NewImage {
        Objects.requireNonNull(format, "format");
        options = Map.copyOf(options);
    }

    /** Whether it is going to have a backing file. */
    public boolean isBacked() {
        return !options.getOrDefault(BACKING_FILE, "").isEmpty();
    }

    /** Without what says nothing of how large it gets: its name, the name below it, a length that is given otherwise. */
    CreateOptions createOptions(long length) {
        Map<String, String> rest = new LinkedHashMap<>(options);
        rest.remove(BACKING_FILE);
        rest.remove("backing_fmt");
        rest.remove("size");
        return CreateOptions.ofLength(length).withCache(CacheMode.UNSAFE).withFormatOptions(rest);
    }
}

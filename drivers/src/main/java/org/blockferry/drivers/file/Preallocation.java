package org.blockferry.drivers.file;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockException.Kind;
import org.blockferry.engine.block.ByteRange;
import org.blockferry.engine.block.CreateOptions;
import org.blockferry.engine.block.WriteFlag;

/** The values of the option {@code preallocation} of a new file, with qemu-img's words. */
enum Preallocation {
    /** A hole as long as the disk. */
    OFF,
    /** Space is reserved, by the kernel if it can and by writing zeroes if not. */
    FALLOC,
    /** Zeroes are written. */
    FULL;

    private static final String OPTION = "preallocation";
    private static final int PIECE = 2 << 20;

    static Preallocation of(String node, CreateOptions options) throws BlockException {
        String word = options.formatOptions().getOrDefault(OPTION, OFF.word());
        for (Preallocation value : values()) {
            if (value.word().equals(word)) {
                return value;
            }
        }
        throw BlockException.field(Kind.INVALID_ARGUMENT, node, OPTION, "'" + word + "'", "known for a file are "
                + Arrays.stream(values()).map(Preallocation::word).collect(Collectors.joining(", ")));
    }

    private String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    void apply(FileTarget target, long length) throws BlockException {
        if (length <= 0 || this == OFF || this == FALLOC && target.allocate(new ByteRange(0, length))) {
            return;
        }
        ByteBuffer zeroes = ByteBuffer.allocateDirect((int) Math.min(PIECE, length));
        for (long offset = 0; offset < length; offset += zeroes.capacity()) {
            zeroes.clear().limit((int) Math.min(zeroes.capacity(), length - offset));
            target.write(offset, zeroes, WriteFlag.NONE);
        }
    }
}

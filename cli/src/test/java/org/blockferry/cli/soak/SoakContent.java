package org.blockferry.cli.soak;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;

/** Writes raw disks of random noise, text, zeroes and holes. */
final class SoakContent {
    private static final int SECTOR = 512;
    private static final int MAX_SECTORS = 40_000;
    private static final int MAX_PIECE = 1 << 20;

    private SoakContent() {
    }

    /** A new disk; returns its length. */
    static long make(Random random, Path file) throws IOException {
        long length = (1L + random.nextInt(random.nextInt(4) == 0 ? 200 : MAX_SECTORS)) * SECTOR;
        try (RandomAccessFile disk = new RandomAccessFile(file.toFile(), "rw")) {
            disk.setLength(length);
        }
        change(random, file, 1 + random.nextInt(24));
        return length;
    }

    /** Writes some pieces anew. */
    static void change(Random random, Path file, int pieces) throws IOException {
        try (RandomAccessFile disk = new RandomAccessFile(file.toFile(), "rw")) {
            for (int piece = 0; piece < pieces; piece++) {
                long at = (long) (random.nextDouble() * disk.length());
                at -= random.nextBoolean() ? at % 4096 : 0;
                byte[] bytes = new byte[(int) Math.min(1 + random.nextInt(MAX_PIECE), disk.length() - at)];
                switch (random.nextInt(3)) {
                    case 0 -> random.nextBytes(bytes);
                    case 1 -> Arrays.fill(bytes, (byte) ('a' + random.nextInt(26)));
                    default -> Arrays.fill(bytes, (byte) 0);
                }
                disk.seek(at);
                disk.write(bytes);
            }
        }
    }
}

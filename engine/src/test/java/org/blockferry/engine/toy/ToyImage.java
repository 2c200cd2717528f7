package org.blockferry.engine.toy;

import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.SplittableRandom;

/**
 * The bytes of an image in the toy format. One letter says what each cluster is:
 *
 * <pre>
 *   .  deferred           D  data                     W  data that is all zeroes   C  compressed
 *   Z  zero               P  zero, space mapped       U  deferred, space mapped    N  content unspecified
 * </pre>
 *
 * @param length bytes of the disk
 * @param cluster bytes of a cluster
 * @param clusters a letter each; clusters that are missing are deferred
 * @param seed of the data
 * @param backing name of the backing file; empty: none
 * @param backingFormat format of the backing file; empty: not named
 * @param dataFile name of an external data file; empty: none
 */
public record ToyImage(
        int length, int cluster, String clusters, long seed, String backing, String backingFormat, String dataFile) {
    static final String MAGIC = "TOYF";
    static final int HEADER = 4096;

    /** An image of so many clusters of 512 bytes, without other files. */
    public static ToyImage of(String clusters, long seed) {
        return new ToyImage(clusters.length() * 512, 512, clusters, seed, "", "", "");
    }

    public ToyImage over(String file, String format) {
        return new ToyImage(length, cluster, clusters, seed, file, format, dataFile);
    }

    public ToyImage withLength(int bytes) {
        return new ToyImage(bytes, cluster, clusters, seed, backing, backingFormat, dataFile);
    }

    public ToyImage withDataFile(String file) {
        return new ToyImage(length, cluster, clusters, seed, backing, backingFormat, file);
    }

    /** The letter of the cluster with this number. */
    public char letter(int number) {
        return number < clusters.length() ? clusters.charAt(number) : '.';
    }

    /** What the layer alone reads as. */
    public byte[] content() {
        byte[] content = new byte[length];
        SplittableRandom random = new SplittableRandom(seed);
        for (int i = 0; i < length; i++) {
            byte value = (byte) (1 + random.nextInt(255));
            char letter = letter(i / cluster);
            if (letter == 'D' || letter == 'C' || letter == 'N') {
                content[i] = value;
            }
        }
        return content;
    }

    /** The file. */
    public byte[] bytes() {
        byte[] file = new byte[HEADER + HEADER + length];
        String header = String.join("\n", MAGIC, "" + length, "" + cluster, backing, backingFormat, dataFile, "");
        put(file, 0, header.getBytes(StandardCharsets.UTF_8));
        StringBuilder map = new StringBuilder();
        for (int i = 0; i * cluster < length; i++) {
            map.append(letter(i));
        }
        put(file, HEADER, map.toString().getBytes(StandardCharsets.US_ASCII));
        put(file, 2 * HEADER, content());
        // What is mapped under a zero or deferring cluster must never be seen.
        for (int i = 0; i < length; i++) {
            if ("PU".indexOf(letter(i / cluster)) >= 0) {
                file[2 * HEADER + i] = (byte) 0xEE;
            }
        }
        return file;
    }

    private static void put(byte[] file, int at, byte[] bytes) {
        System.arraycopy(bytes, 0, file, at, bytes.length);
    }

    /** Reads the header back; empty if this is no toy image. */
    static Optional<ToyImage> parse(byte[] head, byte[] map) {
        String text = new String(head, StandardCharsets.UTF_8);
        if (!text.startsWith(MAGIC)) {
            return Optional.empty();
        }
        String[] lines = text.split("\n", -1);
        int length = Integer.parseInt(lines[1]);
        int cluster = Integer.parseInt(lines[2]);
        String letters = new String(map, 0, (length + cluster - 1) / cluster, StandardCharsets.US_ASCII);
        return Optional.of(new ToyImage(length, cluster, letters, 0, lines[3], lines[4], lines[5]));
    }
}

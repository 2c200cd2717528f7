package org.blockferry.engine.digest;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/** A standard hash that every Java has. */
public enum DigestAlgorithm {
    SHA256("SHA-256"),
    SHA1("SHA-1"),
    SHA224("SHA-224"),
    SHA384("SHA-384"),
    SHA512("SHA-512"),
    SHA3_256("SHA3-256"),
    SHA3_384("SHA3-384"),
    SHA3_512("SHA3-512");

    private final String standard;

    DigestAlgorithm(String standard) {
        this.standard = standard;
    }

    /** The word for it on a command line: {@code sha256}, {@code sha3-256}. */
    public String word() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /** All words, for help and messages. */
    public static String words() {
        return Arrays.stream(values()).map(DigestAlgorithm::word).collect(Collectors.joining(", "));
    }

    /**
     * The algorithm called {@code word}.
     *
     * @throws IllegalArgumentException naming the word and the known ones
     */
    public static DigestAlgorithm parse(String word) {
        return Arrays.stream(values()).filter(known -> known.word().equals(word)).findFirst()
                .orElseThrow(() -> new IllegalArgumentException("algorithm is '" + word + "'; known are " + words()));
    }

    MessageDigest make() {
        try {
            return MessageDigest.getInstance(standard);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("this Java has no " + standard, e);
        }
    }
}

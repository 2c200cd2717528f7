package org.blockferry.engine.util;

import java.math.BigDecimal;

/** Sizes as people write them: {@code 64K}, {@code 1.5G}, {@code 4096}. Suffixes are binary, as everywhere in this field. */
public final class ByteSize {
    private static final String SUFFIXES = "BKMGTPE";
    private static final String UNITS = "KMGTPE";

    private ByteSize() {
    }

    /**
     * Reads a size: digits, at most one decimal point, and one of the suffixes {@code b k K M G T P E} (powers of 1024),
     * optionally followed by {@code iB} or {@code B}. A hexadecimal number after {@code 0x} takes no suffix.
     *
     * @param what the option or field, for the message
     * @throws IllegalArgumentException naming {@code what}, the text and the bound, if it is no size, not a whole number of
     *     bytes, negative, or above 2^63-1
     */
    public static long parse(String what, String text) {
        try {
            if (text.startsWith("0x") || text.startsWith("0X")) {
                return parseHexadecimal(text.substring(2));
            }
            String number = text;
            int exponent = 0;
            if (number.length() > 2 && number.endsWith("iB")
                    && UNITS.indexOf(Character.toUpperCase(number.charAt(number.length() - 3))) >= 0) {
                number = number.substring(0, number.length() - 2);
            } else if (number.length() > 2 && number.endsWith("B")
                    && UNITS.indexOf(Character.toUpperCase(number.charAt(number.length() - 2))) >= 0) {
                number = number.substring(0, number.length() - 1);
            }
            if (!number.isEmpty()) {
                exponent = SUFFIXES.indexOf(Character.toUpperCase(number.charAt(number.length() - 1)));
                number = exponent >= 0 ? number.substring(0, number.length() - 1) : number;
                exponent = Math.max(exponent, 0);
            }
            if (!number.matches("[0-9]+(\\.[0-9]*)?|\\.[0-9]+")) {
                throw new NumberFormatException("not a number");
            }
            BigDecimal bytes = new BigDecimal(number).multiply(BigDecimal.valueOf(1L << 10 * exponent));
            // 1.1G is not a whole number of bytes; the nearest byte below is what every tool of this field takes.
            return bytes.toBigInteger().longValueExact();
        } catch (NumberFormatException | ArithmeticException e) {
            throw new IllegalArgumentException(what + " is '" + text
                    + "'; a size is a number up to 2^63-1 with an optional suffix K, M, G, T, P or E (64K, 1.5G)", e);
        }
    }

    /** {@code parseLong} alone would take a sign. */
    private static long parseHexadecimal(String digits) {
        if (digits.startsWith("-") || digits.startsWith("+")) {
            throw new NumberFormatException("a sign");
        }
        return Long.parseLong(digits, 16);
    }

    /** Writes a size for people, with three significant digits: {@code 1.5 GiB}, {@code 64 KiB}, {@code 512 B}. */
    public static String format(long bytes) {
        if (bytes < 1024) {
            return bytes + " B";
        }
        int exponent = Math.min((63 - Long.numberOfLeadingZeros(bytes)) / 10, 6);
        double value = bytes / (double) (1L << 10 * exponent);
        // By hand: the first String.format of a process loads locales for 50 ms, and this is on the way of every copy.
        int decimals = value < 10 ? 2 : value < 100 ? 1 : 0;
        int scale = decimals == 2 ? 100 : decimals == 1 ? 10 : 1;
        long scaled = Math.round(value * scale);
        StringBuilder text = new StringBuilder().append(scaled / scale);
        String fraction = Long.toString(scale + scaled % scale).substring(1);
        int digits = fraction.length();
        while (digits > 0 && fraction.charAt(digits - 1) == '0') {
            digits--;
        }
        if (digits > 0) {
            text.append('.').append(fraction, 0, digits);
        }
        return text.append(' ').append(SUFFIXES.charAt(exponent)).append("iB").toString();
    }
}

package org.blockferry.engine.util;

/**
 * Text from an image, a server or a command line as it may stand in a message of one line: nothing in it ends the line, moves a
 * terminal's cursor or turns the direction of writing.
 */
public final class Printable {
    private static final int ZERO_WIDTH_NON_JOINER = 0x200c;
    private static final int ZERO_WIDTH_JOINER = 0x200d;
    private static final int REPLACEMENT = 0xfffd;

    private Printable() {
    }

    /**
     * The text with every character that is not for reading written as {@code \x0a} or <code>&#92;u2028</code>: controls (C0, C1,
     * DEL), line and paragraph separators, halves of surrogate pairs, invisible format characters (but the joiners, which
     * scripts need), and the replacement character that broken UTF-8 decodes to. Backslashes stay as they are: this is to be
     * read, not to be decoded. Doing it twice does no more.
     */
    public static String line(String text) {
        StringBuilder line = null;
        for (int i = 0; i < text.length();) {
            int point = text.codePointAt(i);
            int width = Character.charCount(point);
            if (isPlain(point)) {
                if (line != null) {
                    line.appendCodePoint(point);
                }
            } else {
                if (line == null) {
                    line = new StringBuilder(text.length() + 16).append(text, 0, i);
                }
                line.append(String.format(point < 0x100 ? "\\x%02x" : point < 0x10000 ? "\\u%04x" : "\\U%06x", point));
            }
            i += width;
        }
        return line == null ? text : line.toString();
    }

    private static boolean isPlain(int point) {
        if (point < 0x7f) {
            return point >= ' ';
        }
        return switch (Character.getType(point)) {
            case Character.CONTROL, Character.LINE_SEPARATOR, Character.PARAGRAPH_SEPARATOR, Character.SURROGATE -> false;
            case Character.FORMAT -> point == ZERO_WIDTH_NON_JOINER || point == ZERO_WIDTH_JOINER;
            default -> point != REPLACEMENT;
        };
    }
}

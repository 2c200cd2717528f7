package org.blockferry.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.function.Consumer;
import org.blockferry.engine.inspect.MapEntry;

/**
 * The lines of {@code qemu-img map}. They are put together by hand, as bytes, and handed on in large pieces: a fragmented disk has
 * hundreds of thousands, and the JSON has no text in it that could need escaping.
 */
final class MapPrinter implements Consumer<MapEntry> {
    private static final int PIECE = 64 << 10;
    /** More than an entry takes, without the name of its file. */
    private static final int ENTRY = 512;
    private static final int COLUMN = 16;
    private static final int BILLION = 1_000_000_000;
    private static final byte[] START = ascii("{ \"start\": ");
    private static final byte[] LENGTH = ascii(", \"length\": ");
    private static final byte[] DEPTH = ascii(", \"depth\": ");
    private static final byte[] PRESENT = ascii(", \"present\": ");
    private static final byte[] ZERO = ascii(", \"zero\": ");
    private static final byte[] DATA = ascii(", \"data\": ");
    private static final byte[] COMPRESSED = ascii(", \"compressed\": ");
    private static final byte[] OFFSET = ascii(", \"offset\": ");
    private static final byte[] TRUE = ascii("true");
    private static final byte[] FALSE = ascii("false");
    private static final byte[] NEXT = ascii(",\n");

    private final PrintWriter out;
    private final boolean json;
    private final long start;
    private final byte[] text = new byte[PIECE];
    private int used;
    private String lastName = "";
    private byte[] lastLine = {'\n'};
    private boolean any;
    private boolean unprintable;

    /** @param start where the user asked to begin */
    MapPrinter(PrintWriter out, boolean json, long start) {
        this.out = out;
        this.json = json;
        this.start = start;
        put(ascii(json ? "[" : "Offset          Length          Mapped to       File\n"));
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    @Override
    public void accept(MapEntry entry) {
        if (used > PIECE - ENTRY) {
            flush();
        }
        if (json) {
            if (any) {
                put(NEXT);
            }
            any = true;
            object(entry.start(), entry.length(), entry.depth(), entry.present(), entry.zero(), entry.data(), entry.compressed(),
                    entry.offset());
        } else if (entry.data() && !entry.hasOffset()) {
            unprintable = true;
        } else if (entry.data() && !entry.zero() && !unprintable) {
            column(entry.start());
            column(entry.length());
            column(entry.offset());
            file(entry.file().orElse(""));
        }
    }

    private void object(long first, long length, int depth, boolean present, boolean zero, boolean data, boolean compressed,
            long offset) {
        put(START);
        decimal(first);
        put(LENGTH);
        decimal(length);
        put(DEPTH);
        decimal(depth);
        put(PRESENT);
        put(present ? TRUE : FALSE);
        put(ZERO);
        put(zero ? TRUE : FALSE);
        put(DATA);
        put(data ? TRUE : FALSE);
        put(COMPRESSED);
        put(compressed ? TRUE : FALSE);
        if (offset != MapEntry.NO_OFFSET) {
            put(OFFSET);
            decimal(offset);
        }
        text[used++] = '}';
    }

    private void put(byte[] bytes) {
        System.arraycopy(bytes, 0, text, used, bytes.length);
        used += bytes.length;
    }

    /** Nine digits at a time: division of a long is slow where it is not compiled by the optimising compiler. */
    private void decimal(long value) {
        if (value < BILLION) {
            digits((int) value, digitsOf((int) value));
        } else {
            long high = value / BILLION;
            decimal(high);
            digits((int) (value - high * BILLION), 9);
        }
    }

    private static int digitsOf(int value) {
        int digits = 1;
        for (int rest = value; rest >= 10; rest /= 10) {
            digits++;
        }
        return digits;
    }

    private void digits(int value, int count) {
        int rest = value;
        for (int at = used + count - 1; at >= used; at--) {
            int next = rest / 10;
            text[at] = (byte) ('0' + rest - 10 * next);
            rest = next;
        }
        used += count;
    }

    /** As C's {@code %#-16x}. */
    private void column(long value) {
        int end = used + COLUMN;
        if (value != 0) {
            text[used++] = '0';
            text[used++] = 'x';
        }
        for (int shift = Math.max(0, 63 - Long.numberOfLeadingZeros(value)) & -4; shift >= 0; shift -= 4) {
            text[used++] = (byte) "0123456789abcdef".charAt((int) (value >>> shift) & 15);
        }
        if (used < end) {
            Arrays.fill(text, used, end, (byte) ' ');
            used = end;
        }
    }

    /** The name may be any text; qemu-img prints it as it is. One file has many lines. */
    private void file(String name) {
        if (!name.equals(lastName)) {
            lastName = name;
            lastLine = (name + "\n").getBytes(Charset.defaultCharset());
        }
        if (lastLine.length > PIECE - used) {
            flush();
        }
        put(lastLine);
    }

    private void flush() {
        if (out instanceof AsciiWriter process) {
            process.ascii(text, used);
        } else {
            out.print(new String(text, 0, used, Charset.defaultCharset()));
        }
        used = 0;
    }

    /**
     * Prints the end.
     *
     * @throws IOException for people, if something could not be shown as a place in a file
     */
    void finish() throws IOException {
        if (json && !any) {
            // What qemu-img prints for nothing.
            object(start, 0, 0, false, false, false, false, MapEntry.NO_OFFSET);
        }
        if (json) {
            put(ascii("]\n"));
        }
        flush();
        out.flush();
        if (unprintable) {
            throw new IOException("File contains external, encrypted or compressed clusters.");
        }
    }
}

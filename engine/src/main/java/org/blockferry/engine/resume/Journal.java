package org.blockferry.engine.resume;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32C;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockException.Kind;
import org.blockferry.engine.block.ByteRange;
import org.blockferry.engine.util.CloseAll;

/** A journal, opened to be added to. Used by one thread at a time. */
public final class Journal implements AutoCloseable {
    private static final String MAGIC = "blockferry-journal 1";
    private static final String BEGIN = "begin ";
    private static final String FACT = "= ";
    private static final String DONE = "+ ";
    private static final int MAX_LINE = 1 << 16;
    private static final int MAX_FACTS = 10_000;
    private static final int RANGES_A_LINE = 1000;

    private final Path file;
    private final Map<String, String> facts;
    private final long length;
    private final RangeSet done;
    private final FileChannel channel;

    private Journal(Path file, Map<String, String> facts, long length, RangeSet done, FileChannel channel) {
        this.file = file;
        this.facts = facts;
        this.length = length;
        this.done = done;
        this.channel = channel;
    }

    /**
     * Begins a journal, in the place of one that may be there. On return it is durable.
     *
     * @param facts what it is about, by names without spaces
     * @param length bytes of the disk
     */
    public static Journal begin(Path file, Map<String, String> facts, long length) throws BlockException {
        StringBuilder text = new StringBuilder();
        line(text, MAGIC);
        facts.forEach((name, value) -> line(text, FACT + name + " " + escaped(value)));
        line(text, BEGIN + length);
        Path beside = file.resolveSibling(file.getFileName() + ".new");
        try {
            try (FileChannel channel = FileChannel.open(beside, StandardOpenOption.CREATE, StandardOpenOption.WRITE,
                    StandardOpenOption.TRUNCATE_EXISTING)) {
                write(channel, text.toString());
            }
            Files.move(beside, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            flushFolder(file);
            return new Journal(file, Map.copyOf(facts), length, new RangeSet(), append(file));
        } catch (IOException e) {
            throw failure(file, "cannot be written", e);
        }
    }

    /**
     * Opens a journal that is there, and cuts off what is not whole at its end.
     *
     * @throws BlockException NOT_FOUND; INVALID_FORMAT if it is no journal, or one of another version
     */
    public static Journal open(Path file) throws BlockException {
        Content content = read(file);
        FileChannel channel = null;
        try {
            channel = append(file);
            if (channel.size() > content.whole) {
                channel.truncate(content.whole);
            }
            return new Journal(file, content.facts, content.length, content.done, channel);
        } catch (IOException e) {
            if (channel != null) {
                CloseAll.after(e, channel);
            }
            throw failure(file, "cannot be opened", e);
        }
    }

    /** What a journal is about, that somebody may be adding to; as {@link #open} otherwise. */
    public static Map<String, String> factsOf(Path file) throws BlockException {
        return read(file).facts;
    }

    /** What a file holds, as far as it is whole. */
    private record Content(Map<String, String> facts, long length, RangeSet done, long whole) {
    }

    private static Content read(Path file) throws BlockException {
        Map<String, String> facts = new LinkedHashMap<>();
        RangeSet done = new RangeSet();
        long length = -1;
        long whole = 0;
        try (InputStream in = new BufferedInputStream(Files.newInputStream(file))) {
            boolean first = true;
            for (byte[] bytes = readLine(in); bytes != null; bytes = readLine(in)) {
                String line = checked(bytes);
                if (first && !MAGIC.equals(line)) {
                    throw BlockException.of(Kind.INVALID_FORMAT, file.toString(), "is no journal of this version: it does not begin "
                            + "with '" + MAGIC + "'");
                }
                if (line == null || length >= 0 && !take(line, length, done)) {
                    break;
                }
                if (length < 0 && line.startsWith(BEGIN)) {
                    length = number(line.substring(BEGIN.length()));
                } else if (length < 0 && line.startsWith(FACT) && facts.size() < MAX_FACTS) {
                    String[] words = line.substring(FACT.length()).split(" ", 2);
                    facts.put(words[0], unescaped(words.length == 2 ? words[1] : ""));
                } else if (length < 0 && !first) {
                    break;
                }
                first = false;
                whole += bytes.length + 1;
            }
            if (length < 0) {
                throw BlockException.of(Kind.INVALID_FORMAT, file.toString(), "is a journal without its first lines; remove it to "
                        + "begin anew");
            }
        } catch (IOException e) {
            throw failure(file, "cannot be read", e);
        }
        return new Content(facts, length, done, whole);
    }

    /** Where it is. */
    public Path file() {
        return file;
    }

    /** What it is about. */
    public Map<String, String> facts() {
        return facts;
    }

    /** Bytes of the disk. */
    public long length() {
        return length;
    }

    /** The bytes that the target has, ascending, as they were told when the journal was opened. */
    public List<ByteRange> done() {
        return done.ranges();
    }

    /** Adds bytes that the target has for good; on return that is durable. */
    void append(List<ByteRange> ranges) throws BlockException {
        StringBuilder text = new StringBuilder();
        for (int from = 0; from < ranges.size(); from += RANGES_A_LINE) {
            StringBuilder record = new StringBuilder("+");
            for (ByteRange range : ranges.subList(from, Math.min(ranges.size(), from + RANGES_A_LINE))) {
                record.append(' ').append(range.offset()).append(' ').append(range.length());
            }
            line(text, record.toString());
        }
        try {
            write(channel, text.toString());
        } catch (IOException e) {
            throw failure(file, "cannot be added to", e);
        }
    }

    /** Removes the journal: the copy is whole. */
    public void remove() throws BlockException {
        close();
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            throw failure(file, "cannot be removed", e);
        }
    }

    @Override
    public void close() throws BlockException {
        try {
            channel.close();
        } catch (IOException e) {
            throw failure(file, "cannot be closed", e);
        }
    }

    /** Adds what a line tells; false if it makes no sense, as no line of ours does that has its checksum. */
    private static boolean take(String line, long length, RangeSet done) {
        if (!line.startsWith(DONE)) {
            return false;
        }
        String[] words = line.substring(DONE.length()).split(" ");
        List<ByteRange> ranges = new ArrayList<>();
        for (int i = 0; i + 1 < words.length; i += 2) {
            long offset = number(words[i]);
            long bytes = number(words[i + 1]);
            if (offset < 0 || bytes < 0 || offset > length - bytes) {
                return false;
            }
            ranges.add(new ByteRange(offset, bytes));
        }
        ranges.forEach(done::add);
        return true;
    }

    /** -1 if it is none. */
    private static long number(String digits) {
        return digits.matches("[0-9]{1,18}") ? Long.parseLong(digits) : -1;
    }

    /** The bytes up to the next line feed; null at the end, also if none comes, or too late. */
    private static byte[] readLine(InputStream in) throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream(128);
        for (int c = in.read(); c >= 0 && line.size() < MAX_LINE; c = in.read()) {
            if (c == '\n') {
                return line.toByteArray();
            }
            line.write(c);
        }
        return null;
    }

    /** What stands before the checksum; null if that is wrong. */
    private static String checked(byte[] bytes) {
        String line = new String(bytes, StandardCharsets.UTF_8);
        int tab = line.lastIndexOf('\t');
        return tab >= 0 && line.substring(tab + 1).equals(checksum(line.substring(0, tab))) ? line.substring(0, tab) : null;
    }

    private static void line(StringBuilder text, String content) {
        text.append(content).append('\t').append(checksum(content)).append('\n');
    }

    private static String checksum(String content) {
        CRC32C crc = new CRC32C();
        crc.update(content.getBytes(StandardCharsets.UTF_8));
        return String.format("%08x", crc.getValue());
    }

    private static String escaped(String value) {
        StringBuilder escaped = new StringBuilder();
        for (char c : value.toCharArray()) {
            escaped.append(c == '%' || Character.isISOControl(c) ? String.format("%%%04x", (int) c) : String.valueOf(c));
        }
        return escaped.toString();
    }

    private static String unescaped(String value) {
        StringBuilder plain = new StringBuilder();
        for (int i = 0; i < value.length(); i++) {
            boolean coded = value.charAt(i) == '%' && i + 5 <= value.length() && value.substring(i + 1, i + 5).matches("[0-9a-f]{4}");
            plain.append(coded ? (char) Integer.parseInt(value.substring(i + 1, i + 5), 16) : value.charAt(i));
            i += coded ? 4 : 0;
        }
        return plain.toString();
    }

    private static FileChannel append(Path file) throws IOException {
        return FileChannel.open(file, StandardOpenOption.WRITE, StandardOpenOption.APPEND);
    }

    private static void write(FileChannel channel, String text) throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
        channel.force(true);
    }

    /** Makes it durable that files have come, gone or been renamed in the folder of this one. */
    public static void flushFolder(Path file) throws IOException {
        try (FileChannel folder = FileChannel.open(file.toAbsolutePath().getParent(), StandardOpenOption.READ)) {
            folder.force(true);
        }
    }

    private static BlockException failure(Path file, String what, IOException e) {
        if (e instanceof BlockException known) {
            return known;
        }
        boolean missing = e instanceof NoSuchFileException;
        return BlockException.of(missing ? Kind.NOT_FOUND : Kind.IO, file.toString(),
                "the journal " + what + ": " + (missing ? "No such file or directory" : e.getMessage()), e);
    }
}

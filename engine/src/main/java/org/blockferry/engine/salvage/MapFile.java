package org.blockferry.engine.salvage;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Optional;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockException.Kind;
import org.blockferry.engine.block.ByteRange;

/**
 * The file of a map, in the format of GNU ddrescue: comments after {@code #}; a line with the current position, status and
 * pass; then a line for each span with its position, size and status, ascending and without gaps. Numbers are decimal, or
 * hexadecimal after
 * {@code 0x}.
 *
 * <p>Of the statuses we write three, and take all that are not finished for not tried yet. ddrescue drops comments, so what we
 * note in one is a help and nothing that must be there.
 */
final class MapFile {
    /** {@code ?}: not tried yet. */
    static final char UNTRIED = '?';
    /** {@code -}: could not be read. */
    static final char BAD = '-';
    /** {@code +}: read, and written to the target. */
    static final char FINISHED = '+';
    private static final String STATUSES = "?*/-+";
    private static final String FORMAT = "# Format of the target: ";
    private static final int MAX_LINE = 4096;
    private static final int MAX_SHOWN = 60;

    /**
     * What a map says of itself.
     *
     * @param source name of the disk that is read; empty when it is not known
     * @param targetFormat format of the image that is written
     */
    record Facts(String source, Optional<String> targetFormat) {
        Facts withTargetFormat(String name) {
            return new Facts(source, Optional.of(name));
        }
    }

    private MapFile() {
    }

    static String text(Facts facts, List<Spans.Span> spans) {
        StringBuilder text = new StringBuilder("# Mapfile. Written by Blockferry, in the format of GNU ddrescue\n");
        if (!facts.source().isEmpty()) {
            text.append("# Source: ").append(printable(facts.source())).append('\n');
        }
        facts.targetFormat().ifPresent(format -> text.append(FORMAT).append(format).append('\n'));
        boolean tried = spans.stream().noneMatch(span -> span.state() == UNTRIED);
        text.append("# current_pos  current_status  current_pass\n");
        line(text, spans.stream().filter(span -> span.state() == UNTRIED).findFirst().map(span -> span.range().offset())
                .orElse(0L));
        text.append("     ").append(tried ? '+' : '?').append("               1\n#      pos        size  status\n");
        for (Spans.Span span : spans) {
            line(text, span.range().offset());
            line(text.append("  "), span.range().length());
            text.append("  ").append(span.state()).append('\n');
        }
        return text.toString();
    }

    private static void line(StringBuilder text, long number) {
        String digits = Long.toHexString(number).toUpperCase(java.util.Locale.ROOT);
        text.append("0x").append("0".repeat(Math.max(0, 8 - digits.length()))).append(digits);
    }

    /** Puts another map in the place of the one that is there, or leaves that as it is. */
    static void write(Path file, String text) throws BlockException {
        Path folder = file.toAbsolutePath().getParent();
        Path beside = folder.resolve("." + file.getFileName() + ".blockferry");
        try {
            try (FileChannel channel = FileChannel.open(beside, StandardOpenOption.CREATE, StandardOpenOption.WRITE,
                    StandardOpenOption.TRUNCATE_EXISTING)) {
                ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
                while (bytes.hasRemaining()) {
                    channel.write(bytes);
                }
                channel.force(true);
            }
            Files.move(beside, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            try {
                Files.deleteIfExists(beside);
            } catch (IOException later) {
                e.addSuppressed(later);
            }
            String reason = e instanceof NoSuchFileException ? "No such file or directory" : e.getMessage();
            throw BlockException.of(Kind.IO, file.toString(), "cannot write the map: " + reason, e);
        }
    }

    /** Reads the spans of a disk of {@code length} bytes; those that the map leaves out stay as they are. */
    static Facts read(Path file, long length, Spans into) throws BlockException {
        Optional<String> format = Optional.empty();
        boolean current = false;
        long end = 0;
        int number = 0;
        try (BufferedReader lines = Files.newBufferedReader(file, StandardCharsets.ISO_8859_1)) {
            for (String line = readLine(lines); line != null; line = readLine(lines)) {
                number++;
                if (line.startsWith(FORMAT)) {
                    format = Optional.of(line.substring(FORMAT.length()).strip());
                }
                String words = line.indexOf('#') < 0 ? line.strip() : line.substring(0, line.indexOf('#')).strip();
                if (words.isEmpty()) {
                    continue;
                }
                String[] fields = words.split("\\s+");
                if (!current) {
                    // Where ddrescue would go on: we go by the spans.
                    current = true;
                    require(fields.length == 2 || fields.length == 3, file, number, line, "position, status and pass");
                    number(fields[0], file, number, line);
                    continue;
                }
                require(fields.length == 3 && fields[2].length() == 1 && STATUSES.contains(fields[2]), file, number, line,
                        "position, size and one of the statuses " + STATUSES);
                long offset = number(fields[0], file, number, line);
                long size = number(fields[1], file, number, line);
                require(offset == end && size > 0, file, number, line, "a span at 0x" + Long.toHexString(end));
                if (size > length - offset) {
                    throw BlockException.of(Kind.INVALID_ARGUMENT, file.toString(), "line " + number + " ends at "
                            + (size > Long.MAX_VALUE - offset ? "2^63" : String.valueOf(offset + size)) + "; the disk has "
                            + length
                            + " bytes, so this is the map of another one");
                }
                into.set(new ByteRange(offset, size), fields[2].charAt(0));
                end = offset + size;
            }
        } catch (IOException e) {
            throw e instanceof BlockException known ? known
                    : BlockException.of(Kind.IO, file.toString(), "cannot read the map: " + e.getMessage(), e);
        }
        if (!current || end != length) {
            throw BlockException.of(Kind.INVALID_ARGUMENT, file.toString(), !current ? "this is no map of GNU ddrescue's format"
                    : "the map ends at " + end + "; the disk has " + length + " bytes, so this is the map of another one");
        }
        return new Facts("", format);
    }

    /** A line, not longer than any of a map: a file without ends of lines is none. */
    private static String readLine(BufferedReader lines) throws IOException {
        StringBuilder line = new StringBuilder();
        for (int c = lines.read(); c >= 0; c = lines.read()) {
            if (c == '\n') {
                return line.toString();
            }
            if (line.length() < MAX_LINE) {
                line.append((char) c);
            }
        }
        return line.length() == 0 ? null : line.toString();
    }

    private static long number(String digits, Path file, int number, String line) throws BlockException {
        try {
            long value = Long.decode(digits);
            require(value >= 0, file, number, line, "numbers that are not negative");
            return value;
        } catch (NumberFormatException e) {
            throw wrong(file, number, line, "numbers up to 2^63");
        }
    }

    private static void require(boolean holds, Path file, int number, String line, String expected) throws BlockException {
        if (!holds) {
            throw wrong(file, number, line, expected);
        }
    }

    private static BlockException wrong(Path file, int number, String line, String expected) {
        String shown = line.length() > MAX_SHOWN ? line.substring(0, MAX_SHOWN) + "..." : line;
        return BlockException.of(Kind.INVALID_ARGUMENT, file.toString(), "line " + number + " of the map is '"
                + printable(shown)
                + "'; it should have " + expected);
    }

    private static String printable(String text) {
        return text.replaceAll("[^ -~]", "?");
    }
}

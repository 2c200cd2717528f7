package org.blockferry.engine.salvage;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.ByteRange;

/**
 * What is known of each byte of a disk that is salvaged. What was lost in this run stays lost until the next one; what earlier
 * runs lost or did not try is to be read. Thread-safe.
 */
public final class SalvageMap {
    /**
     * Spans that are kept apart; beyond them losses are counted in blocks of {@link #COARSE} bytes, some of which could be
     * read.
     */
    private static final int MAX_SPANS = 100_000;
    private static final int COARSE = 1 << 16;
    /** Lost in this run; in the file it is {@link MapFile#BAD}, as is what an earlier run lost. */
    private static final char LOST = 'L';

    private final Path file;
    private final MapFile.Facts facts;
    private final boolean resumed;
    private final Spans spans;
    private final int maxSpans;

    private SalvageMap(Path file, MapFile.Facts facts, boolean resumed, Spans spans, int maxSpans) {
        this.file = file;
        this.facts = facts;
        this.resumed = resumed;
        this.spans = spans;
        this.maxSpans = maxSpans;
    }

    /**
     * The map that stands in {@code file}, or where there is none, a new one that says that nothing was tried.
     *
     * @param source its name, which is noted in a new map
     * @param length bytes of the disk
     * @throws BlockException INVALID_ARGUMENT if the file is no map, or one of a disk of another length
     */
    public static SalvageMap open(Path file, String source, long length) throws BlockException {
        return open(file, source, length, MAX_SPANS);
    }

    static SalvageMap open(Path file, String source, long length, int maxSpans) throws BlockException {
        if (Files.notExists(file)) {
            return new SalvageMap(file, new MapFile.Facts(source, Optional.empty()), false, new Spans(length, MapFile.UNTRIED),
                    maxSpans);
        }
        Spans spans = new Spans(length, MapFile.UNTRIED);
        MapFile.Facts facts = MapFile.read(file, length, spans);
        return new SalvageMap(file, facts, true, spans, maxSpans);
    }

    /** As the user named it. */
    public Path file() {
        return file;
    }

    /** Whether it goes on from an earlier run. */
    public boolean isResumed() {
        return resumed;
    }

    /** The format of the target of the earlier run, if it was one of ours. */
    public Optional<String> targetFormat() {
        return facts.targetFormat();
    }

    /** What was read and written, sorted. */
    public synchronized List<ByteRange> finished() {
        return spans.within(everything()).stream().filter(span -> span.state() == MapFile.FINISHED).map(Spans.Span::range)
                .toList();
    }

    /** Bytes that were not read, whether tried or not. */
    public synchronized long missing() {
        return spans.within(everything()).stream().filter(span -> span.state() != MapFile.FINISHED)
                .mapToLong(span -> span.range().length()).sum();
    }

    /** These bytes could not be read. */
    public synchronized void lost(ByteRange range) {
        if (spans.size() < maxSpans) {
            spans.set(range, LOST);
        } else {
            long start = range.offset() - range.offset() % COARSE;
            long end = Math.min(spans.length(), (range.end() + COARSE - 1) / COARSE * COARSE);
            spans.set(ByteRange.between(start, end), LOST);
        }
    }

    /** The target has these bytes; those of them that were lost it has as zeroes. */
    public synchronized void done(ByteRange range) {
        for (Spans.Span span : spans.within(range)) {
            if (span.state() != LOST) {
                spans.set(span.range(), MapFile.FINISHED);
            }
        }
    }

    /** The text of the file as it would be now. */
    synchronized String text(String targetFormat) {
        return MapFile.text(facts.withTargetFormat(targetFormat), spans.within(everything()).stream()
                .map(span -> new Spans.Span(span.range(), span.state() == LOST ? MapFile.BAD : span.state())).toList());
    }

    private ByteRange everything() {
        return new ByteRange(0, spans.length());
    }
}

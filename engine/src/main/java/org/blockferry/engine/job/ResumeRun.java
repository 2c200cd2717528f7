package org.blockferry.engine.job;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockException.Kind;
import org.blockferry.engine.block.BlockSource;
import org.blockferry.engine.block.BlockStorage;
import org.blockferry.engine.block.BlockTarget;
import org.blockferry.engine.block.ByteRange;
import org.blockferry.engine.block.CacheMode;
import org.blockferry.engine.block.CheckedFormat;
import org.blockferry.engine.block.CreateOptions;
import org.blockferry.engine.block.ImageLocation;
import org.blockferry.engine.block.OpenOptions;
import org.blockferry.engine.block.RepairMode;
import org.blockferry.engine.graph.ImageOpener;
import org.blockferry.engine.pipeline.CopyControl;
import org.blockferry.engine.pipeline.CopyListener;
import org.blockferry.engine.resume.Journal;
import org.blockferry.engine.resume.JournalKeeper;
import org.blockferry.engine.util.CloseAll;

/**
 * A copy that goes on where an earlier run ended, however that ended. A new target is written in place as {@code
 * .NAME.blockferry-partial} beside its name, and renamed when it is whole; one that is there is written where it is. The journal says
 * what is done. Used by the job's thread, and as a listener by those of the copy.
 */
final class ResumeRun implements CopyListener {
    private static final String FILE = "file";
    private static final int SAMPLES = 16;
    private static final int PIECE = 4096;

    private final CopyOptions options;
    private final CopyInput input;
    private final CopyOutput output;
    private final CopyControl control;
    private final Path journalFile;
    /** Where a new target stands until it is whole, and where then. */
    private final Optional<Path> partial;
    private final Path place;
    private List<ByteRange> done = List.of();
    private Journal journal;
    private JournalKeeper keeper;
    private volatile ByteRange planned;

    private ResumeRun(CopyOptions options, CopyInput input, CopyOutput output, CopyControl control, Path place) {
        this.options = options;
        this.input = input;
        this.output = output;
        this.control = control;
        this.place = place;
        Path folder = place.toAbsolutePath().getParent();
        this.partial = output.inPlace() ? Optional.empty()
                : Optional.of(folder.resolve("." + place.getFileName() + ".blockferry-partial"));
        this.journalFile = options.journal().orElseGet(() -> folder.resolve("." + place.getFileName() + ".blockferry-journal"));
    }

    static ResumeRun of(CopyOptions options, CopyInput input, CopyOutput output, CopyControl control) throws BlockException {
        String target = output.location().text();
        if (input.isStream()) {
            throw BlockException.of(Kind.INVALID_ARGUMENT, input.info().name(),
                    "a stream is read once; no second run could go on with it (--resume)");
        }
        boolean file = output.location().protocol().equals(FILE);
        if (!output.inPlace() && (!file || output.fixed())) {
            throw BlockException.of(Kind.UNSUPPORTED, target, "a new " + output.format() + " image is made here in one run; only a "
                    + "raw disk, or an image that is there (-n), can be resumed in this place");
        }
        if (options.journal().isEmpty() && (!file || output.fixed())) {
            throw BlockException.of(Kind.INVALID_ARGUMENT, target, "a journal cannot stand beside it; --journal says where");
        }
        return new ResumeRun(options, input, output, control, file ? resolve(Path.of(output.location().rest())) : Path.of("target"));
    }

    /** What a link points to, if that is there: it is replaced, and the link stays. */
    private static Path resolve(Path path) {
        try {
            return path.toRealPath();
        } catch (IOException e) {
            return path.toAbsolutePath();
        }
    }

    /** Whether the target is new and reads as zeroes where nothing was written. */
    boolean isNew() {
        return partial.isPresent();
    }

    /** The bytes that need not be copied again. */
    List<ByteRange> done() {
        return done;
    }

    /** Opens the target as an earlier run has left it, or makes it. */
    BlockTarget open(ImageOpener opener, CreateOptions create, CacheMode cache) throws BlockException {
        ImageLocation location = ImageLocation.file(partial.orElseThrow().toString());
        boolean goesOn = Files.exists(journalFile) && Files.exists(partial.get());
        if (Files.exists(place)) {
            requireUnused(opener);
        }
        OpenOptions how = new OpenOptions(cache, false, Optional.empty(), Map.of());
        if (goesOn) {
            String format = Journal.factsOf(journalFile).getOrDefault("target-format", "");
            if (!format.equals(output.format())) {
                throw changed("target-format", format, output.format());
            }
            // What was being allocated when it ended belongs to nothing.
            repair(opener, location, how);
        } else {
            // First of all: the number of a file that is gone may be given to the next one.
            removeJournal();
            try (BlockTarget empty = opener.createTarget(location, output.format(), create)) {
                empty.complete();
            }
        }
        return opener.openTarget(location, Optional.of(output.format()), how);
    }

    private void removeJournal() throws BlockException {
        try {
            Files.deleteIfExists(journalFile);
        } catch (IOException e) {
            throw BlockException.of(Kind.IO, journalFile.toString(), "the journal cannot be removed: " + e.getMessage(), e);
        }
    }

    private void repair(ImageOpener opener, ImageLocation location, OpenOptions how) throws BlockException {
        if (opener.registry().format(location.text(), output.format()) instanceof CheckedFormat format) {
            try (BlockTarget file = opener.registry().protocol(location).openTarget(location, how)) {
                if (format.repair((BlockStorage) file, RepairMode.LEAKS, finding -> { }).corruptions() > 0) {
                    throw BlockException.of(Kind.CORRUPT_IMAGE, location.text(), "is damaged and cannot be gone on with; remove it and '"
                            + journalFile + "' to begin anew");
                }
            }
        }
    }

    /** What somebody works on is not replaced. */
    private void requireUnused(ImageOpener opener) throws BlockException {
        opener.registry().protocol(output.location()).openTarget(output.location(), OpenOptions.DEFAULT).close();
    }

    /**
     * Reads the journal, or begins it. The target is open, so nobody else does this.
     *
     * @throws BlockException REFUSED if source, options or target are not those that the journal is about
     */
    void begin(BlockTarget target) throws BlockException {
        Map<String, String> facts = SourceFacts.of(input, options, output);
        addTarget(facts, target);
        boolean there = Files.exists(journalFile);
        Optional<Journal> old = there ? Optional.of(Journal.open(journalFile)) : Optional.empty();
        if (old.isPresent() && isNew() && !old.get().facts().getOrDefault("target-inode", "").equals(facts.get("target-inode"))) {
            // The target that it was about is gone, and this one has just been made.
            old.get().close();
            old = Optional.empty();
        }
        if (old.isPresent()) {
            journal = old.get();
            try {
                compare(facts);
                if (!isNew() && target instanceof BlockSource written) {
                    requireSameContent(written);
                }
            } catch (BlockException e) {
                CloseAll.after(e, journal);
                throw e;
            }
            done = journal.done();
        } else {
            ResumeCheck check = options.resumeCheck().orElse(ResumeCheck.STAT);
            facts.put("check", check.name());
            facts.put("digest", SourceFacts.digest(check, input.node(), control));
            journal = Journal.begin(journalFile, facts, input.info().length());
        }
        keeper = new JournalKeeper(journal, target, options.journalInterval());
    }

    private void addTarget(Map<String, String> facts, BlockTarget target) throws BlockException {
        facts.put("target-length", Long.toString(target.info().length()));
        Path written = partial.orElse(place);
        try {
            facts.put("target-inode", Files.isRegularFile(written) ? SourceFacts.inode(written) : "");
        } catch (IOException e) {
            throw BlockException.of(Kind.IO, written.toString(), "cannot be looked at: " + e.getMessage(), e);
        }
    }

    private void compare(Map<String, String> now) throws BlockException {
        Map<String, String> then = new LinkedHashMap<>(journal.facts());
        if (!output.format().equals("raw")) {
            // An image that is written in place may have grown.
            then.put("target-length", now.get("target-length"));
        }
        for (Map.Entry<String, String> fact : now.entrySet()) {
            String before = then.get(fact.getKey());
            if (!fact.getValue().equals(before)) {
                throw changed(fact.getKey(), before, fact.getValue());
            }
        }
        ResumeCheck began = ResumeCheck.valueOf(then.getOrDefault("check", ResumeCheck.STAT.name()));
        ResumeCheck check = options.resumeCheck().orElse(began);
        if (check != ResumeCheck.STAT && check != began) {
            throw BlockException.of(Kind.REFUSED, journalFile.toString(), "the copy was begun with --resume-check=" + word(began)
                    + ", so there is no digest for --resume-check=" + word(check));
        }
        if (check != ResumeCheck.STAT) {
            String digest = SourceFacts.digest(check, input.node(), control);
            if (!digest.equals(then.get("digest"))) {
                throw changed("digest", then.get("digest"), digest);
            }
        }
    }

    /** A file that was made anew may have the number and length of the one before: some of what is done must be there. */
    private void requireSameContent(BlockSource target) throws BlockException {
        ByteBuffer is = ByteBuffer.allocateDirect(PIECE);
        ByteBuffer was = ByteBuffer.allocateDirect(PIECE);
        List<ByteRange> ranges = journal.done();
        for (int i = 0; i < Math.min(SAMPLES, ranges.size() * SAMPLES); i++) {
            ByteRange range = ranges.get(i % ranges.size());
            long step = range.length() / SAMPLES * i;
            ByteRange piece = new ByteRange(range.offset() + step, Math.min(PIECE, range.length() - step));
            target.read(piece.offset(), is.clear().limit((int) piece.length()));
            input.node().read(piece.offset(), was.clear().limit((int) piece.length()));
            if (is.flip().mismatch(was.flip()) >= 0) {
                throw BlockException.of(Kind.REFUSED, output.location().text(), "at byte " + piece.offset() + " this is not the target "
                        + "that the copy was begun to, or it has changed; remove '" + journalFile + "' to begin anew");
            }
        }
    }

    private BlockException changed(String fact, String before, String now) {
        boolean source = fact.startsWith("source") || fact.equals("digest") || fact.equals("length");
        String name = source ? input.info().name() : output.location().text();
        return BlockException.of(Kind.REFUSED, name, (source ? "the source has changed" : "this is not the copy that was begun")
                + ": " + fact + " was '" + before + "' and is '" + now + "'; remove '" + journalFile + "' to begin anew");
    }

    private static String word(ResumeCheck check) {
        return check.name().toLowerCase(java.util.Locale.ROOT);
    }

    @Override
    public void read(long offset, ByteBuffer bytes) {
        keeper.read(bytes.remaining());
    }

    /** What an earlier run has done; it is in the journal. */
    @Override
    public void skipped(ByteRange range) {
        planned = range;
    }

    @Override
    public void settled(ByteRange range) throws BlockException {
        // Told by the planner's thread right after the above, with the same object.
        if (range != planned) {
            keeper.settled(range);
        }
    }

    /** The copy ends early: what is done need not be done again. */
    void leave() throws BlockException {
        if (keeper == null) {
            return;
        }
        try {
            keeper.saveAll();
        } catch (BlockException | RuntimeException | Error e) {
            CloseAll.after(e, journal);
            throw e;
        }
        journal.close();
    }

    /** The target is complete and closed: it gets its name, and the journal goes. */
    void finish(ImageOpener opener) throws BlockException {
        try {
            rename(opener);
        } catch (BlockException | RuntimeException | Error e) {
            CloseAll.after(e, journal);
            throw e;
        }
        journal.remove();
    }

    private void rename(ImageOpener opener) throws BlockException {
        if (partial.isPresent()) {
            if (Files.exists(place)) {
                requireUnused(opener);
                inherit();
            }
            try {
                Files.move(partial.get(), place, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
                Journal.flushFolder(place);
            } catch (IOException e) {
                throw BlockException.of(Kind.IO, output.location().text(), "'" + partial.get() + "' is whole, but cannot be renamed: "
                        + e.getMessage(), e);
            }
        }
    }

    private void inherit() throws BlockException {
        try {
            for (String attribute : List.of("unix:uid", "unix:gid", "unix:mode")) {
                Object old = Files.getAttribute(place, attribute, new LinkOption[0]);
                if (!old.equals(Files.getAttribute(partial.get(), attribute, new LinkOption[0]))) {
                    Files.setAttribute(partial.get(), attribute, old, new LinkOption[0]);
                }
            }
        } catch (IOException | UnsupportedOperationException e) {
            throw BlockException.of(Kind.ACCESS_DENIED, output.location().text(),
                    "'" + partial.get() + "' could not be given the owner and mode of this one: " + e.getMessage(), e);
        }
    }

    /** What the target is when the copy was ended early. */
    String unfinished() {
        return "incomplete: the same command goes on by '" + journalFile + "'"
                + partial.map(file -> "; '" + file + "' is what there is so far").orElse("");
    }
}

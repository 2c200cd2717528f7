package org.blockferry.cli;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.blockferry.engine.block.CacheMode;
import org.blockferry.engine.job.CopyOptions;
import org.blockferry.engine.job.HoleChecking;
import org.blockferry.engine.job.ResumeCheck;
import org.blockferry.engine.pipeline.OffloadMode;

/**
 * One command line of {@code blockferry copy}, understood.
 *
 * @param options what the engine is to do
 * @param listOptions {@code -o help}: only say which options the format has
 * @param dryRun only say what would be done
 * @param json write for programs
 * @param percent {@code -p}
 * @param quiet {@code -q}
 * @param statistics {@code --stats}
 * @param explain say which way was chosen, and why
 * @param control where it is told what to do while it runs
 */
record CopyRequest(CopyOptions options, boolean listOptions, boolean dryRun, boolean json, boolean percent, boolean quiet,
        boolean statistics, boolean explain, Optional<JobSocket> control) {
    private static final String STREAM = "-";

    /** The options, as the help text shows them. */
    static OptionTable table() {
        OptionTable table = new OptionTable("copy", "[OPTIONS] SOURCE... TARGET")
                .examples(
                        "copy disk.raw disk.qcow2",
                        "copy disk.qcow2 /dev/vg/disk",
                        "copy --backing base.qcow2 overlay.qcow2 thin-copy.qcow2",
                        "copy -O qcow2 -o cluster_size=2M,preallocation=metadata disk.raw disk.img",
                        "copy --dry-run --json overlay.qcow2 null:",
                        "copy 'sparse-random:1T?seed=3' null:")
                .description(
                        "Copies a disk image: reads what holds data, leaves out or zeroes what does not. Several sources become one "
                                + "disk, one after the other. A file that stands under the target's name is replaced, but only by a "
                                + "finished copy. - is standard input or output.",
                        "Single letters mean what they mean for qemu-img convert. Sizes are written 4096, 64K, 1.5G.")
                .group("Source")
                .value("FORMAT", "format of the source; otherwise it is found out", "-f", "--source-format")
                .value("SNAPSHOT", "copy this internal snapshot (ID or name)", "-l", "--snapshot")
                .value("CACHE", "page cache for the source: writeback, none, writethrough, directsync, unsafe", "-T", "--source-cache")
                .flag("open the source although others may write to it", "-U", "--force-share")
                .flag("open nothing that the image names: no backing file, no data file", "--untrusted")
                .flag("where the source cannot be read, go on with zeroes and say so", "--salvage")
                .value("FILE", "with --salvage, keep a map of what was read in the format of GNU ddrescue, and the target; another run "
                        + "reads only what is missing", "--salvage-map")
                .valueOr("sample", "WHEN", "read what the source calls holes, sample or all; if one holds data, believe none",
                        "--verify-holes")
                .group("Target")
                .value("FORMAT", "format of the target; otherwise that of what stands there, or told by the name, or raw",
                        "-O", "--target-format")
                .value("NAME=VALUE,...", "options of the target's format; -o help lists them", "-o", "--target-option")
                .flag("store data compressed, with every processor at work; -o compression_type=zstd for zstd", "-c", "--compress")
                .flag("with -c, compress again what the source has stored in the same form already", "--recompress")
                .value("BASE", "keep this backing file: copy only what lies above it", "-B", "--backing")
                .value("FORMAT", "format of the backing file", "-F", "--backing-format")
                .flag("trust that the backing file has the content of the source's base", "--backing-unchecked")
                .flag("do not make a target: write into the one that is there", "-n", "--no-create")
                .flag("the target that is there reads as zeroes already", "--target-is-zero", "--destination-is-zero")
                .value("CACHE", "page cache for the target, default unsafe (no flush at the end)", "-t", "--target-cache")
                .group("Copying")
                .value("SIZE", "shortest run of zeroes to look for in data, default 4K; 0: none, and allocate everything",
                        "-S", "--sparse-size")
                .value("NUMBER", "requests at the same time, 1 to " + CopyOptions.MAX_PARALLEL + "; otherwise as suits both ends",
                        "-m", "--parallel")
                .flag("write to the target out of order", "-W", "--out-of-order")
                .value("RATE", "bytes per second at most", "-r", "--rate")
                .value("WHEN", "let the kernel move bytes: auto, prefer (and look for no zeroes in them), never, always",
                        "--offload")
                .flag("go on where the same command was ended, by a journal beside the target; the first run begins it", "--resume")
                .value("WHEN", "how a resumed copy knows its source again: stat, sample or full (digests), as it was begun; default stat",
                        "--resume-check")
                .value("FILE", "the journal; otherwise beside the target, which a device or server does not have", "--journal")
                .value("SIZE", "bytes read between two entries of the journal, default 128M", "--journal-interval")
                .flag("read the target back, past the page cache where possible: it must have the digest of what was read from the "
                        + "source (see checksum)", "--verify")
                .group("Output")
                .flag("show progress also without a terminal", "-p", "--progress")
                .flag("show nothing but errors", "-q", "--quiet")
                .flag("progress as JSON lines on stderr, the result as JSON on stdout", "--json")
                .flag("only say what would be copied, zeroed and skipped; with --json each range", "--dry-run")
                .flag("at the end, say how long each stage took, what was the bottleneck, and what became of the bytes", "--stats")
                .flag("before the copy, say which way was chosen, and why: threads, slots, zeroes, offload, cache", "--explain")
                .flag("show this text", "-h", "--help");
        JobSocket.declare(table);
        NbdcopyOptions.declare(table);
        return table;
    }

    /** @throws UsageException naming the option, its value and the bound, or the options that exclude each other */
    static CopyRequest of(Arguments arguments) throws UsageException {
        boolean listOptions = FormatOptionList.asksForHelp(arguments.values("-o"));
        List<String> images = NbdcopyOptions.images(arguments, arguments.rest());
        if (images.size() < 2 && !listOptions) {
            throw new UsageException(images.isEmpty() ? "copy needs a source and a target" : "copy needs a target after '"
                    + images.get(0) + "'");
        }
        CopyRequest request = new CopyRequest(engineOptions(arguments, images, listOptions), listOptions, arguments.has("--dry-run"),
                arguments.has("--json"), arguments.has("-p"), arguments.has("-q"), arguments.has("--stats"),
                arguments.has("--explain"), JobSocket.of(arguments));
        if (request.quiet && (request.percent || request.json && !request.dryRun)) {
            throw new UsageException("-q and " + (request.percent ? "-p" : "--json") + " exclude each other");
        }
        if (request.dryRun && (request.statistics || request.explain)) {
            throw new UsageException("--dry-run copies nothing, so there is nothing for " + (request.statistics ? "--stats" : "--explain")
                    + " to tell");
        }
        return request;
    }

    private static CopyOptions engineOptions(Arguments arguments, List<String> images, boolean listOptions) throws UsageException {
        CopyOptions.Builder options = CopyOptions.builder();
        if (images.size() >= 2) {
            options.sources(images.subList(0, images.size() - 1)).target(images.get(images.size() - 1));
        } else {
            // Only the options of a format are asked for; no image is named, or just one.
            options.source("null:").target(images.isEmpty() ? "null:" : images.get(0));
        }
        arguments.value("-f").ifPresent(options::sourceFormat);
        arguments.value("-O").ifPresent(options::targetFormat);
        arguments.value("-B").ifPresent(options::backing);
        arguments.value("-F").ifPresent(options::backingFormat);
        arguments.value("-l").ifPresent(snapshot -> options.snapshot(snapshotName(snapshot)));
        if (!listOptions) {
            options.targetOptions(FormatOptionList.parse(arguments.values("-o")));
        }
        if (arguments.value("-t").isPresent()) {
            options.targetCache(cache("-t", arguments.value("-t").get()));
        }
        if (arguments.value("-T").isPresent()) {
            options.sourceCache(cache("-T", arguments.value("-T").get()));
        }
        if (arguments.size("-S").isPresent()) {
            options.sparseSize(arguments.size("-S").getAsLong());
        }
        NbdcopyOptions.apply(arguments, options);
        if (arguments.size("-r").isPresent()) {
            options.rate(arguments.size("-r").getAsLong());
        }
        if (arguments.value("-m").isPresent()) {
            options.parallel(arguments.number("-m", 1, CopyOptions.MAX_PARALLEL).getAsInt());
        }
        if (arguments.value("--offload").isPresent()) {
            options.offload(offload(arguments.value("--offload").get()));
        }
        arguments.value("--salvage-map").ifPresent(map -> options.salvageMap(Path.of(map)));
        if (arguments.value("--verify-holes").isPresent()) {
            options.holeChecking(holeChecking(arguments.value("--verify-holes").get()));
        }
        arguments.value("--journal").ifPresent(file -> options.journal(Path.of(file)));
        if (arguments.value("--resume-check").isPresent()) {
            options.resumeCheck(resumeCheck(arguments.value("--resume-check").get()));
        }
        if (arguments.size("--journal-interval").isPresent()) {
            options.journalInterval(arguments.size("--journal-interval").getAsLong());
        }
        options.backingUnchecked(arguments.has("--backing-unchecked"))
                .noCreate(arguments.has("-n"))
                .targetIsZero(arguments.has("--target-is-zero"))
                .compress(arguments.has("-c"))
                .recompress(arguments.has("--recompress"))
                .outOfOrder(arguments.has("-W"))
                .share(arguments.has("-U"))
                .untrusted(arguments.has("--untrusted"))
                .salvage(arguments.has("--salvage") || arguments.has("--salvage-map"))
                .resume(arguments.has("--resume"))
                .verify(arguments.has("--verify"))
                .statistics(arguments.has("--stats"));
        try {
            return options.build();
        } catch (IllegalArgumentException e) {
            throw new UsageException(e.getMessage());
        }
    }

    /** qemu-img also takes {@code snapshot.id=ID} and {@code snapshot.name=NAME}. */
    static String snapshotName(String text) {
        for (String prefix : List.of("snapshot.id=", "snapshot.name=")) {
            if (text.startsWith(prefix)) {
                return text.substring(prefix.length());
            }
        }
        return text;
    }

    private static CacheMode cache(String option, String word) throws UsageException {
        try {
            return CacheMode.parse(word);
        } catch (IllegalArgumentException e) {
            throw new UsageException(option + ": " + e.getMessage());
        }
    }

    private static OffloadMode offload(String word) throws UsageException {
        return switch (word) {
            case "auto" -> OffloadMode.AUTO;
            case "prefer" -> OffloadMode.PREFER;
            case "never" -> OffloadMode.NEVER;
            case "always" -> OffloadMode.ALWAYS;
            default -> throw new UsageException("--offload is '" + word + "'; it is auto, prefer, never or always");
        };
    }

    private static ResumeCheck resumeCheck(String word) throws UsageException {
        return switch (word) {
            case "stat" -> ResumeCheck.STAT;
            case "sample" -> ResumeCheck.SAMPLE;
            case "full" -> ResumeCheck.FULL;
            default -> throw new UsageException("--resume-check is '" + word + "'; it is stat, sample or full");
        };
    }

    private static HoleChecking holeChecking(String word) throws UsageException {
        return switch (word) {
            case "sample" -> HoleChecking.SAMPLE;
            case "all" -> HoleChecking.ALL;
            default -> throw new UsageException("--verify-holes is '" + word + "'; it is sample or all");
        };
    }

    /** Whether stdout carries the image, so that nothing else may go there. */
    boolean toStdout() {
        return options.target().equals(STREAM);
    }

    /** The format whose options {@code -o help} lists, if it is known. */
    Optional<String> namedFormat() {
        return options.targetFormat();
    }
}

package org.blockferry.engine.maintain;

import java.util.Objects;
import java.util.Optional;
import java.util.function.Consumer;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockException.Kind;
import org.blockferry.engine.block.BlockSource;
import org.blockferry.engine.block.CheckReport;
import org.blockferry.engine.block.CheckedFormat;
import org.blockferry.engine.block.DriverRegistry;
import org.blockferry.engine.block.FormatDriver;
import org.blockferry.engine.block.ImageLocation;
import org.blockferry.engine.block.OpenOptions;
import org.blockferry.engine.block.RepairMode;

/**
 * Checks one image for contradictions, and repairs it: {@code qemu-img check}. Only the image's own file is opened; that of a backing
 * or data file is of no interest here.
 *
 * <p>Immutable and thread-safe.
 */
public final class CheckJob {
    private final DriverRegistry registry;
    private final ImageLocation image;
    private final Optional<String> format;
    private final OpenOptions options;

    /**
     * @param format empty: what the image's first bytes show
     * @param options cache and share are of interest
     */
    public CheckJob(DriverRegistry registry, String image, Optional<String> format, OpenOptions options) {
        this.registry = Objects.requireNonNull(registry, "registry");
        this.image = registry.locate(image);
        this.format = Objects.requireNonNull(format, "format");
        this.options = Objects.requireNonNull(options, "options");
    }

    /**
     * Checks; nothing is changed.
     *
     * @param findings gets one line for each finding, as it is made
     * @throws BlockException UNSUPPORTED if images of this format cannot be checked; NOT_FOUND, INVALID_FORMAT and others if it cannot
     *     be opened as what it is said to be
     */
    public CheckResult check(Consumer<String> findings) throws BlockException {
        // A format that there is not is told before anything is opened.
        FormatDriver named = registry.format(image.text(), format.orElse("raw"));
        try (BlockSource file = registry.protocol(image).openSource(image, options)) {
            FormatDriver driver = format.isPresent() ? named : OpenImage.probe(registry, file);
            return new CheckResult(driver.name(), checked(driver).check(file, findings));
        }
    }

    /**
     * Checks, repairs what {@code mode} allows, and if anything was repaired checks again.
     *
     * @param repaired is told what was repaired, before the second check
     * @throws BlockException as {@link #check}, and READ_ONLY or IN_USE
     */
    public CheckResult repair(RepairMode mode, Consumer<String> findings, Consumer<CheckReport> repaired) throws BlockException {
        try (OpenImage opened = OpenImage.open(registry, image, format, options)) {
            CheckedFormat checked = checked(opened.driver());
            CheckReport report = checked.repair(opened.file(), mode, findings);
            if (report.isRepaired()) {
                repaired.accept(report);
                report = checked.check(opened.file(), findings).withFixed(report.corruptionsFixed(), report.leaksFixed());
            }
            opened.file().complete();
            return new CheckResult(opened.driver().name(), report);
        }
    }

    private static CheckedFormat checked(FormatDriver driver) throws BlockException {
        if (driver instanceof CheckedFormat checked) {
            return checked;
        }
        throw BlockException.of(Kind.UNSUPPORTED, driver.name(), "This image format does not support checks");
    }
}

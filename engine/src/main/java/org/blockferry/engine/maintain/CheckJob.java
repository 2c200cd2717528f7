package org.blockferry.engine.maintain;

import java.nio.ByteBuffer;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Consumer;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockException.Kind;
import org.blockferry.engine.block.BlockSource;
import org.blockferry.engine.block.BlockStorage;
import org.blockferry.engine.block.BlockTarget;
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
    private static final int PROBE_BYTES = 4096;

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
        FormatDriver named = named();
        try (BlockSource file = registry.protocol(image).openSource(image, options)) {
            FormatDriver driver = format.isPresent() ? named : probe(file);
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
        FormatDriver named = named();
        try (BlockTarget target = registry.protocol(image).openTarget(image, options)) {
            if (!(target instanceof BlockStorage file)) {
                throw BlockException.of(Kind.UNSUPPORTED, image.text(), "what cannot be read cannot be checked");
            }
            FormatDriver driver = format.isPresent() ? named : probe(file);
            CheckedFormat checked = checked(driver);
            CheckReport report = checked.repair(file, mode, findings);
            if (report.isRepaired()) {
                repaired.accept(report);
                report = checked.check(file, findings).withFixed(report.corruptionsFixed(), report.leaksFixed());
            }
            file.complete();
            return new CheckResult(driver.name(), report);
        }
    }

    /** A format that there is not is told before anything is opened. */
    private FormatDriver named() throws BlockException {
        return registry.format(image.text(), format.orElse("raw"));
    }

    private FormatDriver probe(BlockSource file) throws BlockException {
        if (!file.info().isLengthKnown()) {
            return registry.format(image.text(), "raw");
        }
        ByteBuffer head = ByteBuffer.allocateDirect((int) Math.min(PROBE_BYTES, file.info().length()));
        file.read(0, head);
        return registry.probe(image.text(), head.flip());
    }

    private static CheckedFormat checked(FormatDriver driver) throws BlockException {
        if (driver instanceof CheckedFormat checked) {
            return checked;
        }
        throw BlockException.of(Kind.UNSUPPORTED, driver.name(), "This image format does not support checks");
    }
}

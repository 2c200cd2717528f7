package org.blockferry.engine.maintain;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.blockferry.engine.block.BackingReference;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockException.Kind;
import org.blockferry.engine.block.BlockTarget;
import org.blockferry.engine.block.CreateOptions;
import org.blockferry.engine.block.DriverRegistry;
import org.blockferry.engine.block.FormatDriver;
import org.blockferry.engine.block.ImageLocation;
import org.blockferry.engine.block.OpenOptions;
import org.blockferry.engine.graph.ImageChain;
import org.blockferry.engine.graph.ImageOpener;
import org.blockferry.engine.graph.OpenPolicy;

/**
 * Makes an empty image: {@code qemu-img create}. {@link #prepare} finds out and checks everything, {@link #run} makes the image. What
 * stands under its name is replaced by a finished image, or stays.
 *
 * <p>Owned by one thread.
 */
public final class CreateJob {
    /** Options of formats that say what others say, too. */
    private static final String BACKING_FILE = "backing_file";
    private static final String BACKING_FORMAT = "backing_fmt";

    private final ImageOpener opener;
    private final ImageLocation location;
    private final FormatDriver driver;
    private final CreateOptions options;

    private CreateJob(ImageOpener opener, ImageLocation location, FormatDriver driver, CreateOptions options) {
        this.opener = opener;
        this.location = location;
        this.driver = driver;
        this.options = options;
    }

    /**
     * Checks that the image can be made; nothing is written. The backing file is opened, with all below it, unless that was declined.
     *
     * @throws BlockException INVALID_ARGUMENT naming the option; NOT_FOUND and others naming the backing file
     */
    public static CreateJob prepare(DriverRegistry registry, NewImage image) throws BlockException {
        ImageOpener opener = new ImageOpener(registry, OpenPolicy.DEFAULT);
        ImageLocation location = registry.locate(image.image());
        FormatDriver driver = registry.format(image.image(), image.format());
        Map<String, String> formatOptions = new LinkedHashMap<>(image.options());
        Optional<String> backing = image.backing().or(() -> Optional.ofNullable(formatOptions.get(BACKING_FILE)))
                .filter(name -> !name.isEmpty());
        Optional<String> backingFormat = image.backingFormat().or(() -> Optional.ofNullable(formatOptions.get(BACKING_FORMAT)));
        if ((backing.isPresent() || backingFormat.isPresent()) && !driver.createOptions().containsKey(BACKING_FILE)) {
            throw BlockException.of(Kind.INVALID_ARGUMENT, image.image(),
                    "Backing file not supported for file format '" + driver.name() + "'");
        }
        if (backing.isEmpty() && backingFormat.isPresent()) {
            throw BlockException.of(Kind.INVALID_ARGUMENT, image.image(), "Backing format cannot be used without backing file");
        }
        OptionalLong size = image.size();
        if (backing.isPresent()) {
            if (backing.get().equals(image.image())) {
                throw BlockException.of(Kind.INVALID_ARGUMENT, image.image(),
                        "Error: Trying to create an image with the same filename as the backing file");
            }
            if (backingFormat.isPresent()) {
                registry.format(image.image(), backingFormat.get());
            }
            if (!image.backingUnchecked()) {
                long length = lengthOf(opener, location, backing.get(), backingFormat);
                size = size.isPresent() ? size : OptionalLong.of(length);
            }
        }
        if (size.isEmpty()) {
            throw BlockException.of(Kind.INVALID_ARGUMENT, image.image(), "Image creation needs a size parameter");
        }
        formatOptions.remove(BACKING_FILE);
        formatOptions.remove(BACKING_FORMAT);
        CreateOptions options = CreateOptions.ofLength(size.getAsLong()).withFormatOptions(formatOptions);
        if (backing.isPresent()) {
            options = options.withBacking(new BackingReference(backing.get(), backingFormat));
        }
        driver.checkCreateOptions(image.image(), options);
        return new CreateJob(opener, location, driver, options);
    }

    private static long lengthOf(ImageOpener opener, ImageLocation image, String backing, Optional<String> format) throws BlockException {
        if (format.isEmpty()) {
            throw BlockException.of(Kind.INVALID_ARGUMENT, image.text(), "Backing file specified without backing format");
        }
        ImageLocation location = opener.resolve(image, ImageOpener.BACKING_FILE, backing);
        // Whoever uses it may go on: an overlay is made while the machine that is to change over still runs.
        try (ImageChain chain = opener.openChain(location, format, OpenOptions.DEFAULT.withShare(true))) {
            if (!chain.info().isLengthKnown()) {
                throw BlockException.of(Kind.UNSUPPORTED, location.text(), "a backing file must have a length");
            }
            return chain.info().length();
        } catch (BlockException e) {
            String prefix = location.text() + ": ";
            String reason = e.getMessage().startsWith(prefix) ? e.getMessage().substring(prefix.length()) : e.getMessage();
            throw BlockException.of(e.kind(), image.text(), "Could not open '" + location.text() + "': " + reason, e)
                    .withErrno(e.errno().orElse(0));
        }
    }

    /** The format's name. */
    public String format() {
        return driver.name();
    }

    /** What the image is going to be, by the names of options, in the order in which QEMU tells them. */
    public Map<String, String> description() {
        return driver.describeNew(options);
    }

    /** Makes the image. */
    public void run() throws BlockException {
        try (BlockTarget target = opener.createTarget(location, driver.name(), options)) {
            target.complete();
        }
    }
}

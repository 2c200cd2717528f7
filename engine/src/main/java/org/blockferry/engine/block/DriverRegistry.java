package org.blockferry.engine.block;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.ServiceLoader;

/** The drivers that are there. Immutable and thread-safe. */
public final class DriverRegistry {
    private static final String FILE = "file";
    private static final String STREAM = "stream";

    private final Map<String, ProtocolDriver> protocols = new LinkedHashMap<>();
    private final Map<String, ProtocolDriver> schemes = new LinkedHashMap<>();
    private final Map<String, FormatDriver> formats = new LinkedHashMap<>();

    private DriverRegistry(Iterable<? extends ProtocolDriver> protocols, Iterable<? extends FormatDriver> formats) {
        for (ProtocolDriver driver : protocols) {
            this.protocols.put(driver.name(), driver);
            driver.schemes().forEach(scheme -> schemes.put(scheme, driver));
        }
        for (FormatDriver driver : formats) {
            this.formats.put(driver.name(), driver);
        }
    }

    /** The drivers that {@link ServiceLoader} finds. */
    public static DriverRegistry load() {
        return new DriverRegistry(ServiceLoader.load(ProtocolDriver.class), ServiceLoader.load(FormatDriver.class));
    }

    /** Just these drivers. */
    public static DriverRegistry of(List<? extends ProtocolDriver> protocols, List<? extends FormatDriver> formats) {
        return new DriverRegistry(protocols, formats);
    }

    /**
     * Finds out which protocol serves {@code text}: {@code -} is a stream, a known prefix before a colon decides, and
     * everything else is a path.
     */
    public ImageLocation locate(String text) {
        if (text.equals("-")) {
            return new ImageLocation(STREAM, text, text);
        }
        int colon = text.indexOf(':');
        if (colon > 0) {
            String scheme = text.substring(0, colon);
            ProtocolDriver driver = schemes.get(scheme);
            if (driver != null) {
                // A driver of several schemes must see which one it was.
                String rest = driver.schemes().size() == 1 ? text.substring(colon + 1) : text;
                return new ImageLocation(driver.name(), rest, text);
            }
        }
        return ImageLocation.file(text);
    }

    /** @throws BlockException UNSUPPORTED if there is no such protocol here */
    public ProtocolDriver protocol(ImageLocation location) throws BlockException {
        ProtocolDriver driver = protocols.get(location.protocol());
        if (driver == null) {
            throw BlockException.of(BlockException.Kind.UNSUPPORTED, location.text(),
                    "no driver for the protocol '" + location.protocol() + "'");
        }
        return driver;
    }

    /**
     * The format called {@code name}.
     *
     * @param node for the message
     * @throws BlockException INVALID_ARGUMENT naming the known formats
     */
    public FormatDriver format(String node, String name) throws BlockException {
        FormatDriver driver = formats.get(name);
        if (driver == null) {
            throw BlockException.of(BlockException.Kind.INVALID_ARGUMENT, node,
                    "Unknown file format '" + name + "'; known are " + String.join(", ", formats.keySet()));
        }
        return driver;
    }

    /** The format whose magic bytes {@code head} begins with; {@code raw} if none claims it. */
    public FormatDriver probe(String node, ByteBuffer head) throws BlockException {
        for (FormatDriver driver : formats.values()) {
            if (driver.recognises(head.duplicate())) {
                return driver;
            }
        }
        return format(node, "raw");
    }

    /** The format that a file name's ending stands for. */
    public Optional<FormatDriver> formatByExtension(String name) {
        int dot = name.lastIndexOf('.');
        String ending = dot < 0 || name.indexOf('/', dot) >= 0 ? "" : name.substring(dot + 1);
        return formats.values().stream().filter(driver -> driver.extensions().contains(ending)).findFirst();
    }

    public List<ProtocolDriver> protocols() {
        return new ArrayList<>(protocols.values());
    }

    public List<FormatDriver> formats() {
        return new ArrayList<>(formats.values());
    }
}

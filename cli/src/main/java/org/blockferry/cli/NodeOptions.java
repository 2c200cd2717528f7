package org.blockferry.cli;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import org.blockferry.engine.block.DriverRegistry;
import org.blockferry.engine.block.FormatDriver;
import org.blockferry.engine.block.ImageLocation;
import org.blockferry.engine.graph.NodeSpec;
import org.blockferry.engine.util.ByteSize;

/**
 * Images described part by part on the command line, as QEMU does it: {@code --image-opts driver=qcow2,file.filename=a} and {@code
 * json:{"driver":"qcow2","file":{"filename":"a"}}}. Both become the same flat list of names with dots.
 *
 * <pre>
 *   driver                     format of the image; without it, it is found out
 *   file.driver                file, host_device, nbd, null-co; without it, as file.filename says
 *   file.filename, .host, .port, .path, .export, .server.*, .size, .read-zeroes
 *   offset, size               with driver=raw: the part of the file that is the disk
 *   backing.*                  another backing file than the image names; backing= (in JSON, null): none
 * </pre>
 *
 * <p>Options that change how QEMU does its work and not what is read are taken and left alone. Of any other the user is told.
 */
final class NodeOptions {
    static final String JSON = "json:";
    private static final Set<String> TUNING = Set.of("node-name", "read-only", "auto-read-only", "discard", "aio", "locking",
            "cache.direct", "cache.no-flush", "force-share", "detect-zeroes", "lazy-refcounts", "l2-cache-size",
            "refcount-cache-size", "cache-size", "cache-clean-interval", "pass-discard-request", "reconnect-delay", "latency-ns");
    private static final Set<String> FILES = Set.of("file", "host_device", "host_cdrom");
    private static final Set<String> NULLS = Set.of("null-co", "null-aio");
    private static final String NBD = "nbd";
    private static final Set<String> ENDINGS = Set.of("unix", "inet");

    private final DriverRegistry drivers;
    private final String text;
    private final Map<String, String> values = new TreeMap<>();

    private NodeOptions(DriverRegistry drivers, String text) {
        this.drivers = drivers;
        this.text = text;
    }

    /** What {@code --image-opts} makes of an argument. */
    static NodeSpec ofList(DriverRegistry drivers, String text) throws IOException {
        NodeOptions options = new NodeOptions(drivers, text);
        int equals = text.indexOf('=');
        int comma = text.indexOf(',');
        if (equals < 0 || comma >= 0 && comma < equals) {
            throw options.wrong(noNode(comma < 0 ? text : text.substring(0, comma)));
        }
        try {
            options.values.putAll(FormatOptionList.parse(List.of(text)));
        } catch (UsageException e) {
            throw options.wrong("Invalid parameter ''");
        }
        return options.whole();
    }

    /** What follows {@code json:}, which {@code text} begins with. */
    static NodeSpec ofJson(DriverRegistry drivers, String text) throws IOException {
        NodeOptions options = new NodeOptions(drivers, text);
        try (JsonParser parser = new JsonFactory().createParser(text.substring(JSON.length()))) {
            if (parser.nextToken() != JsonToken.START_OBJECT) {
                throw options.wrong("Could not parse the JSON options: it is no object");
            }
            options.flatten(parser, "");
            if (parser.nextToken() != null) {
                throw options.wrong("Could not parse the JSON options: something follows the object");
            }
        } catch (JsonProcessingException e) {
            throw options.wrong("Could not parse the JSON options: JSON parse error, " + e.getOriginalMessage());
        }
        return options.whole();
    }

    private void flatten(JsonParser parser, String name) throws IOException {
        switch (parser.currentToken()) {
            case START_OBJECT -> {
                while (parser.nextToken() != JsonToken.END_OBJECT) {
                    String field = parser.currentName();
                    parser.nextToken();
                    flatten(parser, name.isEmpty() ? field : name + "." + field);
                }
            }
            case START_ARRAY -> {
                for (int i = 0; parser.nextToken() != JsonToken.END_ARRAY; i++) {
                    flatten(parser, name + "." + i);
                }
            }
            case VALUE_TRUE -> values.put(name, "on");
            case VALUE_FALSE -> values.put(name, "off");
            case VALUE_NULL -> values.put(name, "");
            default -> values.put(name, parser.getText());
        }
    }

    private NodeSpec whole() throws IOException {
        return node("");
    }

    /** The node whose options begin with {@code prefix}; takes them out of the list. */
    private NodeSpec node(String prefix) throws IOException {
        Optional<String> driver = take(prefix + "driver");
        dropTuning(prefix);
        if (driver.isPresent() && isProtocol(driver.get())) {
            ImageLocation location = protocol(prefix, driver);
            requireNothingLeft(prefix, "Block protocol '" + driver.get() + "' doesn't support the option '");
            return new NodeSpec(Optional.of("raw"), location, 0, OptionalLong.empty(), new NodeSpec.Backing.Stored());
        }
        if (driver.isPresent() && drivers.formats().stream().map(FormatDriver::name).noneMatch(driver.get()::equals)) {
            throw wrong("Unknown driver '" + driver.get() + "'");
        }
        ImageLocation file = file(prefix, driver);
        boolean raw = driver.equals(Optional.of("raw"));
        long offset = raw ? size(prefix + "offset").orElse(0) : 0;
        OptionalLong size = raw ? size(prefix + "size") : OptionalLong.empty();
        NodeSpec.Backing backing = backing(prefix);
        requireNothingLeft(prefix, "Block format '" + driver.orElse("raw") + "' does not support the option '");
        return new NodeSpec(driver, file, offset, size, backing);
    }

    private boolean isProtocol(String driver) {
        return FILES.contains(driver) || NULLS.contains(driver) || driver.equals(NBD);
    }

    private ImageLocation file(String prefix, Optional<String> format) throws IOException {
        Optional<String> reference = take(prefix + "file");
        if (reference.isPresent()) {
            throw wrong(noNode(reference.get()));
        }
        String below = prefix + "file.";
        if (values.keySet().stream().noneMatch(name -> name.startsWith(below))) {
            if (format.isEmpty() && values.containsKey(prefix + "filename")) {
                return protocol(prefix, Optional.empty());
            }
            throw wrong("A block device must be specified for \"file\"");
        }
        Optional<String> driver = take(below + "driver");
        dropTuning(below);
        if (driver.isPresent() && !isProtocol(driver.get())) {
            throw wrong("Unknown protocol '" + driver.get() + "': below a format there is file, host_device, nbd or null-co");
        }
        ImageLocation location = protocol(below, driver);
        requireNothingLeft(below, "Block protocol '" + driver.orElse(location.protocol()) + "' doesn't support the option '");
        return location;
    }

    private ImageLocation protocol(String prefix, Optional<String> driver) throws IOException {
        if (driver.isEmpty() || FILES.contains(driver.get())) {
            String name = take(prefix + "filename").orElseThrow(() -> wrong("The 'file' block driver requires a file name"));
            ImageLocation location = driver.isEmpty() ? drivers.locate(name) : ImageLocation.file(name);
            return new ImageLocation(location.protocol(), location.rest(), text);
        }
        if (NULLS.contains(driver.get())) {
            String zeroes = take(prefix + "read-zeroes").orElse("off");
            OptionalLong size = size(prefix + "size");
            return new ImageLocation("null", (size.isPresent() ? size.getAsLong() : "") + "?read-zeroes=" + zeroes, text);
        }
        // The driver reads what the user wrote; here that is the address.
        String address = nbd(prefix);
        return new ImageLocation(NBD, address, address);
    }

    /** The options of QEMU's NBD driver, in their old and their new form, as a URI. */
    private String nbd(String prefix) throws IOException {
        String export = "/" + encode(take(prefix + "export").orElse(""));
        Optional<String> type = take(prefix + "server.type").filter(ENDINGS::contains);
        Optional<String> path = take(prefix + "server.path").or(() -> take(prefix + "path"));
        Optional<String> host = take(prefix + "server.host").or(() -> take(prefix + "host"));
        Optional<String> port = take(prefix + "server.port").or(() -> take(prefix + "port"));
        if (path.isPresent() == host.isPresent() || type.isPresent() && type.get().equals("unix") != path.isPresent()) {
            throw wrong("NBD server address missing: either server.path, or server.host and server.port");
        }
        return path.isPresent() ? "nbd+unix://" + export + "?socket=" + encode(path.get())
                : "nbd://" + host.get() + port.map(number -> ":" + number).orElse("") + export;
    }

    private static String encode(String part) {
        return URLEncoder.encode(part, StandardCharsets.UTF_8).replace("+", "%20").replace("%2F", "/");
    }

    private NodeSpec.Backing backing(String prefix) throws IOException {
        Optional<String> reference = take(prefix + "backing");
        if (reference.isPresent()) {
            if (!reference.get().isEmpty()) {
                throw wrong("Could not open backing file: " + noNode(reference.get()));
            }
            return new NodeSpec.Backing.None();
        }
        String below = prefix + "backing.";
        return values.keySet().stream().anyMatch(name -> name.startsWith(below))
                ? new NodeSpec.Backing.Given(node(below)) : new NodeSpec.Backing.Stored();
    }

    private static String noNode(String name) {
        return "Cannot find device='" + name + "' nor node-name='" + name + "'";
    }

    private Optional<String> take(String name) {
        return Optional.ofNullable(values.remove(name));
    }

    private OptionalLong size(String name) throws IOException {
        Optional<String> size = take(name);
        if (size.isEmpty()) {
            return OptionalLong.empty();
        }
        try {
            return OptionalLong.of(ByteSize.parse(name, size.get()));
        } catch (IllegalArgumentException e) {
            throw wrong("Parameter '" + name + "' expects a non-negative number below 2^64");
        }
    }

    private void dropTuning(String prefix) {
        TUNING.forEach(name -> values.remove(prefix + name));
    }

    private void requireNothingLeft(String prefix, String complaint) throws IOException {
        List<String> left = new ArrayList<>(values.keySet().stream().filter(name -> name.startsWith(prefix)).toList());
        if (!left.isEmpty()) {
            throw wrong(complaint + left.get(0).substring(prefix.length()) + "'");
        }
    }

    private IOException wrong(String what) {
        return new IOException("Could not open '" + text + "': " + what);
    }
}

package org.blockferry.engine.block;

import java.nio.ByteBuffer;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Lays an image format over the bytes of another node. Opens its own layer only. Stateless and thread-safe. */
public interface FormatDriver {

    /** The format's name: {@code raw}, {@code qcow2}. */
    String name();

    /** File name endings, without the dot, that make this the format of a new target when the user names none. */
    Set<String> extensions();

    /**
     * Whether the image that begins with {@code head} is of this format, told by magic bytes. {@code raw} always says no: it is
     * what is left.
     *
     * @param head the first bytes of the file, position to limit, up to 4096; not changed
     */
    boolean recognises(ByteBuffer head);

    /** The names of the options that {@link #create} takes, each with one line of explanation, in the order to list them. */
    Map<String, String> createOptions();

    /**
     * Opens one layer for reading. The layer owns {@code file} from then on and closes it, also when opening fails.
     *
     * @param data opens an external data file, if the image has one and the policy allows it
     * @throws BlockException INVALID_FORMAT, CORRUPT_IMAGE or UNSUPPORTED naming the field, its value and the bound
     */
    FormatSource open(BlockSource file, OpenOptions options, DataFileOpener data) throws BlockException;

    /**
     * Lays a new image out on {@code file}, which is new and empty. The target owns {@code file} and completes and closes it.
     *
     * @throws BlockException INVALID_ARGUMENT if an option is unknown or out of bounds; nothing has been written then
     */
    BlockTarget create(BlockTarget file, CreateOptions options) throws BlockException;

    /**
     * Opens one layer for writing in place. The layer owns {@code file}.
     *
     * @throws BlockException UNSUPPORTED if this format cannot be written in place
     */
    BlockTarget openTarget(BlockStorage file, OpenOptions options, DataFileOpener data) throws BlockException;

    /**
     * What {@link #create} makes of options that are right: those that were given, and what is used for the others, in the order in
     * which QEMU tells them; {@code size} is the length of the disk as it was asked for.
     */
    default Map<String, String> describeNew(CreateOptions options) {
        Map<String, String> all = new LinkedHashMap<>();
        all.put("size", Long.toString(options.length()));
        all.putAll(options.formatOptions());
        return all;
    }

    /** Checks the options of {@link #create} without making anything; the exceptions are those of {@code create}. */
    void checkCreateOptions(String node, CreateOptions options) throws BlockException;

    /**
     * How large a new image gets.
     *
     * @param node for messages
     * @param options of the image, with a known length
     * @param source the image that is to be copied, if there is one
     * @throws BlockException UNSUPPORTED if this format cannot tell, else as {@link #checkCreateOptions}
     */
    default ImageFootprint footprint(String node, CreateOptions options, Optional<FormatDetails> source) throws BlockException {
        throw BlockException.of(BlockException.Kind.UNSUPPORTED, node,
                "Block driver '" + name() + "' does not support size measurement");
    }

    /** Opens the file that an image names as its external data file. */
    @FunctionalInterface
    interface DataFileOpener {
        /** Refuses every data file. */
        DataFileOpener REFUSE = (image, name) -> {
            throw BlockException.of(BlockException.Kind.REFUSED, image,
                    "the external data file '" + name + "' may not be opened");
        };

        /**
         * @param image the image that names it, for messages
         * @param name the name as it stands in the image
         */
        BlockSource open(String image, String name) throws BlockException;
    }
}

package org.blockferry.engine.block;

import java.util.Set;

/** Opens and creates nodes that hold bytes: files, devices, memory, servers, pipes. Stateless and thread-safe. */
public interface ProtocolDriver {

    /** The protocol's name, as in {@link ImageLocation#protocol}. */
    String name();

    /**
     * The prefixes, up to the colon, of locations that are this driver's: {@code null}, {@code nbd+unix}. The driver {@code
     * file} also serves every location without a known prefix, and {@code stream} the location {@code -}.
     */
    Set<String> schemes();

    /**
     * Opens what is there, for reading.
     *
     * @throws BlockException NOT_FOUND, ACCESS_DENIED, IN_USE, or IO; INVALID_ARGUMENT if the location makes no sense
     */
    BlockSource openSource(ImageLocation location, OpenOptions options) throws BlockException;

    /**
     * Opens what is there, for writing in place; it is a {@link BlockStorage} when it can also be read.
     *
     * @throws BlockException as {@link #openSource}, and READ_ONLY
     */
    BlockTarget openTarget(ImageLocation location, OpenOptions options) throws BlockException;

    /**
     * Makes a new target. What stands under the name until then stays as it is until {@link BlockTarget#complete}, but for
     * devices, servers and pipes, which can only be written in place. It is a {@link BlockStorage} when it can also be read.
     *
     * @param options of these only length and cache; {@code options.formatOptions} may hold {@code preallocation} for raw use
     */
    BlockTarget create(ImageLocation location, CreateOptions options) throws BlockException;

    /** Whether something stands there that {@link #openTarget} could open. */
    boolean exists(ImageLocation location) throws BlockException;

    /** Whether {@link #create} would have to write in place into what exists, of fixed length: a block device, a server. */
    default boolean isFixed(ImageLocation location) throws BlockException {
        return false;
    }
}

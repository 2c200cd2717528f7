package org.blockferry.engine.block;

import java.time.Instant;

/**
 * A format whose images hold earlier states of their disk: implemented by a {@link FormatDriver}. Each call changes the image durably, or
 * fails and leaves its states as they were; a crash leaves space that is not used, at most. The file stays open. Stateless and thread-safe.
 */
public interface SnapshotFormat {

    /**
     * Remembers the current state under a name; several may have the same.
     *
     * @throws BlockException UNSUPPORTED if this image cannot have any; CORRUPT_IMAGE if it has errors
     */
    void createSnapshot(BlockStorage file, String name, Instant now) throws BlockException;

    /**
     * Forgets the first snapshot of that name.
     *
     * @throws BlockException NOT_FOUND, or as {@link #createSnapshot}
     */
    void deleteSnapshot(BlockStorage file, String name) throws BlockException;

    /**
     * Makes the current state what it was, the disk's length included; what was written since is lost.
     *
     * @throws BlockException NOT_FOUND, or as {@link #createSnapshot}
     */
    void applySnapshot(BlockStorage file, String idOrName) throws BlockException;
}

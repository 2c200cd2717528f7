package org.blockferry.engine.job;

import java.util.Objects;
import org.blockferry.engine.digest.Checksum;

/**
 * That a target reads as its source did.
 *
 * @param source digest of what was read while copying; with a kept base, of the source read again
 * @param target digest of what the target gave when it was read back; the same
 * @param pastCache whether it was read past the page cache, so that the storage answered
 */
public record Verification(Checksum source, Checksum target, boolean pastCache) {
    public Verification {
        Objects.requireNonNull(source, "source");
        Objects.requireNonNull(target, "target");
    }
}

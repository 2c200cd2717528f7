package org.blockferry.engine.graph;

/**
 * How far the names that stand inside images are trusted.
 *
 * @param untrusted the image comes from somebody else: neither a backing file nor an external data file is opened
 * @param maxDepth the most images that a chain may have, at least 1
 * @param followProbed whether a backing file whose format nobody named, and which looks like an image with a backing or data
 *     file of its own, is followed. QEMU follows it; libvirt refuses, and so do we by default: the file may be a raw disk into
 *     which a guest wrote an image header that names a file of the host
 */
public record OpenPolicy(boolean untrusted, int maxDepth, boolean followProbed) {
    private static final int DEFAULT_DEPTH = 64;

    /** Backing and data files are opened, 64 images deep; probed backing files are not followed. */
    public static final OpenPolicy DEFAULT = new OpenPolicy(false, DEFAULT_DEPTH, false);

    /** Nothing but the named file itself is opened. */
    public static final OpenPolicy UNTRUSTED = new OpenPolicy(true, DEFAULT_DEPTH, false);

    public OpenPolicy {
        if (maxDepth < 1) {
            throw new IllegalArgumentException("maxDepth is " + maxDepth + "; a chain has at least 1 image");
        }
    }

    public OpenPolicy withUntrusted(boolean other) {
        return new OpenPolicy(other, maxDepth, followProbed);
    }

    public OpenPolicy withMaxDepth(int other) {
        return new OpenPolicy(untrusted, other, followProbed);
    }

    public OpenPolicy withFollowProbed(boolean other) {
        return new OpenPolicy(untrusted, maxDepth, other);
    }
}

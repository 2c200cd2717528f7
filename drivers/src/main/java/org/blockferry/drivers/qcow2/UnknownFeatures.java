package org.blockferry.drivers.qcow2;

import java.util.ArrayList;
import java.util.List;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockException.Kind;
import org.blockferry.engine.util.Printable;

/** Refuses images that need something unknown, by the names that the image itself has for it. */
final class UnknownFeatures {
    private UnknownFeatures() {
    }

    /** @throws BlockException UNSUPPORTED naming each incompatible feature that is not known here, in QEMU's words */
    static void refuse(String node, Qcow2Header header, HeaderExtensions extensions) throws BlockException {
        long unknown = header.incompatible() & ~Feature.KNOWN_INCOMPATIBLE;
        if (unknown == 0) {
            return;
        }
        List<String> names = new ArrayList<>();
        long unnamed = 0;
        for (int bit = 0; bit < Long.SIZE; bit++) {
            if ((unknown >>> bit & 1) != 0) {
                var name = extensions.nameOf(Feature.Field.INCOMPATIBLE, bit);
                name.ifPresent(text -> names.add(Printable.line(text)));
                unnamed |= name.isPresent() ? 0 : 1L << bit;
            }
        }
        if (unnamed != 0) {
            names.add("Unknown incompatible feature: " + Long.toHexString(unnamed));
        }
        throw BlockException.of(Kind.UNSUPPORTED, node, "Unsupported qcow2 feature(s): " + String.join(", ", names));
    }
}

package org.blockferry.engine.graph;

import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.ImageLocation;
import org.blockferry.engine.util.Printable;

/**
 * The names of other files that stand inside images.
 *
 * <p>As in QEMU, what comes before a colon is a protocol if there is no slash before it. Here only {@code file:} is one: every
 * other would let an image choose what this process connects to. A relative name is relative to the folder in the name by which
 * the image was opened; symbolic links in that name are not looked through.
 */
final class ImageNames {
    static final String FILE = "file";
    private static final String FILE_PREFIX = "file:";

    private ImageNames() {
    }

    /**
     * Where a file named by an image is.
     *
     * @param image the image that names it
     * @param field what the name is, for messages: {@code backing file}
     * @throws BlockException REFUSED naming the image, the field and the value
     */
    static ImageLocation resolve(ImageLocation image, String field, String name) throws BlockException {
        String path = name.startsWith(FILE_PREFIX) ? name.substring(FILE_PREFIX.length()) : name;
        if (path.isEmpty() || path.indexOf('\0') >= 0) {
            throw refused(image, field, name, "not the name of a file");
        }
        if (path.startsWith("/")) {
            return ImageLocation.file(path);
        }
        int colon = path.indexOf(':');
        int slash = path.indexOf('/');
        if (colon >= 0 && (slash < 0 || colon < slash)) {
            throw refused(image, field, name,
                    "inside an image only files may be named, not '" + path.substring(0, colon + 1) + "'");
        }
        if (!image.protocol().equals(FILE)) {
            throw refused(image, field, name, "a relative name needs an image that is a file");
        }
        return ImageLocation.file(image.rest().substring(0, image.rest().lastIndexOf('/') + 1) + path);
    }

    private static BlockException refused(ImageLocation image, String field, String name, String why) {
        return BlockException.of(BlockException.Kind.REFUSED, image.text(), field + " is '" + Printable.line(name) + "'; " + why);
    }
}

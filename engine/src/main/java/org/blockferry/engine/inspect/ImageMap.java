package org.blockferry.engine.inspect;

import java.util.List;
import java.util.function.Consumer;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.ByteRange;
import org.blockferry.engine.block.DriverRegistry;
import org.blockferry.engine.graph.ImageChain;
import org.blockferry.engine.graph.Layer;

/**
 * Where an image and its backing files hold data: the disk in runs, each as long as can be. Nothing of the data is read. Used by one
 * thread, which is helped by another where the runs are many.
 */
public final class ImageMap implements AutoCloseable {
    private final DiskView view;

    private ImageMap(DiskView view) {
        this.view = view;
    }

    /** @throws BlockException if the image or one below it cannot be opened; UNSUPPORTED for a stream */
    public static ImageMap open(DriverRegistry drivers, ImageRequest request) throws BlockException {
        return new ImageMap(Inspection.view(drivers, request, false));
    }

    /** The whole disk. A raw image that ends within a sector is taken for longer, up to its end. */
    public ByteRange range() {
        return new ByteRange(0, view.length());
    }

    /** The images, top first. */
    public List<Layer> layers() {
        return chain().layers();
    }

    private ImageChain chain() {
        return view.chain();
    }

    /**
     * Gives the runs of a part of the disk to {@code visitor}, in ascending order, without gaps. Runs that are alike and adjoin are one.
     *
     * @param part of the disk; what lies past its end is left out
     */
    public void forEach(ByteRange part, Consumer<? super MapEntry> visitor) throws BlockException {
        long end = Math.min(part.end(), view.length());
        MapWalk walk = new MapWalk(view, part.offset(), end);
        MapEntry[] batch = new MapEntry[MapWalk.BATCH];
        int count = walk.fill(batch);
        for (int i = 0; i < count; i++) {
            visitor.accept(batch[i]);
        }
        if (count == batch.length) {
            try (WalkAhead ahead = new WalkAhead(walk)) {
                ahead.forEach(visitor);
            }
        }
    }

    @Override
    public void close() throws BlockException {
        view.close();
    }
}

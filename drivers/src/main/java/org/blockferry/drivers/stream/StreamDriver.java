package org.blockferry.drivers.stream;

import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Set;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockException.Kind;
import org.blockferry.engine.block.BlockTarget;
import org.blockferry.engine.block.CreateOptions;
import org.blockferry.engine.block.ImageLocation;
import org.blockferry.engine.block.OpenOptions;
import org.blockferry.engine.block.ProtocolDriver;
import org.blockferry.engine.block.StreamSource;

/** {@code -}: standard input as a source, standard output as a target. */
public final class StreamDriver implements ProtocolDriver {

    @Override
    public String name() {
        return "stream";
    }

    /** None: the location {@code -} is known to the registry. */
    @Override
    public Set<String> schemes() {
        return Set.of();
    }

    @Override
    public StreamSource openSource(ImageLocation location, OpenOptions options) throws BlockException {
        // The descriptor itself: System.in would put a buffer, and a copy of every byte, between.
        return new PipeSource(location.text(), new FileInputStream(FileDescriptor.in).getChannel());
    }

    /** Standard output never holds an image to write in place. */
    @Override
    public BlockTarget openTarget(ImageLocation location, OpenOptions options) throws BlockException {
        throw BlockException.of(Kind.UNSUPPORTED, location.text(), "standard output cannot be written in place");
    }

    @Override
    public BlockTarget create(ImageLocation location, CreateOptions options) throws BlockException {
        if (isTerminal()) {
            throw BlockException.of(Kind.REFUSED, location.text(), "standard output is a terminal; send it to a file or a pipe");
        }
        return new PipeTarget(location.text(), new FileOutputStream(FileDescriptor.out).getChannel(), options.length());
    }

    private static boolean isTerminal() {
        try {
            Path device = Path.of("/proc/self/fd/1").toRealPath();
            return device.startsWith("/dev/pts") || device.toString().startsWith("/dev/tty");
        } catch (IOException e) {
            // A pipe has no path, and elsewhere than on Linux there is nothing to ask.
            return false;
        }
    }

    @Override
    public boolean exists(ImageLocation location) {
        return false;
    }
}

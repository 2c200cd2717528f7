package org.blockferry.drivers.nbd.server;

import java.nio.ByteBuffer;
import org.blockferry.drivers.nbd.wire.Nbd;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.ByteRange;

/**
 * Collects the extents of one metadata context into a request's buffer: merged, as many as fit it, never an odd part of the
 * server's minimum block. Belongs to one worker.
 */
final class ExtentList {
    private final Request request;
    private final boolean wide;
    private final int block;
    private final long size;
    private int count;
    private long lastLength;
    private int lastFlags;

    ExtentList(Request request, boolean wide, int block, long size) {
        this.request = request;
        this.wide = wide;
        this.block = block;
        this.size = size;
    }

    /** Fills the buffer, ready to be sent; returns the number of extents, at least 1. */
    int collect(String context, ExportAccess export) throws BlockException {
        ByteBuffer buffer = request.buffer.clear();
        int most = request.has(Nbd.CMD_FLAG_REQ_ONE) ? 1 : buffer.capacity() / (wide ? 16 : 8);
        count = 0;
        lastLength = 0;
        long at = request.offset;
        long end = request.offset + request.length;
        while (at < end) {
            MetadataContext.Extent extent = block == 1 ? export.status(context, ByteRange.between(at, end))
                    : wholeBlocks(context, export, ByteRange.between(at, end));
            if (!add(extent, most)) {
                break;
            }
            at += extent.length();
        }
        put();
        buffer.flip();
        return count;
    }

    private boolean add(MetadataContext.Extent extent, int most) {
        if (lastLength > 0 && lastFlags == extent.flags()) {
            lastLength += extent.length();
            return true;
        }
        if (lastLength > 0) {
            if (count + 1 == most) {
                return false;
            }
            put();
        }
        lastLength = extent.length();
        lastFlags = extent.flags();
        return true;
    }

    private void put() {
        if (wide) {
            request.buffer.putLong(lastLength).putLong(Integer.toUnsignedLong(lastFlags));
        } else {
            request.buffer.putInt((int) lastLength).putInt(lastFlags);
        }
        count++;
    }

    /**
     * An extent that ends on a block or the end of the disk. A block of several parts is what all of them are, in
     * {@code base:allocation}; what any of them is, elsewhere (dirty).
     */
    private MetadataContext.Extent wholeBlocks(String context, ExportAccess export, ByteRange range) throws BlockException {
        MetadataContext.Extent first = export.status(context, range);
        if (first.length() >= block || range.offset() + first.length() == size) {
            boolean toEnd = range.offset() + first.length() == size;
            return new MetadataContext.Extent(toEnd ? first.length() : first.length() / block * block, first.flags());
        }
        ByteRange one = range.first(block);
        int flags = first.flags();
        for (long at = one.offset() + first.length(); at < one.end();) {
            MetadataContext.Extent next = export.status(context, one.from(at));
            flags = context.equals(Nbd.BASE_ALLOCATION) ? flags & next.flags() : flags | next.flags();
            at += next.length();
        }
        return new MetadataContext.Extent(one.length(), flags);
    }
}

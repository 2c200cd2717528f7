package org.blockferry.drivers.file;

import org.blockferry.engine.block.CacheMode;

/** A loop device with sectors of 4096 bytes, past the page cache. */
class DirectDeviceTest extends DeviceTargetTest {
    @Override
    CacheMode cache() {
        return CacheMode.NONE;
    }

    @Override
    int sectorSize() {
        return 4096;
    }

    @Override
    protected long length() {
        return (2 << 20) + 4096;
    }
}

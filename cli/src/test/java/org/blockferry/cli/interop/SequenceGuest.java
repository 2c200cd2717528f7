package org.blockferry.cli.interop;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.HexFormat;

/**
 * A whole guest in a boot sector. It writes its own disk for ever, one sector after the other by the BIOS, each full of the number
 * of the write. Write k goes to sector {@code FIRST + k * 40503 mod SECTORS}, so that a disk shows at which moment it was taken,
 * and whether it is of one moment: each sector holds the last number that was to go there.
 *
 * <pre>
 *   start: xor ax,ax; mov ds,ax; mov es,ax; mov ss,ax; mov sp,7c00h; mov [7df0h],dl
 *   again: inc dword [7df4h]; mov eax,[7df4h]; mov di,8000h; mov cx,128; cld; rep stosd
 *          mov eax,[7df4h]; imul eax,eax,40503; and eax,SECTORS-1; add eax,FIRST; mov [7de8h],eax
 *          mov si,7de0h; mov dl,[7df0h]; mov ax,4300h; int 13h; jmp again
 *   7de0h: the disk address packet: 16 bytes, 1 sector from 0:8000h, to the sector in 7de8h
 * </pre>
 */
final class SequenceGuest {
    static final int FIRST = 2048;
    static final int SECTORS = 4096;
    private static final int SECTOR = 512;
    private static final String CODE = "31c08ed88ec08ed0bc007c8816f07d66ff06f47d66a1f47dbf0080b98000fc66f3ab66a1f47d6669c0379e000066"
            + "25ff0f00006605000800006"
            + "6a3e87dbee07d8a16f07db80043cd13ebc4";

    private SequenceGuest() {
    }

    /** Makes a raw disk of 8 MiB that boots it. */
    static void install(Path disk) throws IOException {
        ByteBuffer sector = ByteBuffer.allocate(SECTOR).order(ByteOrder.LITTLE_ENDIAN);
        sector.put(HexFormat.of().parseHex(CODE));
        sector.position(0x1e0).putShort((short) 16).putShort((short) 1).putShort((short) 0x8000);
        sector.putShort(0x1fe, (short) 0xaa55);
        try (RandomAccessFile file = new RandomAccessFile(disk.toFile(), "rw")) {
            file.setLength(8 << 20);
            file.write(sector.array());
        }
    }

    /**
     * The number of the last write that a raw disk holds.
     *
     * @throws AssertionError if the disk is not of one moment: a write is missing that came before another that is there
     */
    static long moment(Path disk) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(SECTORS * SECTOR).order(ByteOrder.LITTLE_ENDIAN);
        try (RandomAccessFile file = new RandomAccessFile(disk.toFile(), "r")) {
            file.seek((long) FIRST * SECTOR);
            file.readFully(bytes.array());
        }
        long last = 0;
        for (int i = 0; i < SECTORS; i++) {
            last = Math.max(last, Integer.toUnsignedLong(bytes.getInt(i * SECTOR)));
        }
        for (long k = Math.max(1, last - SECTORS + 1); k <= last; k++) {
            int at = (int) (k * 40503 & SECTORS - 1) * SECTOR;
            for (int word = 0; word < SECTOR; word += Integer.BYTES) {
                if (Integer.toUnsignedLong(bytes.getInt(at + word)) != k) {
                    throw new AssertionError("the disk holds write " + last + ", but where write " + k + " went it holds "
                            + Integer.toUnsignedLong(bytes.getInt(at + word)) + " at byte " + word);
                }
            }
        }
        return last;
    }
}

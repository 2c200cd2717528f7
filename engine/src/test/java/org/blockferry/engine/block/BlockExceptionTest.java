package org.blockferry.engine.block;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.Optional;
import java.util.OptionalInt;
import org.blockferry.engine.block.BlockException.Kind;
import org.junit.jupiter.api.Test;

class BlockExceptionTest {
    @Test
    void aRequestTellsNodeOperationLengthOffsetAndReason() {
        IOException cause = new IOException("x");
        BlockException e = BlockException.request(Kind.NO_SPACE, "overlay.qcow2", "write", new ByteRange(0x40000000, 2097152),
                "No space left on device", cause);
        assertEquals("overlay.qcow2: write 2097152 bytes at 0x40000000: No space left on device", e.getMessage());
        assertEquals(Kind.NO_SPACE, e.kind());
        assertEquals("overlay.qcow2", e.node());
        assertEquals(Optional.of(new ByteRange(0x40000000, 2097152)), e.range());
        assertSame(cause, e.getCause());
    }

    @Test
    void aFieldTellsItsValueAndItsBound() {
        BlockException e = BlockException.field(Kind.INVALID_FORMAT, "a.qcow2", "cluster_bits", 40, "must be 9 to 21");
        assertEquals("a.qcow2: cluster_bits is 40; must be 9 to 21", e.getMessage());
        assertEquals(Optional.empty(), e.range());
    }

    @Test
    void aNodeAsAWholeTellsWhat() {
        IOException cause = new IOException("x");
        assertEquals("a: gone", BlockException.of(Kind.NOT_FOUND, "a", "gone").getMessage());
        assertSame(cause, BlockException.of(Kind.IO, "a", "gone", cause).getCause());
    }

    @Test
    void aNumberIsCarriedAndTellsWhatMayPass() {
        IOException cause = new IOException("x");
        BlockException plain = BlockException.request(Kind.IO, "a", "read", new ByteRange(512, 512), "no", cause);
        assertEquals(OptionalInt.empty(), plain.errno());
        assertFalse(plain.isTransient());
        BlockException numbered = plain.withErrno(110);
        assertEquals(OptionalInt.of(110), numbered.errno());
        assertEquals(plain.getMessage(), numbered.getMessage());
        assertEquals(plain.range(), numbered.range());
        assertSame(cause, numbered.getCause());
        assertSame(numbered, numbered.withErrno(110));
        assertTrue(numbered.isTransient());
        assertTrue(plain.withErrno(4).isTransient());
        assertFalse(plain.withErrno(5).isTransient());
        assertFalse(BlockException.of(Kind.NO_SPACE, "a", "full").withErrno(11).isTransient(), "a full disk is not a busy one");
    }
}

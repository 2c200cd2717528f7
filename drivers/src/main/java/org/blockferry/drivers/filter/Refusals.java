package org.blockferry.drivers.filter;

import java.util.EnumSet;
import java.util.Set;

/** Answers chosen operations with "no cheap way": a file system without holes, a server without trim. */
public final class Refusals implements RequestHook {
    private static final Set<Operation> REFUSABLE =
            EnumSet.of(Operation.ZERO, Operation.DISCARD, Operation.OFFLOAD, Operation.ALLOCATE);

    private final Set<Operation> refused;

    /** @throws IllegalArgumentException for an operation that must be served or fail */
    public Refusals(Operation first, Operation... more) {
        refused = EnumSet.of(first, more);
        if (!REFUSABLE.containsAll(refused)) {
            throw new IllegalArgumentException("only " + REFUSABLE + " can be refused: " + refused);
        }
    }

    @Override
    public boolean refuses(Request request) {
        return refused.contains(request.operation());
    }
}

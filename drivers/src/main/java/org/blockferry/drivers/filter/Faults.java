package org.blockferry.drivers.filter;

import java.util.List;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.ByteRange;

/** Fails chosen requests. Thread-safe; faults may be added while the node is in use. */
public final class Faults implements RequestHook {
    private static final ByteRange EVERYWHERE = new ByteRange(0, Long.MAX_VALUE);

    /**
     * One rule. Of the requests that match it, {@code skip} are let through, then {@code times} fail, then all pass again.
     *
     * @param operation what must be asked
     * @param where the request touches this range; for those without bytes (flush) anything matches
     * @param kind of the exception
     * @param errno that the system is said to have given for it; 0: none
     */
    public record Fault(Operation operation, ByteRange where, long skip, long times, BlockException.Kind kind, int errno) {
        public Fault {
            Objects.requireNonNull(operation, "operation");
            Objects.requireNonNull(where, "where");
            Objects.requireNonNull(kind, "kind");
            if (skip < 0 || times < 0) {
                throw new IllegalArgumentException("skip " + skip + ", times " + times);
            }
        }

        /** Fails the {@code n}-th such request, counted from 1, once. */
        public static Fault onCall(Operation operation, long n, BlockException.Kind kind) {
            return new Fault(operation, EVERYWHERE, n - 1, 1, kind, 0);
        }

        /** Fails every such request that touches {@code where}. */
        public static Fault at(Operation operation, ByteRange where, BlockException.Kind kind) {
            return new Fault(operation, where, 0, Long.MAX_VALUE, kind, 0);
        }

        /** The same fault, that many times and then no more. */
        public Fault times(long most) {
            return new Fault(operation, where, skip, most, kind, errno);
        }

        /** The same fault with this error number. */
        public Fault errno(int number) {
            return new Fault(operation, where, skip, times, kind, number);
        }

        private boolean matches(Request request) {
            return operation == request.operation() && (request.range().isEmpty() || where.overlaps(request.range()));
        }
    }

    private record Counted(Fault fault, AtomicLong matched) {
    }

    private final List<Counted> faults = new CopyOnWriteArrayList<>();
    private final AtomicLong failed = new AtomicLong();

    public Faults(Fault... faults) {
        for (Fault fault : faults) {
            add(fault);
        }
    }

    public void add(Fault fault) {
        faults.add(new Counted(fault, new AtomicLong()));
    }

    /** How many requests were failed so far. */
    public long failed() {
        return failed.get();
    }

    /** @throws BlockException of the fault's kind: {@code node: write 512 bytes at 0x200: injected fault} */
    @Override
    public void before(Request request) throws BlockException {
        for (Counted counted : faults) {
            Fault fault = counted.fault();
            if (fault.matches(request)) {
                long past = counted.matched().getAndIncrement() - fault.skip();
                if (past >= 0 && past < fault.times()) {
                    failed.incrementAndGet();
                    throw BlockException.request(fault.kind(), request.node(), request.operation().word(), request.range(),
                            "injected fault", null).withErrno(fault.errno());
                }
            }
        }
    }
}

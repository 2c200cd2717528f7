package org.blockferry.drivers.embedded;

import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.blockferry.drivers.filter.Faults;
import org.blockferry.drivers.filter.Faults.Fault;
import org.blockferry.drivers.filter.Operation;
import org.blockferry.drivers.filter.Request;
import org.blockferry.drivers.filter.RequestHook;
import org.blockferry.engine.block.BlockException;

/** One side of a copy: counts what is asked of it, passes the faults, and keeps what they threw, in that order. */
final class SweepFault implements RequestHook {
    private final Faults faults;
    private final List<BlockException> thrown = Collections.synchronizedList(new ArrayList<>());
    private final Map<Operation, AtomicInteger> asked = new EnumMap<>(Operation.class);

    SweepFault(Fault... faults) {
        this.faults = new Faults(faults);
        for (Operation operation : Operation.values()) {
            asked.put(operation, new AtomicInteger());
        }
    }

    @Override
    public void before(Request request) throws BlockException {
        asked.get(request.operation()).incrementAndGet();
        try {
            faults.before(request);
        } catch (BlockException e) {
            thrown.add(e);
            throw e;
        }
    }

    int asked(Operation operation) {
        return asked.get(operation).get();
    }

    List<BlockException> thrown() {
        return List.copyOf(thrown);
    }
}

package org.blockferry.drivers.filter;

import java.util.Objects;
import java.util.Set;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockNode;
import org.blockferry.engine.block.ByteRange;

/** Calls a hook around each request: what the three hooked nodes share. */
final class HookCalls {
    private static final ByteRange NO_BYTES = new ByteRange(0, 0);

    /** Serves a request. */
    interface Service<T> {
        T serve() throws BlockException;
    }

    /** Serves a request without an answer. */
    interface Action {
        void run() throws BlockException;
    }

    private final BlockNode node;
    private final RequestHook hook;

    HookCalls(BlockNode node, RequestHook hook) {
        this.node = node;
        this.hook = Objects.requireNonNull(hook, "hook");
    }

    <T> T around(Operation operation, ByteRange range, Service<T> service) throws BlockException {
        Request request = request(operation, range, Set.of());
        hook.before(request);
        T answer = service.serve();
        hook.after(request);
        return answer;
    }

    <T> T aroundRefusable(Operation operation, ByteRange range, Set<? extends Enum<?>> flags, T refusal, Service<T> service)
            throws BlockException {
        Request request = request(operation, range, flags);
        hook.before(request);
        T answer = hook.refuses(request) ? refusal : service.serve();
        hook.after(request);
        return answer;
    }

    void around(Operation operation, ByteRange range, Set<? extends Enum<?>> flags, Action action) throws BlockException {
        Request request = request(operation, range, flags);
        hook.before(request);
        action.run();
        hook.after(request);
    }

    void around(Operation operation, Action action) throws BlockException {
        around(operation, NO_BYTES, Set.of(), action);
    }

    /** A close must close, whatever the hook says. */
    void aroundClose(Action close) throws BlockException {
        try {
            hook.before(request(Operation.CLOSE, NO_BYTES, Set.of()));
        } catch (BlockException e) {
            try {
                close.run();
            } catch (BlockException later) {
                e.addSuppressed(later);
            }
            throw e;
        }
        close.run();
        hook.after(request(Operation.CLOSE, NO_BYTES, Set.of()));
    }

    /** The bytes of a request, cut where they pass 2^63: to refuse them is the matter of the node below. */
    static ByteRange range(long offset, long length) {
        return new ByteRange(offset, Math.min(length, Long.MAX_VALUE - offset));
    }

    private Request request(Operation operation, ByteRange range, Set<? extends Enum<?>> flags) {
        return new Request(node.info().name(), operation, range, flags);
    }
}

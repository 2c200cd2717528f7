package org.blockferry.drivers.filter;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Keeps a line for each request that was served: {@code write 0x10000+0x1000}, {@code zero 0x20000+0x70000 may-unmap},
 * {@code flush}. For golden logs. Thread-safe.
 */
public final class RequestLog implements RequestHook {
    private final Set<Operation> kept;
    private final List<Request> requests = new ArrayList<>();

    /** A log of these operations; of all, if none is named. */
    public RequestLog(Operation... kept) {
        this.kept = kept.length == 0 ? EnumSet.allOf(Operation.class) : EnumSet.copyOf(Arrays.asList(kept));
    }

    @Override
    public void after(Request request) {
        if (kept.contains(request.operation())) {
            synchronized (requests) {
                requests.add(request);
            }
        }
    }

    /** The requests, in the order in which they ended. */
    public List<Request> requests() {
        synchronized (requests) {
            return List.copyOf(requests);
        }
    }

    /** The lines, in the order in which the requests ended. */
    public String text() {
        return requests().stream().map(Request::toString).collect(Collectors.joining("\n"));
    }

    /** The lines in the order of the disk, whatever order parallel workers served them in; those without bytes at the end. */
    public String sortedText() {
        return requests().stream()
                .sorted(Comparator.comparing((Request request) -> request.range().isEmpty()).thenComparing(Request::range)
                        .thenComparing(Request::operation))
                .map(Request::toString).collect(Collectors.joining("\n"));
    }
}

package org.blockferry.cli;

import java.util.ArrayDeque;
import java.util.Deque;
import sun.misc.Signal;
import sun.misc.SignalHandler;

/**
 * The signals of this process, through the module {@code jdk.unsupported}. HotSpot keeps SIGUSR2 for itself on Linux and leaves
 * SIGUSR1 to us. A signal that the JVM may not handle ({@code -Xrs}, or ignored since before its start, as under nohup) keeps its
 * meaning.
 *
 * <p>The only class compiled without {@code -Werror}, and apart from all others: javac warns about the names of this API and has no
 * switch against that. See the pom; {@link Signals#ofProcess} is the way here.
 */
final class ProcessSignals implements Signals {

    @Override
    public Handling handle(Stop stop, Runnable report) {
        Deque<Runnable> undo = new ArrayDeque<>();
        SignalHandler stopping = signal -> stop.requested("SIG" + signal.getName(), signal.getNumber());
        SignalHandler reporting = signal -> report.run();
        install("INT", stopping, undo);
        install("TERM", stopping, undo);
        install("HUP", stopping, undo);
        install("USR1", reporting, undo);
        if (!System.getProperty("os.name", "").equals("Linux")) {
            install("INFO", reporting, undo);
        }
        return () -> undo.forEach(Runnable::run);
    }

    private static void install(String name, SignalHandler handler, Deque<Runnable> undo) {
        try {
            Signal signal = new Signal(name);
            SignalHandler before = Signal.handle(signal, handler);
            undo.push(() -> Signal.handle(signal, before));
        } catch (IllegalArgumentException e) {
            // Not ours to handle, or not known here.
            return;
        }
    }
}

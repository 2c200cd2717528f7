package org.blockferry.drivers.qmp;

import java.util.Map;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockException.Kind;

/** The virtual machine of a QEMU: pauses it and lets it go on. The storage daemon has none. Owned by one thread. */
final class QemuGuest {
    private final QmpClient qemu;
    private boolean paused;

    QemuGuest(QmpClient qemu) {
        this.qemu = qemu;
    }

    /**
     * Pauses the machine if it runs. When this returns its devices have no request in flight.
     *
     * @throws BlockException UNSUPPORTED if there is no machine
     */
    void pause() throws BlockException {
        QmpReply status = qemu.call("query-status", Map.of());
        if (status.isUnknownCommand()) {
            throw BlockException.of(Kind.UNSUPPORTED, qemu.name(), "there is no guest to pause: this is no emulator");
        }
        if (status.isError()) {
            throw qemu.failure("query-status", status);
        }
        if (status.value().flag("running")) {
            qemu.execute("stop", Map.of());
            paused = true;
        }
    }

    /** Lets the machine go on if it was paused by {@link #pause}. */
    void resume() throws BlockException {
        if (paused) {
            paused = false;
            qemu.execute("cont", Map.of());
        }
    }
}

package org.blockferry.drivers.qmp;

/** What a server answers to a command that it does not carry out. */
public final class QmpRefusal extends Exception {
    private static final long serialVersionUID = 1L;

    private final String errorClass;

    private QmpRefusal(String errorClass, String message) {
        super(message);
        this.errorClass = errorClass;
    }

    /** A command that there is not. */
    public static QmpRefusal unknown(String command) {
        return new QmpRefusal("CommandNotFound", "The command " + QmpReply.printable(command) + " has not been found");
    }

    static QmpRefusal expectsNegotiation() {
        return new QmpRefusal("CommandNotFound", "Expecting capabilities negotiation with 'qmp_capabilities'");
    }

    /** A job that there is not. */
    public static QmpRefusal noJob(String id) {
        return new QmpRefusal("DeviceNotActive", "Block job '" + QmpReply.printable(id) + "' not found");
    }

    /** Anything else. */
    public static QmpRefusal of(String message) {
        return new QmpRefusal("GenericError", QmpReply.printable(message));
    }

    String errorClass() {
        return errorClass;
    }
}

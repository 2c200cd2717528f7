package org.blockferry.drivers.qmp;

/**
 * What QEMU answered to one command.
 *
 * @param value what it returned; {@link QmpValue#NOTHING} after an error
 * @param errorClass QMP's class of errors; empty: none
 * @param error what it says to people, without control characters
 */
record QmpReply(QmpValue value, String errorClass, String error) {
    private static final int MOST_SHOWN = 300;

    static QmpReply of(QmpValue message) {
        if (!message.has("error")) {
            return new QmpReply(message.get("return"), "", "");
        }
        QmpValue error = message.get("error");
        return new QmpReply(QmpValue.NOTHING, error.text("class").filter(name -> !name.isEmpty()).orElse("GenericError"),
                printable(error.text("desc").orElse("an error without a text")));
    }

    boolean isError() {
        return !errorClass.isEmpty();
    }

    /** Whether this QEMU does not have the command, or the emulator is without it. */
    boolean isUnknownCommand() {
        return errorClass.equals("CommandNotFound");
    }

    /** A peer's text for a message of one line. */
    static String printable(String text) {
        StringBuilder line = new StringBuilder();
        text.codePoints().limit(MOST_SHOWN).map(point -> Character.isISOControl(point) ? '?' : point)
                .forEach(line::appendCodePoint);
        return line.toString();
    }
}

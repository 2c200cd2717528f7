package org.blockferry.drivers.qmp;

import java.security.SecureRandom;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The names that one run gives to what it makes in QEMU, so that the next one recognises what a killed one left:
 * {@code blockferry-mirror-1f2e3d4c-own-data}. QEMU's ids begin with a letter and hold letters, digits, '-', '.' and '_'.
 *
 * @param id tells runs apart
 * @param ownServer whether the run has started QEMU's NBD server, and so is to stop it
 */
record RunName(String id, boolean ownServer) {
    private static final String PREFIX = "blockferry-mirror-";
    private static final Pattern NAMES = Pattern.compile(PREFIX + "([0-9a-f]{8})-(own|shared)-(.*)");

    static RunName create(boolean ownServer) {
        return new RunName(String.format(Locale.ROOT, "%08x", new SecureRandom().nextInt()), ownServer);
    }

    /** The run that gave such a name, if one did. */
    static Optional<RunName> of(String name) {
        Matcher matcher = NAMES.matcher(name);
        return matcher.matches() ? Optional.of(new RunName(matcher.group(1), matcher.group(2).equals("own")))
                : Optional.empty();
    }

    /** The name of a bitmap or export. */
    String named(String what) {
        return PREFIX + id + (ownServer ? "-own-" : "-shared-") + what;
    }

    /** The start of the name of the folder that holds the socket. */
    static String folderPrefix() {
        return PREFIX;
    }
}

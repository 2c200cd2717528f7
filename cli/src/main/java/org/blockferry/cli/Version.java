package org.blockferry.cli;

/** The version of the program. A constant, so that saying it opens no file; a test holds it against the build's. */
final class Version {
    static final String TEXT = "0.1.0-SNAPSHOT";

    private Version() {
    }
}

package org.blockferry.cli;
final class InfoCommand implements Command {
    public OptionTable options() { return new OptionTable("x", "y"); }
    public int run(Session session, Arguments arguments) { return 0; }
}

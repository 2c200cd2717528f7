package org.blockferry.bench.peers;

/** A bare Java program: what any start of a JVM costs here. */
final class Hello {
    private Hello() {
    }

    public static void main(String[] args) {
        System.out.println("hello");
    }
}

package org.blockferry.drivers.raw;

/** What a new raw image reserves at once. */
enum Preallocation {
    /** Nothing. */
    OFF,
    /** Space, without writing. */
    FALLOC,
    /** Space, by writing zeroes to all of it. */
    FULL
}

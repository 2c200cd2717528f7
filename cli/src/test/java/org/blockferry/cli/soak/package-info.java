/**
 * Random copies for as long as one wants, each compared with what qemu-img reads: what nobody thought of testing.
 *
 * <pre>
 *   SoakIT ──▶ SoakRound      one copy: a random SoakSource, perhaps behind a server, to a random SoakTarget, perhaps killed
 *     └──────▶ SoakFigures    what was done, as JSON
 * </pre>
 */
package org.blockferry.cli.soak;

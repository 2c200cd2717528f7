/**
 * Standard input and output, called {@code -}.
 *
 * <pre>
 *   -  as a source ──▶ PipeSource   bytes in order, once; where they end is known when they do   (trait STREAM)
 *   -  as a target ──▶ PipeTarget   every byte, in order, by one writer                          (trait APPEND_ONLY)
 * </pre>
 *
 * <p>Putting a copy's requests in order is the engine's work; a pipe that is written out of order refuses.
 */
package org.blockferry.drivers.stream;

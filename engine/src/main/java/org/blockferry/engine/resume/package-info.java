/**
 * The journal of a copy that can go on after any end: what it copies and how, and which bytes of the disk the target has for good.
 *
 * <pre>
 *   blockferry-journal 1                       every line ends with a tab and the CRC-32C of what stands before it
 *   = NAME VALUE                               facts about source, options and target, each in a line
 *   begin LENGTH                               bytes of the disk; the lines up to here were written whole
 *   + OFFSET LENGTH OFFSET LENGTH ...          these bytes were written and flushed; appended and flushed
 * </pre>
 *
 * <p>What stands behind the first line that is not whole counts for nothing, and is cut off. So a torn end costs what it told, and a
 * flipped bit that and what follows it: those bytes are copied again.
 */
package org.blockferry.engine.resume;

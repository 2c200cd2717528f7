/**
 * A salvage that goes on in several runs: which bytes of a dying disk were read, which were lost, and which were not tried yet.
 *
 * <pre>
 *   SalvageMap      the state of each byte, kept in a file that GNU ddrescue and its viewers read as well
 *     │  ▲
 *     │  └── SalvageTarget   notes what the target has taken, flushes, and saves the map every few seconds
 *     └────▶ SalvagePlan     leaves out what an earlier run has read
 * </pre>
 */
package org.blockferry.engine.salvage;

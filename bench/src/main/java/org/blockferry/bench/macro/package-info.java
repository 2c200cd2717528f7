/**
 * Whole copies in one process, from opening to completion: {@link org.blockferry.bench.macro.CopyThroughput}. Copies as a user
 * starts them, against peers, are in {@code bench.peers}.
 */
package org.blockferry.bench.macro;

/** What the user started: options, checks before the first byte, a copy with progress and cancel, its result. */
package org.blockferry.engine.job;

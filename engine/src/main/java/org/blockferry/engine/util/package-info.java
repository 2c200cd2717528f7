/** Small helpers without a disk in them: sizes as people write them, text as a line may hold it, closing several things. */
package org.blockferry.engine.util;

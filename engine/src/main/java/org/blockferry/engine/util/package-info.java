/** Small helpers without a disk in them: sizes as people write them, closing several things. */
package org.blockferry.engine.util;

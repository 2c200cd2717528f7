/**
 * A file system and an image format in memory, small enough to be seen through, with which chains and jobs are tested. The
 * engine knows no driver; these stand where one would be, under the names {@code file}, {@code raw} and {@code qcow2}.
 */
package org.blockferry.engine.toy;

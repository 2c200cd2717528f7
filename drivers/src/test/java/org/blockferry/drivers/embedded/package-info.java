/** Blockferry as a library inside a Java service, with real files: what such a service would write, and that it holds. */
package org.blockferry.drivers.embedded;

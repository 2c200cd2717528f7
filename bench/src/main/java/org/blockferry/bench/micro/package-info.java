/**
 * JMH benchmarks of the pieces that are public: walks over block status, and codecs. Those of the pipeline's insides stand in
 * the Java package {@code org.blockferry.engine.pipeline} of this module; see {@link org.blockferry.bench}.
 */
package org.blockferry.bench.micro;

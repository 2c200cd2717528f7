/**
 * What is measured, how, and against what. Nothing here is part of the product.
 *
 * <pre>
 *   bench/jmh [JMH arguments]  ──▶ pieces in one process, with JMH
 *       bench.micro            StatusWalkBenchmark, CodecBenchmark
 *       engine.pipeline (*)    ZeroScanBenchmark, HandOffBenchmark
 *       bench.macro            CopyThroughput: whole copies between two ends, in each shape
 *   bench/run [arguments]      ──▶ bench.peers: our launcher and its peers as whole processes
 * </pre>
 *
 * <p>(*) In the Java package {@code org.blockferry.engine.pipeline}, of this module, stands what needs package-private parts of
 * the engine, the rejected designs among it: {@link org.blockferry.engine.pipeline.QueueCopier}, a pool of threads behind a
 * queue, and in {@link org.blockferry.engine.pipeline.HandOffBenchmark} the wait strategies of the Disruptor and plain queues.
 * They stay, compiling and tested, so that the choice can be made again with new figures.
 *
 * <p>{@code bench/jmh} builds, then starts {@code org.openjdk.jmh.Main} with the profilers {@code gc} (bytes allocated per
 * operation) and {@link org.blockferry.bench.CpuTime} (processor time per operation). {@code bench/jmh -l} lists, {@code
 * bench/jmh ZeroScan -p content=data -f 3} runs a part, {@code bench/jmh -rf json -rff FILE} keeps the figures. Forks, times and
 * parameters not given are those in each class.
 */
package org.blockferry.bench;

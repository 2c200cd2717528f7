/**
 * Our launcher and each peer in turn on the same inputs, as whole processes: {@code bench/run}.
 *
 * <pre>
 *   Workloads ──▶ Workload ──▶ contenders A B C, A B C, …  ──▶ TimedRun (wall, CPU, peak memory, blocks)
 *   (make inputs)   │                                              │
 *                   └── check: qemu-img compare, check             ▼
 *                                                        Report: results.json, summary.md, ratios.svg
 * </pre>
 *
 * <p>Every output is checked once against the peers; medians and ratios of the medians are what is quoted. JMH benchmarks of the
 * pieces live in {@code bench.micro}.
 */
package org.blockferry.bench.peers;

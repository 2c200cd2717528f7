/**
 * Our launcher and each peer in turn on the same inputs, as whole processes: {@code bench/run}.
 *
 * <pre>
 *   Workloads ──▶ Workload ──▶ Measurement: contenders A B C, A B C, …  ──▶ TimedRun (wall, CPU, peak memory, blocks)
 *   Inputs make them  │                                                        │
 *                     └── check: qemu-img compare, check                       ▼
 *                                                                    Report: results.json, summary.md, ratios.svg, readme.md
 *   Scale ──▶ the same over series of inputs ──▶ ScaleReport: scale.md, scale.svg
 *   Probe: what the machine can do at best
 * </pre>
 *
 * <p>Every output is checked once against the peers; medians and ratios of the medians are what is quoted. JMH benchmarks of the
 * pieces live in {@code bench.micro}.
 */
package org.blockferry.bench.peers;

/**
 * Nodes around other nodes: delegation, and behaviour that is put between a caller and a driver.
 *
 * <pre>
 *   FilterSource   FilterTarget   FilterStorage      everything goes to the node below; subclass to change one thing
 *         ▲              ▲              ▲
 *   HookedSource   HookedTarget   HookedStorage      a RequestHook sees each request before and after it is served
 *         └──────────────┴──────────────┘
 *                  RequestHook ◀── Faults      fails the n-th request, or those that touch a range
 *                              ◀── Refusals    answers "no cheap way"
 *                              ◀── Delay       waits, as a slow disk or a long line does
 *                              ◀── Gate        holds requests until it is opened
 *                              ◀── RequestLog  one line for each: the golden logs of tests
 *
 *   FalseHoles: a FilterSource that calls data a hole
 * </pre>
 *
 * <p>Drivers for locations are elsewhere; a filter is put around a node by the program that opens it.
 */
package org.blockferry.drivers.filter;

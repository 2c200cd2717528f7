/**
 * The NBD server: any disk that Blockferry can open, for any client.
 *
 * <pre>
 *   NbdServer ── accepts (nbd-server-accept) ──▶ Session per connection
 *      │                                            │  ServerHandshake  options, TLS, metadata contexts
 *      │ ServedExport: name, BlockSource/BlockTarget│  workers (nbd-server-worker-N) take turns: whoever holds the turn reads
 *      │   ExportAccess: as many readers and writers│  one request, passes the turn on, serves it and answers
 *      ▼   as the node takes, clusters kept apart   ▼
 *   NbdServerOptions: address, limits, TLS       ReplyWriter  simple, structured or extended replies
 * </pre>
 *
 * <p>The doors are {@link org.blockferry.drivers.nbd.server.NbdServer}, {@link
 * org.blockferry.drivers.nbd.server.NbdServerOptions} and {@link org.blockferry.drivers.nbd.server.ServedExport}. A client
 * costs at most its workers' threads and one buffer for each; nothing that it sends makes the server allocate more. Opening and
 * closing the disks is the owner's business.
 */
package org.blockferry.drivers.nbd.server;

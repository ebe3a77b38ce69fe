import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'

import type { Connection } from './core/exchange.ts'
import { formatIp, parseIp } from './core/ip.ts'
import { proxiedPeer } from './proxy-tap.ts'
import { tlsFactsOf } from './tls-front.ts'

const connections = new WeakMap<Socket, Connection>()

/** The peer of a socket, addresses in canonical text. Kept per socket, since many requests share one. */
export function connectionOf(socket: Socket): Connection {
  const known = connections.get(socket)
  if (known) return known
  const ip = parseIp(socket.remoteAddress?.replace(/%.*$/, '') ?? '')
  // HTTP/2 shows its socket through a proxy that does not answer `in`.
  const tls = typeof (socket as TLSSocket).getProtocol === 'function' ? (socket as TLSSocket) : undefined
  const connection: Connection = {
    peer: ip ? formatIp(ip) : '',
    peerPort: socket.remotePort ?? 0,
    ...proxiedPeer(socket),
    localPort: socket.localPort ?? 0,
    ...(tls && { tls: tlsFactsOf(tls) }),
  }
  connections.set(socket, connection)
  return connection
}

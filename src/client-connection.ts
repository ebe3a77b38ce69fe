import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'

import type { Connection } from './core/exchange.ts'
import { formatIp, parseIp } from './core/ip.ts'

const connections = new WeakMap<Socket, Connection>()
const fingerprints = new WeakMap<Socket, string>()

/** Keeps the fingerprint of the client that this socket is. To be called before its first request. */
export function noteFingerprint(socket: Socket, ja4: string): void {
  fingerprints.set(socket, ja4)
}

/** The peer of a socket, addresses in canonical text. Kept per socket, since many requests share one. */
export function connectionOf(socket: Socket): Connection {
  const known = connections.get(socket)
  if (known) return known
  const ip = parseIp(socket.remoteAddress?.replace(/%.*$/, '') ?? '')
  const tls = 'getProtocol' in socket ? (socket as TLSSocket) : undefined
  const fingerprint = fingerprints.get(socket)
  const connection: Connection = {
    peer: ip ? formatIp(ip) : '',
    peerPort: socket.remotePort ?? 0,
    localPort: socket.localPort ?? 0,
    ...(tls && {
      tls: {
        version: tls.getProtocol() ?? '',
        cipher: tls.getCipher()?.name ?? '',
        serverName: (tls as TLSSocket & { servername?: string | false }).servername || undefined,
        ...(fingerprint !== undefined && { ja4: fingerprint }),
      },
    }),
  }
  connections.set(socket, connection)
  return connection
}

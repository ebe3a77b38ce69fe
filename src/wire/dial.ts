import { connect as connectTcp } from 'node:net'
import type { Duplex } from 'node:stream'
import { connect as connectTls } from 'node:tls'

/** Opens a connection to an origin. Certificates are checked as Node does. */
export function dial(origin: string, protocols: readonly string[] = ['http/1.1']): Duplex {
  const url = new URL(origin)
  const host = url.hostname.replace(/^\[|\]$/g, '')
  if (url.protocol !== 'https:') {
    const socket = connectTcp({ host, port: Number(url.port || 80) })
    socket.setNoDelay(true)
    return socket
  }
  const socket = connectTls({
    host,
    port: Number(url.port || 443),
    ALPNProtocols: [...protocols],
    ...(/[a-z]/i.test(host) && !host.includes(':') && { servername: host }),
  })
  socket.setNoDelay(true)
  return socket
}

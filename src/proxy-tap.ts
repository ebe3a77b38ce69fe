import type { Server, Socket } from 'node:net'

import { formatIp, type IpList, parseIp } from './core/ip.ts'
import { type ProxiedPeer, readProxyHeader } from './edge/index.ts'

/** From the connection to the last byte of the header. */
const TIMEOUT_MS = 3000

/** What the tap is told, and whom it tells. */
export interface ProxyTapOptions {
  /** Who must begin with a header. For all others the connection begins with its first byte, as ever. */
  readonly trusted: IpList
  readonly onRefused: (socket: Socket, reason: string) => void
  readonly timeoutMs?: number
}

/**
 * Reads the PROXY header of load balancers that are trusted, before anything else of the server sees the connection; then the
 * rest of the bytes is put back. To be called after all other listeners for `connection` were added.
 */
export function tapProxy(server: Server, options: ProxyTapOptions): void {
  const begin = server.listeners('connection') as ((this: Server, socket: Socket) => void)[]
  server.removeAllListeners('connection')
  server.on('connection', (socket: Socket) => {
    const ip = parseIp(socket.remoteAddress?.replace(/%.*$/, '') ?? '')
    if (!ip || options.trusted.find(formatIp(ip)) === undefined) {
      for (const listener of begin) listener.call(server, socket)
      return
    }
    awaitHeader(socket, options.timeoutMs ?? TIMEOUT_MS, (outcome) => {
      if (typeof outcome === 'string') {
        options.onRefused(socket, outcome)
        socket.destroy()
        return
      }
      if (outcome.peer) remember(socket, outcome.peer)
      if (outcome.rest.length > 0) socket.unshift(outcome.rest)
      for (const listener of begin) listener.call(server, socket)
      socket.resume()
    })
  })
}

const peers = new Map<string, NonNullable<ProxiedPeer>>()

function remember(socket: Socket, peer: NonNullable<ProxiedPeer>): void {
  const key = keyOf(socket)
  peers.set(key, peer)
  socket.once('close', () => {
    if (peers.get(key) === peer) peers.delete(key)
  })
}

/** Whom a socket, or the one that a TLS socket is wrapped around, speaks for; undefined where it speaks for itself. */
export function proxiedPeer(socket: Socket): ProxiedPeer {
  return peers.size === 0 ? undefined : peers.get(keyOf(socket))
}

type Outcome = string | { readonly peer: ProxiedPeer; readonly rest: Buffer }

function awaitHeader(socket: Socket, timeoutMs: number, done: (outcome: Outcome) => void): void {
  let bytes = Buffer.alloc(0)
  const settle = (outcome: Outcome): void => {
    clearTimeout(timer)
    socket.off('data', onData)
    socket.off('end', onGone)
    socket.off('close', onGone)
    socket.pause()
    done(outcome)
    if (!socket.destroyed) socket.off('error', onError)
  }
  const onData = (chunk: Buffer): void => {
    bytes = Buffer.concat([bytes, chunk])
    const reading = readProxyHeader(bytes)
    if (reading.kind === 'header') settle({ peer: reading.peer, rest: bytes.subarray(reading.bytes) })
    else if (reading.kind === 'wrong') settle(reading.reason)
  }
  const onGone = (): void => settle('it ended before its PROXY header')
  const onError = (): void => undefined
  const timer = setTimeout(() => settle(`no PROXY header within ${timeoutMs} ms`), timeoutMs)
  socket.on('data', onData)
  socket.on('end', onGone)
  socket.on('close', onGone)
  socket.on('error', onError)
}

/** Both addresses and both ports, which no two open connections share. A TLS socket has those of the socket below it. */
function keyOf(socket: Socket): string {
  return `${socket.remoteAddress} ${socket.remotePort} ${socket.localAddress} ${socket.localPort}`
}

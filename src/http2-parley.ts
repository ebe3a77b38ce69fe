import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import { Server as TlsServer, type TlsOptions, type TLSSocket } from 'node:tls'

import type { Http2Front } from './http2-front.ts'

/** What a client says first in HTTP/2 (RFC 9113 3.4). */
const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1')

/** The protocols of the TLS handshake, where nobody else chooses them. */
export function agreeOn(tls: TlsOptions): TlsOptions {
  return tls.ALPNCallback ? {} : { ALPNProtocols: ['h2', 'http/1.1'] }
}

/**
 * Hands sockets on which HTTP/2 was agreed to its front, all others to Node's HTTP/1.1 as before. Stands inside the listening server,
 * since Node starts the timeouts of slow heads only for a server that listens itself. To be called first of all.
 */
export function parleyHttp2(server: Server, http2: Http2Front, timeoutMs: number): void {
  const event = server instanceof TlsServer ? 'secureConnection' : 'connection'
  const http1 = server.listeners(event) as ((this: Server, socket: Socket) => void)[]
  server.removeAllListeners(event)
  const toHttp1 = (socket: Socket): void => {
    for (const listener of http1) listener.call(server, socket)
  }
  if (server instanceof TlsServer) {
    server.on(event, (socket: TLSSocket) => {
      if (socket.alpnProtocol === 'h2') http2.take(socket)
      else toHttp1(socket)
    })
    return
  }
  server.on(event, (socket: Socket) => {
    if (socket.destroyed) return
    awaitFirst(socket, timeoutMs, (isHttp2) => {
      if (isHttp2) http2.take(socket)
      else {
        toHttp1(socket)
        socket.resume()
      }
    })
  })
}

/** Reads until the first bytes are the preface or can no longer be it, and puts them back. */
function awaitFirst(socket: Socket, timeoutMs: number, done: (isHttp2: boolean) => void): void {
  let held: Buffer = Buffer.alloc(0)
  const settle = (): void => {
    clearTimeout(timer)
    socket.off('data', onData).off('close', settle)
    socket.pause()
  }
  const onError = (): void => undefined
  const onData = (chunk: Buffer): void => {
    held = Buffer.concat([held, chunk])
    const length = Math.min(held.length, PREFACE.length)
    const isSo = held.subarray(0, length).equals(PREFACE.subarray(0, length))
    if (isSo && held.length < PREFACE.length) return
    settle()
    socket.off('error', onError)
    socket.unshift(held)
    done(isSo)
  }
  const timer = setTimeout(() => socket.destroy(), timeoutMs)
  socket.on('data', onData)
  socket.on('error', onError)
  socket.on('close', settle)
}

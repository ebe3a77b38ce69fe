import type { Socket } from 'node:net'
import type { Server as TlsServer } from 'node:tls'

import { describeError } from './core/errors.ts'
import { type ClientHello, readClientHello } from './perimeter/index.ts'

/** What the tap asks the house, and how long it waits. */
export interface HelloTapOptions<T> {
  /** Judges a client before any key is agreed. What it gives is kept with the connection; undefined closes it. */
  readonly judge: (hello: ClientHello, socket: Socket) => T | undefined
  /** Where a connection that is let in goes in place of the server; undefined for the server. */
  readonly divert?: (hello: ClientHello) => ((socket: Socket) => void) | undefined
  /** Told why a connection was closed for what it sent, or did not send. */
  readonly onRefused?: (socket: Socket, reason: string) => void
  /** From the connection to the last byte of the hello. */
  readonly timeoutMs?: number
}

/** The tap of one server. */
export interface HelloTap<T> {
  /** What `judge` gave for the connection that this socket is, or is wrapped around, while that is open. */
  find(socket: Socket): T | undefined
  /** Connections whose hello has not come yet. */
  readonly waiting: number
  /** Open connections for which something is kept. */
  readonly kept: number
}

const TIMEOUT_MS = 3000

/**
 * Shows each ClientHello to the house before the TLS server sees it; then the bytes are put back, and the server begins
 * as if nothing had been read. The tap stands inside the server, at its own `connection` event, and not as a second
 * listening server in front: Node starts the timeouts of slow heads, the counting of connections and the closing of idle
 * ones for a server that listens itself. To be called before other listeners for `connection` are added.
 */
export function tapHello<T>(server: TlsServer, options: HelloTapOptions<T>): HelloTap<T> {
  const begin = server.listeners('connection') as ((this: TlsServer, socket: Socket) => void)[]
  const seen = new Map<string, { readonly value: T }>()
  const waiting = new Set<Socket>()

  const refuse = (socket: Socket, reason: string): void => {
    options.onRefused?.(socket, reason)
    socket.destroy()
  }
  const handOver = (socket: Socket, hello: ClientHello, bytes: Buffer): void => {
    const value = judged(options, hello, socket)
    if (value === undefined) {
      socket.destroy()
      return
    }
    const entry = { value }
    const key = keyOf(socket)
    seen.set(key, entry)
    socket.once('close', () => {
      // The same port may be in use again before the old socket has told of its end.
      if (seen.get(key) === entry) seen.delete(key)
    })
    socket.unshift(bytes)
    const elsewhere = options.divert?.(hello)
    if (elsewhere) {
      elsewhere(socket)
      return
    }
    for (const listener of begin) listener.call(server, socket)
  }

  server.removeAllListeners('connection')
  server.on('connection', (socket: Socket) => {
    if (socket.destroyed) return
    waiting.add(socket)
    awaitHello(socket, options.timeoutMs ?? TIMEOUT_MS, (outcome) => {
      waiting.delete(socket)
      if (outcome.kind === 'hello') handOver(socket, outcome.hello, outcome.bytes)
      else if (outcome.kind === 'refused') refuse(socket, outcome.reason)
    })
  })
  return {
    find: (socket) => seen.get(keyOf(socket))?.value,
    get waiting() {
      return waiting.size
    },
    get kept() {
      return seen.size
    },
  }
}

/** A judge that throws has not let anybody in; and no hello may end the process. */
function judged<T>(options: HelloTapOptions<T>, hello: ClientHello, socket: Socket): T | undefined {
  try {
    return options.judge(hello, socket)
  } catch (error) {
    options.onRefused?.(socket, `the ClientHello could not be judged: ${describeError(error)}`)
    return undefined
  }
}

type Outcome =
  | { readonly kind: 'hello'; readonly hello: ClientHello; readonly bytes: Buffer }
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'gone' }

/** Reads until there is a hello or there can be none any more. Calls back once, and leaves no listener behind. */
function awaitHello(socket: Socket, timeoutMs: number, done: (outcome: Outcome) => void): void {
  const chunks: Buffer[] = []
  let received = 0
  let needed = 1
  const settle = (outcome: Outcome): void => {
    clearTimeout(timer)
    socket.off('data', onData)
    socket.off('end', onGone)
    socket.off('close', onGone)
    socket.pause()
    done(outcome)
    // Errors are the server's now; on a socket that it did not get they have nobody to tell.
    if (!socket.destroyed) socket.off('error', onError)
  }
  const onData = (chunk: Buffer): void => {
    chunks.push(chunk)
    received += chunk.length
    if (received < needed) return
    const bytes = Buffer.concat(chunks, received)
    const reading = readClientHello(bytes)
    if (reading.kind === 'hello') settle({ kind: 'hello', hello: reading.hello, bytes })
    else if (reading.kind === 'not-tls') settle({ kind: 'refused', reason: reading.reason })
    else {
      needed = reading.needed
      // Pieces that were looked at once are kept as one.
      chunks.splice(0, chunks.length, bytes)
    }
  }
  const onGone = (): void => {
    settle({ kind: 'gone' })
    socket.destroy()
  }
  const onError = (): void => undefined
  const timer = setTimeout(
    () => settle({ kind: 'refused', reason: `no ClientHello within ${timeoutMs} ms` }),
    timeoutMs,
  )
  socket.on('data', onData)
  socket.on('end', onGone)
  socket.on('close', onGone)
  socket.on('error', onError)
}

/** Both addresses and both ports, which no two open connections share. A TLS socket has those of the socket below it. */
function keyOf(socket: Socket): string {
  return `${socket.remoteAddress} ${socket.remotePort} ${socket.localAddress} ${socket.localPort}`
}

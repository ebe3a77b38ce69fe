import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'

/** Requests of one connection that may wait for those before them; then the client waits. */
const MAX_WAITING = 32

/**
 * The order on one HTTP/1.1 connection: each request is served when the one before it has been answered, and nothing is served
 * behind one that is the last (RFC 9112 9.3.2, 9.6). Node's server gives out pipelined requests at once; if they were served at
 * once, the application would see what stands behind a refused message.
 */
export class Turns {
  readonly #socket: Socket
  readonly #waiting: (() => Promise<unknown>)[] = []
  #isBusy = false
  #isClosed = false

  constructor(socket: Socket) {
    this.#socket = socket
  }

  /** Runs this when its turn comes; never, if the connection ends before. */
  take(work: () => Promise<unknown>): void {
    if (this.#isClosed) return
    if (!this.#isBusy) {
      this.#run(work)
      return
    }
    this.#waiting.push(work)
    if (this.#waiting.length === MAX_WAITING) this.#socket.pause()
  }

  /** Nothing that comes from now on gets a turn; what waits does. */
  close(): void {
    this.#isClosed = true
  }

  /** What is under way is the last: nothing that waits, or comes, gets a turn. */
  end(): void {
    this.#isClosed = true
    this.#waiting.length = 0
  }

  #run(work: () => Promise<unknown>): void {
    this.#isBusy = true
    work().then(this.#next, this.#broken)
  }

  readonly #next = (): void => {
    this.#isBusy = false
    const next = this.#waiting.shift()
    if (!next) return
    if (this.#waiting.length === MAX_WAITING / 2) this.#socket.resume()
    this.#run(next)
  }

  readonly #broken = (): void => {
    this.end()
    this.#socket.destroy()
  }
}

const turns = new WeakMap<Socket, Turns>()

/** The turns of this connection. */
export function turnsOf(socket: Socket): Turns {
  let known = turns.get(socket)
  if (!known) {
    known = new Turns(socket)
    turns.set(socket, known)
  }
  return known
}

/** Half-closes, and gives the client two seconds to read before what it still sends becomes a reset (RFC 9112 9.6). */
export function linger(socket: Duplex): void {
  if (socket.destroyed) return
  socket.end()
  const timer = setTimeout(() => socket.destroy(), 2000)
  socket.once('close', () => clearTimeout(timer))
}

import { type Call, type Caller, type Wire, WireFault, type WireOptions, type WireRequest } from './call.ts'
import { dial } from './dial.ts'
import { Http1Connection, type Keeper } from './http1-connection.ts'

interface Waiting {
  readonly request: WireRequest
  readonly caller: Caller
  readonly untilMs: number
  call: Call | undefined
}

/** Kept-alive HTTP/1.1 connections to one origin: the one that was used last is used first. */
export class Http1Pool implements Wire {
  readonly #options: WireOptions
  readonly #connections = new Set<Http1Connection>()
  readonly #idle: Http1Connection[] = []
  #queue: Waiting[] = []
  #timer: NodeJS.Timeout | undefined
  #isClosed = false
  readonly #keeper: Keeper

  constructor(options: WireOptions) {
    this.#options = options
    this.#keeper = {
      onFree: (connection) => this.#freed(connection),
      onGone: (connection) => {
        this.#connections.delete(connection)
        const at = this.#idle.indexOf(connection)
        if (at >= 0) this.#idle.splice(at, 1)
        this.#next()
      },
    }
  }

  get waiting(): number {
    return this.#queue.length
  }

  send(request: WireRequest, caller: Caller): Call {
    const connection = this.#isClosed ? undefined : this.#take()
    if (connection) return connection.send(request, caller)
    const waiting: Waiting = {
      request,
      caller,
      untilMs: performance.now() + this.#options.headTimeoutMs,
      call: undefined,
    }
    if (this.#isClosed) caller.fail(new WireFault('unreachable', 'its connections are closed'))
    else this.#queue.push(waiting)
    return {
      pause: () => waiting.call?.pause(),
      resume: () => waiting.call?.resume(),
      abort: () => {
        this.#queue = this.#queue.filter((other) => other !== waiting)
        waiting.call?.abort()
      },
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true
    clearInterval(this.#timer)
    for (const { caller } of this.#queue.splice(0))
      caller.fail(new WireFault('unreachable', 'its connections are closed'))
    for (const connection of this.#connections)
      connection.fail(new WireFault('unreachable', 'its connections are closed'))
  }

  /** A connection that is free, or a new one, or none. */
  #take(): Http1Connection | undefined {
    const nowMs = performance.now()
    for (let idle = this.#idle.pop(); idle; idle = this.#idle.pop()) {
      if (idle.idleUntilMs > nowMs && !idle.socket.destroyed) return idle
      idle.abandon()
    }
    return this.#connections.size < this.#options.maxConnections ? this.#open() : undefined
  }

  #open(): Http1Connection {
    const { origin, connect } = this.#options
    const socket = connect ? connect() : dial(origin)
    const connection = new Http1Connection(socket, this.#options, this.#keeper, performance.now())
    if (connect) connection.connected(performance.now())
    else {
      const event = origin.startsWith('https:') ? 'secureConnect' : 'connect'
      socket.once(event, () => connection.connected(performance.now()))
    }
    this.#connections.add(connection)
    this.#watch()
    return connection
  }

  #freed(connection: Http1Connection): void {
    if (this.#isClosed) connection.abandon()
    else {
      this.#idle.push(connection)
      this.#next()
    }
  }

  /** Gives what is free to whoever waits longest. */
  #next(): void {
    while (this.#queue.length > 0 && !this.#isClosed) {
      const connection = this.#take()
      if (!connection) return
      const first = this.#queue.shift() as Waiting
      first.call = connection.send(first.request, first.caller)
    }
  }

  /** One clock for all deadlines of the pool: a timer for each request would cost more than the request's head. */
  #watch(): void {
    if (this.#timer) return
    const { connectTimeoutMs, headTimeoutMs } = this.#options
    const every = Math.max(20, Math.min(500, connectTimeoutMs / 4, headTimeoutMs / 4))
    this.#timer = setInterval(() => this.#tick(), every)
    this.#timer.unref()
  }

  #tick(): void {
    const nowMs = performance.now()
    for (const connection of this.#connections) {
      if (connection.deadlineMs < nowMs) connection.expire()
      else if (!connection.isBusy && connection.idleUntilMs !== 0 && connection.idleUntilMs < nowMs)
        connection.abandon()
    }
    for (const waiting of this.#queue) {
      if (waiting.untilMs >= nowMs) break
      this.#queue = this.#queue.filter((other) => other !== waiting)
      waiting.caller.fail(new WireFault('timeout', 'no connection became free within the timeout'))
    }
    if (this.#connections.size === 0 && this.#queue.length === 0) {
      clearInterval(this.#timer)
      this.#timer = undefined
    }
  }
}

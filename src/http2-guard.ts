import { constants, type Http2Session, type ServerHttp2Session } from 'node:http2'

/** What one HTTP/2 connection may do. Each number bounds an attack that costs a client little and a server much. */
export const HTTP2_BOUNDS = {
  /** Streams at once (RFC 9113 5.1.2). */
  maxStreams: 100,
  /** Streams in the life of a connection; then the client opens another. */
  maxRequests: 10_000,
  /** Bytes of a request's fields as RFC 9113 6.5.2 counts them. */
  maxHeadBytes: 32 * 1024,
  /** Fields of a request, pseudo-fields included. */
  maxFields: 104,
  /** Entries of one SETTINGS frame. */
  maxSettings: 32,
  /** Streams that a client may reset at once, and how many each second after that (CVE-2023-44487). */
  resetBurst: 100,
  resetsPerSecond: 20,
  /** PING and SETTINGS frames in ten seconds (CVE-2019-9512, CVE-2019-9515). */
  maxPings: 60,
  maxSettingsFrames: 20,
  /** Frames that break the protocol but not the connection, and streams that are turned away. */
  maxInvalidFrames: 50,
  maxRejectedStreams: 50,
  /** Memory of one connection, in megabytes. */
  maxMemoryMegabytes: 10,
  /** From the connection, or the end of the last request, to the head of the next. */
  idleMs: 15_000,
  checkIntervalMs: 1000,
} as const

/** The numbers, all of them. */
export type Http2Bounds = { readonly [K in keyof typeof HTTP2_BOUNDS]: number }

const WINDOW_MS = 10_000

interface Watched {
  readonly session: ServerHttp2Session
  streams: number
  requests: number
  idleSinceMs: number
  windowMs: number
  pings: number
  settings: number
}

/** Watches the connections of a listener: what nghttp2 does not bound itself, and how long one may be idle. */
export class Http2Guard {
  readonly #bounds: Http2Bounds
  readonly #watched = new Map<Http2Session, Watched>()
  readonly #onAbuse: (session: ServerHttp2Session, what: string) => void
  #timer: NodeJS.Timeout | undefined
  #isDraining = false

  constructor(bounds: Http2Bounds, onAbuse: (session: ServerHttp2Session, what: string) => void) {
    this.#bounds = bounds
    this.#onAbuse = onAbuse
  }

  /** A connection has begun. */
  watch(session: ServerHttp2Session): void {
    const nowMs = performance.now()
    const one: Watched = {
      session,
      streams: 0,
      requests: 0,
      idleSinceMs: nowMs,
      windowMs: nowMs,
      pings: 0,
      settings: 0,
    }
    this.#watched.set(session, one)
    this.#timer ??= setInterval(() => this.#sweep(), this.#bounds.checkIntervalMs).unref()
    session.on('ping', () => {
      if (++one.pings > this.#bounds.maxPings) this.#calm(one, 'a flood of PING frames')
    })
    session.on('remoteSettings', () => {
      if (++one.settings > this.#bounds.maxSettingsFrames) this.#calm(one, 'a flood of SETTINGS frames')
    })
    session.once('close', () => {
      this.#watched.delete(session)
      if (this.#watched.size > 0) return
      clearInterval(this.#timer)
      this.#timer = undefined
    })
    if (this.#isDraining) session.close()
  }

  /** A request has begun; call what is given back when it has ended. */
  begin(session: Http2Session): () => void {
    const one = this.#watched.get(session)
    if (!one) return () => undefined
    one.streams++
    // The client opens another connection; what is under way on this one ends in order (RFC 9113 6.8).
    if (++one.requests === this.#bounds.maxRequests) session.close()
    return () => {
      one.streams--
      one.idleSinceMs = performance.now()
    }
  }

  /** Tells all clients to open no further streams; connections end with their last one. */
  drain(): void {
    this.#isDraining = true
    for (const { session } of this.#watched.values()) session.close()
  }

  /** Ends all connections now. */
  destroy(): void {
    for (const { session } of this.#watched.values()) session.destroy()
  }

  #sweep(): void {
    const nowMs = performance.now()
    for (const one of this.#watched.values()) {
      if (nowMs - one.windowMs > WINDOW_MS) {
        one.windowMs = nowMs
        one.pings = 0
        one.settings = 0
      }
      if (one.streams > 0 || nowMs - one.idleSinceMs <= this.#bounds.idleMs) continue
      // A head that never ends (CONTINUATION by CONTINUATION) is no stream yet, and ends here too.
      if (one.session.closed) one.session.destroy()
      else one.session.close()
      one.idleSinceMs = nowMs - this.#bounds.idleMs
    }
  }

  #calm(one: Watched, what: string): void {
    if (one.session.destroyed) return
    this.#onAbuse(one.session, what)
    one.session.destroy(undefined, constants.NGHTTP2_ENHANCE_YOUR_CALM)
  }
}

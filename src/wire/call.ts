import type { Duplex } from 'node:stream'

/** A request as it goes to an application: judged, canonical, and not yet framed. */
export interface WireRequest {
  readonly method: string
  /** Path and query. */
  readonly target: string
  /** Flat list without fields of framing or of the connection. */
  readonly fields: readonly string[]
  readonly body: null | Uint8Array | AsyncIterable<Uint8Array>
  /** The length of a streamed body, where it is known. */
  readonly bodyBytes: number | undefined
  /** Whether a WebSocket is asked for (RFC 6455 4.1, RFC 8441). */
  readonly upgrade: boolean
}

/** What comes of a call, in this order: information any number of times, head, data, end; or a fault at any time. */
export interface Caller {
  information(status: number, fields: readonly string[]): void
  /** `whole` is the body where all of it is there already; undefined: it follows. */
  head(status: number, fields: readonly string[], whole: Uint8Array | undefined): void
  data(chunk: Uint8Array): void
  end(trailers: readonly string[]): void
  /** The application agreed to a WebSocket; `fields` are those of its answer. */
  switched(fields: readonly string[], socket: Duplex): void
  fail(fault: WireFault): void
}

/** A request under way. */
export interface Call {
  pause(): void
  resume(): void
  /** Nobody wants the answer any more. The caller hears no more of it. */
  abort(): void
}

/** Connections to one origin. */
export interface Wire {
  send(request: WireRequest, caller: Caller): Call
  /** Calls that wait for a connection. */
  readonly waiting: number
  close(): Promise<void>
}

/** Why there is no answer, or no end of it. */
export type WireFaultKind =
  | 'unreachable'
  /** A kept connection was closed before a byte of the answer: the application may not have seen the request. */
  | 'closed-unused'
  | 'timeout'
  | 'malformed'

/** An answer that did not come, or did not come whole. */
export class WireFault extends Error {
  readonly kind: WireFaultKind

  constructor(kind: WireFaultKind, detail: string, options: { cause?: unknown } = {}) {
    super(detail, options)
    this.name = 'WireFault'
    this.kind = kind
  }
}

/** Where an application is, and how long it is waited for. All times in milliseconds. */
export interface WireOptions {
  /** `http://host:port`, `https://host:port`, or `h2://` and `h2c://` for HTTP/2 with and without TLS; without a path. */
  readonly origin: string
  readonly connectTimeoutMs: number
  /** From the end of the request to the answer's head. */
  readonly headTimeoutMs: number
  /** Between two pieces of the answer's body. 0: no end. */
  readonly bodyTimeoutMs: number
  readonly maxConnections: number
  /** In place of a socket: how to reach an application in this process. */
  readonly connect?: () => Duplex
}

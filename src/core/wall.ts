import type { Connection, Exchange } from './exchange.ts'
import type { Reply } from './reply.ts'
import type { Refuse, Verdict } from './verdict.ts'

/** The rooms that judge, outermost first. Identity and access are the two halves of layer 4. */
export const WALL_NAMES = [
  'perimeter',
  'edge',
  'gateway',
  'identity',
  'access',
  'application',
  'data',
] as const

/** The name of a wall: its room. */
export type WallName = (typeof WALL_NAMES)[number]

/** What a wall is shown of a request's body. */
export interface BodyView {
  /** The first bytes, with Content-Encoding undone. */
  readonly bytes: Uint8Array
  /** Whether that is the whole body. A wall that judges less than the whole says so in the trace. */
  readonly complete: boolean
  /** Why the body could not be decoded, if it could not. `bytes` are then as sent. */
  readonly undecodable: string | undefined
}

/** A judge. Every moment is optional; a moment that throws is a refusal. */
export interface Wall {
  /** The guide's layer, 1 to 6. */
  readonly layer: 1 | 2 | 3 | 4 | 5 | 6
  readonly name: WallName
  /**
   * Before TLS and before a byte is read; a refusal closes the socket. A wall with this moment is entered by every
   * exchange, so its response moment runs even when an outer wall refuses: that is how refusals get their headers.
   */
  readonly connection?: (connection: Connection) => Verdict
  /** Before a byte of body is read. */
  readonly head?: (exchange: Exchange) => Verdict | Promise<Verdict>
  readonly body?: {
    /** How many bytes of this body the wall wants to see; 0 for none. */
    readonly wants: (exchange: Exchange) => number
    readonly judge: (exchange: Exchange, body: BodyView) => Verdict | Promise<Verdict>
  }
  /** On the way out, innermost first, only if the wall was entered. May change the reply, or refuse it. */
  readonly response?: (exchange: Exchange, reply: Reply) => Reply | Refuse | Promise<Reply | Refuse>
}

/** What stands behind the walls: the application over a connection, in this process, or one of Ringwall's own pages. */
export type Upstream = (exchange: Exchange) => Promise<Reply>

import { CODE, FLAG, frame, TYPE } from './frames.ts'
import { request } from './hpack.ts'

/** What must come of a case. */
export type Want =
  /** The connection ends; where a GOAWAY says why, with one of these codes. */
  | { readonly goaway: readonly number[] }
  /** The stream ends with one of these codes; ending the connection with it is allowed (RFC 9113 5.4.2). */
  | { readonly reset: readonly number[]; readonly stream?: number }
  /** A malformed request (RFC 9113 8.1.1): the stream is reset, or answered with 4xx; the application sees nothing. */
  | { readonly malformed: true }
  /** Answered, and the connection lives. The application saw this target, these fields, and this body. */
  | {
      readonly status: number
      readonly stream?: number
      readonly seen?: {
        readonly method?: string
        readonly target?: string
        readonly has?: readonly (readonly [string, string])[]
        /** No field whose name begins so. */
        readonly hasNot?: string
        readonly body?: string
      }
    }
  /** Nothing happens: the connection lives. */
  | { readonly alive: true }

/** One conversation. */
export interface FrameCase {
  /** The section, and what is sent. */
  readonly id: string
  /** Sent after the greeting, all at once; a number waits so many milliseconds in between. */
  readonly send: readonly (Buffer | number)[]
  readonly want: Want
  /** No greeting: the case says everything. */
  readonly raw?: true
}

/** HEADERS that end their block. */
export function headers(stream: number, block: Uint8Array, flags: number = FLAG.END_STREAM): Buffer {
  return frame(TYPE.HEADERS, flags | FLAG.END_HEADERS, stream, block)
}

/** A whole GET. */
export function get(stream = 1): Buffer {
  return headers(stream, request())
}

/** The head of a POST whose body follows. */
export function post(stream = 1, more: readonly (readonly [string, string])[] = []): Buffer {
  return headers(stream, request([['content-type', 'text/plain'], ...more], 'POST', '/p'), 0)
}

/** DATA. */
export function data(stream: number, body: string | Uint8Array, flags: number = FLAG.END_STREAM): Buffer {
  return frame(TYPE.DATA, flags, stream, Buffer.from(body as string, 'latin1'))
}

export const PROTOCOL = { goaway: [CODE.PROTOCOL_ERROR] } as const
export const SIZE = { goaway: [CODE.FRAME_SIZE_ERROR] } as const
export const COMPRESSION = { goaway: [CODE.COMPRESSION_ERROR] } as const
export const OK = { status: 200 } as const
export const ALIVE = { alive: true } as const
export const MALFORMED = { malformed: true } as const

import type { Place } from '../../core/errors.ts'

/** Something wrong in policy, schema or entity text: where, and what was expected there. */
export interface SyntaxFault {
  readonly message: string
  /** Line and column count from 1; absent for JSON, whose faults name a path in the message. */
  readonly at?: Place
}

/** What a reader of untrusted text gives: the thing, or everything that is wrong with the text (at most 20). */
export type Parsed<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly errors: readonly SyntaxFault[] }

/** How many faults one reader reports before it stops looking for more. */
export const MAX_FAULTS = 20

/** How deep expressions, types and JSON values may nest. */
export const MAX_DEPTH = 200

/** Thrown inside a reader and caught at its door; never leaves the folder. */
export class Unreadable extends Error {
  override readonly name = 'Unreadable'
  /** Offset into the text, or -1 where there is none. */
  readonly offset: number

  constructor(message: string, offset = -1) {
    super(message)
    this.offset = offset
  }
}

/** Line and column of an offset, both from 1. */
export function placeAt(text: string, offset: number): { readonly line: number; readonly column: number } {
  const end = Math.min(Math.max(offset, 0), text.length)
  let line = 1
  let start = 0
  for (let at = text.indexOf('\n'); at !== -1 && at < end; at = text.indexOf('\n', at + 1)) {
    line++
    start = at + 1
  }
  return { line, column: end - start + 1 }
}

/** A fault at an offset of a text. */
export function faultAt(text: string, offset: number, message: string): SyntaxFault {
  return offset < 0 ? { message } : { message, at: placeAt(text, offset) }
}

/** Runs a reader that may throw `Unreadable`. */
export function attempt<T>(text: string, read: () => T): Parsed<T> {
  try {
    return { ok: true, value: read() }
  } catch (thrown) {
    if (thrown instanceof Unreadable)
      return { ok: false, errors: [faultAt(text, thrown.offset, thrown.message)] }
    throw thrown
  }
}

import { describeError } from '../core/errors.ts'
import type { MaskText } from '../core/keys.ts'
import { logLine } from './log-line.ts'

/** What the client is told: a title that fits every error of its status, and the id to ask about. */
export interface ClientError {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** RFC 9457. */
  readonly body: string
}

/** Where the detail goes. */
export interface ErrorLog {
  readonly write: (line: string) => void
  readonly mask: MaskText
}

/** The guide's sentences, and those of RFC 9110 15. */
const TITLES: Readonly<Record<number, string>> = {
  400: 'The request cannot be understood',
  401: 'Invalid credentials',
  403: 'Access denied',
  404: 'Not found',
  409: 'The request does not fit the present state',
  413: 'The request is too large',
  415: 'This kind of content is not accepted',
  422: 'The request is not valid',
  429: 'Too many requests',
  500: 'An error occurred. Please try again.',
  503: 'The service is busy. Please try again.',
}

const MAX_DETAIL = 4096

/**
 * A generic answer for whatever was thrown, and its detail for the log under the same id (the guide's Verbose Error Messages,
 * CWE-209): neither the message nor the stack, nor the status that the error itself asks for, reaches the client.
 */
export function clientError(error: unknown, id: string, log: ErrorLog, status = 500): ClientError {
  const known = TITLES[status] === undefined ? 500 : status
  const stack = error instanceof Error && error.stack !== undefined ? ` | ${error.stack}` : ''
  // Masked before it is escaped: an escape in the middle would hide an address from the mask.
  log.write(`${logLine(id, 64)} ${known} ${logLine(log.mask(`${describeError(error)}${stack}`), MAX_DETAIL)}`)
  return {
    status: known,
    headers: { 'content-type': 'application/problem+json', 'cache-control': 'no-store' },
    body: JSON.stringify({ title: TITLES[known], status: known, id }),
  }
}

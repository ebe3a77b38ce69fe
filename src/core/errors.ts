/** Where an operator's mistake stands: a file with line and column, or a name such as a flag. */
export interface Place {
  readonly file?: string
  readonly line?: number
  readonly column?: number
}

/**
 * The operator or the programmer is wrong: a bad configuration, a missing key, misuse of an API.
 * The message is one line that says what to do; `code` is stable (`room.what-happened`).
 */
export class RingwallError extends Error {
  readonly code: string
  readonly at: Place | undefined

  constructor(code: string, message: string, options: { at?: Place; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'RingwallError'
    this.code = code
    this.at = options.at
  }

  /** The message with its place, as compilers print it: `file:line:column: message (code)`. */
  get line(): string {
    return `${formatPlace(this.at)}${this.message} (${this.code})`
  }
}

/** `file:line:column: `, or nothing where the place is unknown. */
export function formatPlace(at: Place | undefined): string {
  if (at?.file === undefined) return ''
  const line = at.line === undefined ? '' : `:${at.line}`
  const column = at.line === undefined || at.column === undefined ? '' : `:${at.column}`
  return `${at.file}${line}${column}: `
}

/** What was thrown, as text for the audit log; never for a client. */
export function describeError(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown)
  const cause = thrown.cause === undefined ? '' : `; caused by ${describeError(thrown.cause)}`
  const code = 'code' in thrown && typeof thrown.code === 'string' ? ` [${thrown.code}]` : ''
  return `${thrown.name}: ${thrown.message}${code}${cause}`
}

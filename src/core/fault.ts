import type { RefusalCode } from './refusals.ts'

/**
 * A stream that could not go on for a reason of the catalogue: the body grew too large, the application hung up.
 * Streams cannot return a verdict, so this is thrown through them and becomes a refusal in the flow.
 */
export class StreamFault extends Error {
  readonly code: RefusalCode
  /** Flat list of fields to send with the refusal. */
  readonly headers: readonly string[]

  constructor(
    code: RefusalCode,
    detail: string,
    options: { cause?: unknown; headers?: readonly string[] } = {},
  ) {
    super(detail, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'StreamFault'
    this.code = code
    this.headers = options.headers ?? []
  }
}

/** The client went away; there is nobody to answer. */
export class ClientGone extends Error {
  constructor() {
    super('the client went away')
    this.name = 'ClientGone'
  }
}

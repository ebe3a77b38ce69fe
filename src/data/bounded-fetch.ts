import { describeError } from '../core/errors.ts'

/** A request to a service that keeps keys or secrets. */
export interface BoundedRequest {
  readonly url: string
  readonly method: 'GET' | 'POST' | 'PUT'
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
  readonly timeoutMs: number
  readonly maxBytes: number
}

/** Its answer, or why there is none. */
export type BoundedAnswer =
  | { readonly ok: true; readonly status: number; readonly text: string }
  | { readonly ok: false; readonly detail: string }

/** Fetches with a deadline and a bound on the answer. A redirect is an error: it would carry credentials to where they were not meant for. */
export async function boundedFetch(request: BoundedRequest): Promise<BoundedAnswer> {
  try {
    const response = await fetch(request.url, {
      method: request.method,
      redirect: 'error',
      signal: AbortSignal.timeout(request.timeoutMs),
      headers: request.headers,
      ...(request.body !== undefined && { body: request.body }),
    })
    const parts: Uint8Array[] = []
    let bytes = 0
    if (response.body)
      for await (const part of response.body) {
        bytes += part.length
        if (bytes > request.maxBytes) return { ok: false, detail: 'it answered with too much' }
        parts.push(part)
      }
    return { ok: true, status: response.status, text: Buffer.concat(parts).toString('utf8') }
  } catch (thrown) {
    return { ok: false, detail: describeError(thrown) }
  }
}

/** A JSON object, or undefined where the text is none. */
export function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined
  } catch {
    return undefined
  }
}

/** An object inside an object. */
export function objectIn(
  value: Readonly<Record<string, unknown>> | undefined,
  name: string,
): Record<string, unknown> | undefined {
  const inner = value?.[name]
  return typeof inner === 'object' && inner !== null ? (inner as Record<string, unknown>) : undefined
}

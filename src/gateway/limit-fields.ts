import type { CounterResult } from '../store/index.ts'
import type { NamedLimit } from './rate-limit.ts'

/** RateLimit-Policy and RateLimit of one limit, as members of the two lists (draft-ietf-httpapi-ratelimit-headers-11). */
export interface LimitFields {
  readonly policy: string
  readonly state: string
}

/** How much of a limit is left, for the client. */
export function rateLimitFields(
  limit: Pick<NamedLimit, 'name'> & { readonly rule: NonNullable<NamedLimit['rule']> },
  result: CounterResult,
): LimitFields {
  const name = nameOf(limit.name)
  // A window of nothing has no meaning (3.1.3); seconds are the finest that the field can say.
  const window = Math.max(1, Math.round(limit.rule.periodMs / 1000))
  const waitMs = result.allowed ? result.resetMs : result.retryAfterMs
  return {
    policy: `${name};q=${limit.rule.limit};w=${window}`,
    state: `${name};r=${result.remaining};t=${Math.ceil(waitMs / 1000)}`,
  }
}

/** The same for requests that are under way at once; there is no window, and nobody knows when a place is free. */
export function concurrencyFields(name: string, limit: number, left: number): LimitFields {
  const named = nameOf(`${name} at once`)
  return { policy: `${named};q=${limit};qu="concurrent-requests"`, state: `${named};r=${left}` }
}

/** Adds to the two lists in a flat list of fields; the members of all limits stand in one field each. */
export function addLimitFields(headers: string[], { policy, state }: LimitFields): void {
  addMember(headers, 'RateLimit-Policy', policy)
  addMember(headers, 'RateLimit', state)
}

function addMember(headers: string[], name: string, member: string): void {
  const at = headers.findIndex((text, i) => i % 2 === 0 && text === name)
  if (at < 0) headers.push(name, member)
  else headers[at + 1] = `${headers[at + 1]}, ${member}`
}

/** A String of RFC 9651 3.3.3. */
function nameOf(name: string): string {
  return `"${name.replaceAll(/[^\x20-\x7e]|["\\]/g, '_')}"`
}

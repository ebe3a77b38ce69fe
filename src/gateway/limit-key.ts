import { createHash } from 'node:crypto'

/** One thing by which a limit counts apart. */
export type KeyPart =
  | { readonly kind: 'address' | 'subject' | 'api_key' | 'route' | 'host' }
  | { readonly kind: 'header'; readonly name: string }
  | { readonly kind: 'body'; readonly path: readonly string[] }

/** When everything that a limit counts by is known: at once, with the API key, behind identity, with the body. */
export type LimitMoment = 'head' | 'key' | 'subject' | 'body'

/** Reads `address`, `header:X-Tenant`, `body:user.email`; the configuration has checked the form. */
export function parseKeyPart(text: string): KeyPart {
  const at = text.indexOf(':')
  if (at < 0) return { kind: text as 'address' }
  const rest = text.slice(at + 1)
  return text.startsWith('header:') ? { kind: 'header', name: rest } : { kind: 'body', path: rest.split('.') }
}

/** The first moment at which all parts are known. API keys are read by the gateway itself, before identity. */
export function momentOf(parts: readonly KeyPart[]): LimitMoment {
  const has = (wanted: KeyPart['kind']): boolean => parts.some(({ kind }) => kind === wanted)
  if (has('body')) return 'body'
  if (has('subject')) return 'subject'
  return has('api_key') ? 'key' : 'head'
}

/** A value that may be personal or secret, in a key of a counter: the same value gives the same text, and no more. */
export function fingerprint(value: string): string {
  return `#${createHash('sha256').update(value).digest('hex').slice(0, 20)}`
}

/**
 * The key of a counter. Names of routes, hosts, ids and addresses stand in it as they are, so that operators can read it; values of
 * fields, which may be personal or secret, as fingerprints.
 */
export function limitKey(
  limit: { readonly name: string; readonly parts: readonly KeyPart[] },
  valueOf: (part: KeyPart, index: number) => string | { readonly nobody: string },
): string {
  const texts = limit.parts.map((part, i) => {
    const value = valueOf(part, i)
    if (typeof value !== 'string') return `nobody@${value.nobody}`
    if (part.kind === 'header') return fingerprint(value)
    return part.kind === 'body' ? fingerprint(comparable(value) ?? '') : value
  })
  return `limit:${limit.name}:${texts.join('|')}`
}

const MAX_VALUE = 1024

/**
 * A field of a body as one spelling: `Ann@x.test ` and `ann@x.test` are the same account to most applications, and so to a
 * limit. Undefined where the value is not a text, a number or a truth value.
 */
export function comparable(value: unknown): string | undefined {
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  if (typeof value !== 'string') return undefined
  return value.slice(0, MAX_VALUE).normalize('NFKC').trim().toLowerCase()
}

/** The value at a path of names; undefined where there is none. Only own properties are looked at. */
export function valueAt(root: unknown, path: readonly string[]): unknown {
  let value = root
  for (const name of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined
    value = (value as Record<string, unknown>)[name]
  }
  return value
}

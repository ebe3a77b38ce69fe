import type { HeaderList } from '../core/headers.ts'
import type { CorsConfig } from './config.ts'

/** What the edge says of a preflight (Fetch 3.3.5): the fields of its answer, or why it is refused. */
export type Preflight =
  | { readonly kind: 'allowed'; readonly fields: readonly string[] }
  | { readonly kind: 'refused'; readonly reason: string }

/** The policy of one route. */
export interface CorsPolicy {
  /** Judges a preflight; undefined where the application answers it itself. */
  readonly judge: ((origin: string, method: string, headers: string) => Preflight) | undefined
  /** Puts the fields for this origin on an answer, and takes those of the application off. */
  readonly answer: (reply: HeaderList, origin: string | undefined) => void
}

/** The method that a preflight asks about; undefined for any other request (Fetch 3.3.4). */
export function preflightMethod(method: string, headers: HeaderList): string | undefined {
  if (method !== 'OPTIONS' || !headers.has('origin')) return undefined
  return headers.get('access-control-request-method')
}

const FIELDS = [
  'access-control-allow-origin',
  'access-control-allow-credentials',
  'access-control-allow-methods',
  'access-control-allow-headers',
  'access-control-allow-private-network',
  'access-control-expose-headers',
  'access-control-max-age',
]

/**
 * Compiles the policy of a route. Without one nobody is allowed: pages of other origins may not read answers, whatever the
 * application says. Credentials never go with `*`, and the origin `null`, which any sandboxed page has, is nobody's.
 */
export function compileCors(config: CorsConfig): CorsPolicy {
  if (config === 'application') return { judge: undefined, answer: () => undefined }
  if (config === 'deny') {
    return {
      judge: () => ({ kind: 'refused', reason: 'the route has no `cors`' }),
      answer: (reply) => strip(reply),
    }
  }
  const { credentials } = config
  const origins = new Set(config.origins)
  const methods = new Set(config.methods)
  const headers = new Set(config.headers.map((name) => name.toLowerCase()))
  const isAnyone = origins.has('*')
  const allows = (origin: string): boolean => origin !== 'null' && (isAnyone || origins.has(origin))
  const fieldsFor = (origin: string): string[] => [
    'Access-Control-Allow-Origin',
    isAnyone ? '*' : origin,
    ...(credentials ? ['Access-Control-Allow-Credentials', 'true'] : []),
  ]
  return {
    judge(origin, method, asked) {
      if (!allows(origin)) return { kind: 'refused', reason: 'the origin is not allowed' }
      if (!methods.has(method)) return { kind: 'refused', reason: 'the method is not allowed' }
      const unknown = namesOf(asked).find((name) => !headers.has(name))
      if (unknown !== undefined) return { kind: 'refused', reason: 'a field is not allowed' }
      return {
        kind: 'allowed',
        fields: [
          ...fieldsFor(origin),
          'Access-Control-Allow-Methods',
          [...methods].join(', '),
          ...(headers.size > 0 ? ['Access-Control-Allow-Headers', [...headers].join(', ')] : []),
          'Access-Control-Max-Age',
          String(Math.floor(config.max_age / 1000)),
          'Vary',
          'Origin, Access-Control-Request-Method, Access-Control-Request-Headers',
        ],
      }
    },
    answer(reply, origin) {
      strip(reply)
      if (!isAnyone) addVary(reply)
      if (origin === undefined || !allows(origin)) return
      const fields = fieldsFor(origin)
      for (let i = 0; i < fields.length; i += 2) reply.set(fields[i] as string, fields[i + 1] as string)
      if (config.expose.length > 0) reply.set('Access-Control-Expose-Headers', config.expose.join(', '))
    },
  }
}

function strip(reply: HeaderList): void {
  for (const name of FIELDS) reply.delete(name)
}

/** A cache must not give one origin's answer to another. */
function addVary(reply: HeaderList): void {
  const named = reply.all('vary').flatMap((value) => namesOf(value))
  if (!named.includes('origin') && !named.includes('*')) reply.append('Vary', 'Origin')
}

function namesOf(list: string): string[] {
  return list
    .split(',')
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== '')
}

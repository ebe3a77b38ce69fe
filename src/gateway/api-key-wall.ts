import type { Exchange, Subject } from '../core/exchange.ts'
import { accountHoldings, type Holding } from '../core/holding.ts'
import { IpList } from '../core/ip.ts'
import { pass, refuse, type Verdict } from '../core/verdict.ts'
import { API_KEY_PREFIX, findApiKey } from './api-key.ts'
import type { ApiKey, ApiKeys } from './api-keys.ts'
import type { GatewayRouteConfig } from './config.ts'
import { type LimitParts, takeRate } from './limits-wall.ts'

/** What a judge of keys needs beside the route. */
export interface ApiKeyParts extends LimitParts {
  readonly apiKeys: ApiKeys
  readonly realm: 'site' | 'operator'
}

/** What a request has in hand. */
type Presented =
  | { readonly kind: 'none' }
  | { readonly kind: 'doubt'; readonly why: string }
  | { readonly kind: 'key'; readonly rawKey: string }

const CHALLENGE = ['WWW-Authenticate', 'Bearer realm="api"']

/**
 * Lets machines in by their keys: a good one makes the machine that identity introduces; a bad one is refused even
 * where a key is optional. The application never sees a key. Undefined where the route takes none.
 */
export function apiKeyJudge(
  route: GatewayRouteConfig,
  parts: ApiKeyParts,
): ((exchange: Exchange) => Promise<Verdict>) | undefined {
  const { api_key: own = 'off' } = route
  const { mode, scopes } = typeof own === 'string' ? { mode: own, scopes: [] } : own
  if (mode === 'off') return undefined
  return async (exchange) => {
    const exposed = findApiKey(exchange.raw.target)
    if (exposed !== undefined) return refuseExposed(exchange, exposed, parts)
    const presented = presentedKey(exchange)
    if (presented.kind === 'none')
      return mode === 'required' ? refuse('gateway.api-key-required', 'no key', CHALLENGE) : pass
    if (presented.kind === 'doubt') return refuse('gateway.api-key-invalid', presented.why, CHALLENGE)
    const { rawKey } = presented
    const check = await parts.apiKeys.check(rawKey, parts.realm)
    if (!check.ok) {
      const whose = check.key ? ` (${check.key.name}, ${check.key.id})` : ''
      return refuse('gateway.api-key-invalid', `the key is ${check.reason}${whose}`, CHALLENGE)
    }
    const { key } = check
    const old = key.replacedBy === null ? '' : `, replaced by ${key.replacedBy}`
    exchange.trace.note(`key ${key.name} (${key.id}${old})`)
    const missing = whatIsMissing(exchange, route, key, scopes)
    if (missing !== undefined) return refuse('gateway.api-key-denied', `key ${key.name}: ${missing}`)
    removeKey(exchange)
    parts.apiKeys.noteUse(key.id, exchange.client.ip)
    const subject = subjectOf(key)
    const isStillGood = async (): Promise<boolean> => (await parts.apiKeys.check(rawKey, parts.realm)).ok
    exchange.machine = { subject, owner: key.owner, isStillGood }
    if (!key.rate) return pass
    const limit = { name: 'key', rule: key.rate, isShadow: false }
    return takeRate(exchange, parts, limit, `limit:key:${subject.id}`, route.cost ?? 1)
  }
}

/** A key in the address is in the logs of everything on the way: it is refused, and named, so that it can be revoked. */
async function refuseExposed(exchange: Exchange, exposed: string, parts: ApiKeyParts): Promise<Verdict> {
  const check = await parts.apiKeys.check(exposed, parts.realm)
  if (check.ok) {
    const { id, name } = check.key
    exchange.events.push({
      kind: 'gateway.api-key-exposed',
      outcome: 'failure',
      data: { key: id, name, where: 'query' },
    })
  }
  return refuse('gateway.api-key-invalid', 'a key in the address; revoke it, since it stands in logs')
}

function presentedKey({ headers }: Exchange): Presented {
  const fields = headers.all('x-api-key')
  const bearers = headers
    .all('authorization')
    .flatMap((value) => /^bearer +(\S+)$/i.exec(value.trim())?.[1] ?? [])
    // Tokens of others are theirs; ours tell themselves by their first characters.
    .filter((token) => token.startsWith(API_KEY_PREFIX))
  const all = [...fields.map((text) => text.trim()), ...bearers]
  if (all.length === 0) return { kind: 'none' }
  if (all.length > 1) return { kind: 'doubt', why: `${all.length} keys in one request` }
  return { kind: 'key', rawKey: all[0] as string }
}

/** INVARIANT: what the application gets has no key in it; with it, it could act for the machine elsewhere. */
function removeKey({ headers }: Exchange): void {
  if (headers.has('x-api-key')) headers.delete('x-api-key')
  else headers.delete('authorization')
}

function whatIsMissing(
  exchange: Exchange,
  route: GatewayRouteConfig,
  key: ApiKey,
  scopes: readonly string[],
): string | undefined {
  if (key.networks.length > 0 && new IpList(key.networks).find(exchange.client.ip) === undefined)
    return `not from ${exchange.client.ip}`
  if (key.routes.length > 0 && !key.routes.includes(route.name)) return `not for the route ${route.name}`
  const scope = scopes.find((one) => !key.scopes.includes(one))
  return scope === undefined ? undefined : `without the scope ${scope}`
}

/** A machine: its roles as those of an account, its scopes as permissions that it holds. */
function subjectOf(key: ApiKey): Subject {
  const scopes = key.scopes.map((name): Holding => ({ id: `scope:${name}`, kind: 'permission', name }))
  return {
    id: `key:${key.client}`,
    email: '',
    name: key.name,
    roles: key.roles,
    holdings: [...accountHoldings(key.roles), ...scopes],
    realm: key.realm,
    sessionVersion: 0,
    sessionRef: key.id,
    mustChangePassword: false,
  }
}

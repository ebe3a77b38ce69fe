import { RingwallError } from '../core/errors.ts'
import type { CounterResult, CounterRule } from '../store/index.ts'
import { type GatewayRouteConfig, periodMs, type RateLimitingConfig } from './config.ts'
import { RouteTable } from './route-table.ts'

/** A limit with its name: what is counted, and how it is told to the client. */
export interface NamedLimit {
  readonly name: string
  readonly rule: CounterRule
}

/** Finds the limit for a request on one route: the route's own, or the named limit whose paths match. */
export function compileLimits(
  config: RateLimitingConfig,
  route: GatewayRouteConfig,
): (path: string, method: string) => NamedLimit | undefined {
  const named = Object.entries(config).map(([name, limit]): NamedLimit => ({
    name,
    rule: { limit: limit.requests, periodMs: periodMs(limit.period) },
  }))
  const { rate_limit: own } = route
  if (own === 'off') return () => undefined
  if (typeof own === 'string') {
    const limit = named.find((one) => one.name === own)
    if (limit) return () => limit
    const names = named.map((one) => one.name).join(', ')
    throw new RingwallError(
      'gateway.limit-unknown',
      `route \`${route.name}\`: no limit \`${own}\`; there is ${names}, and off`,
    )
  }
  if (own) {
    const limit = {
      name: `route ${route.name}`,
      rule: { limit: own.requests, periodMs: periodMs(own.period) },
    }
    return () => limit
  }
  const rows = Object.entries(config).flatMap(([name, limit]) =>
    limit.match.map((entry) => {
      const [first = '', second] = entry.split(' ')
      return second === undefined ? { name, path: first } : { name, path: second, methods: [first] }
    }),
  )
  const table = new RouteTable(rows)
  return (path, method) => {
    const { match } = table.match(undefined, path, method)
    return match.kind === 'found' ? named.find((one) => one.name === match.name) : undefined
  }
}

/** RateLimit and RateLimit-Policy as structured fields (draft-ietf-httpapi-ratelimit-headers-10), as a flat list. */
export function rateLimitFields(limit: NamedLimit, result: CounterResult): readonly string[] {
  const name = `"${limit.name.replaceAll(/[^\x20-\x7e]|["\\]/g, '_')}"`
  return [
    'RateLimit-Policy',
    `${name};q=${limit.rule.limit};w=${Math.round(limit.rule.periodMs / 1000)}`,
    'RateLimit',
    `${name};r=${result.remaining};t=${Math.ceil((result.allowed ? result.resetMs : result.retryAfterMs) / 1000)}`,
  ]
}

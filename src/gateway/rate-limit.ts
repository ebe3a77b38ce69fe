import { RingwallError } from '../core/errors.ts'
import type { CounterRule } from '../store/index.ts'
import { type GatewayRouteConfig, type LimitConfig, periodMs, type RateLimitingConfig } from './config.ts'
import { type KeyPart, type LimitMoment, momentOf, parseKeyPart } from './limit-key.ts'
import { RouteTable } from './route-table.ts'

/** A limit with its name: what is counted, by what, and when that is known. */
export interface NamedLimit {
  readonly name: string
  /** So many in so much time; absent for a limit that only caps what is under way at once. */
  readonly rule: CounterRule | undefined
  readonly concurrent: number | undefined
  /** As it is written, for people. */
  readonly by: readonly string[]
  readonly parts: readonly KeyPart[]
  readonly moment: LimitMoment
  readonly isShadow: boolean
  /** What one request costs; undefined where the limit itself says nothing of this path. */
  readonly costOf: (path: string, method: string) => number | undefined
}

/** The limits of one request, in the order of the file. */
export type FindLimits = (path: string, method: string) => readonly NamedLimit[]

const NONE: readonly NamedLimit[] = []

/** What a configuration's own limits come to, for the routes that name none; compiled once, since routes are many. */
interface Shared {
  readonly named: readonly NamedLimit[]
  /** For each moment, so that one at which no limit is judged costs nothing. */
  readonly find: ReadonlyMap<LimitMoment, FindLimits>
}

const compiled = new WeakMap<RateLimitingConfig, Shared>()

/**
 * Finds the limits for a request on one route that are judged at a moment: the route's own, those that it names, or those whose
 * paths match. Of limits that count by the same thing the most specific path wins; limits that count by different things hold
 * together. Undefined where there is none.
 */
export function compileLimits(
  config: RateLimitingConfig,
  route: GatewayRouteConfig,
  moment: LimitMoment,
): FindLimits | undefined {
  const { rate_limit: own } = route
  if (own === 'off') return undefined
  const shared = compiled.get(config) ?? compileShared(config)
  compiled.set(config, shared)
  if (own === undefined) return shared.find.get(moment)
  if (typeof own === 'string' || Array.isArray(own)) {
    const limits = [own].flat().map((name) => {
      const limit = shared.named.find((one) => one.name === name)
      if (limit) return limit
      const names = shared.named.map((one) => one.name).join(', ')
      throw new RingwallError(
        'gateway.limit-unknown',
        `route \`${route.name}\`: no limit \`${name}\`; there is ${names}, and off`,
      )
    })
    return always(limits, moment)
  }
  return always([compileLimit(`route ${route.name}`, own)], moment)
}

function always(limits: readonly NamedLimit[], moment: LimitMoment): FindLimits | undefined {
  const found = limits.filter((limit) => limit.moment === moment)
  return found.length > 0 ? () => found : undefined
}

/** The limit that a route has of its own, if it has one. */
export function ownLimit({ name, rate_limit: own }: GatewayRouteConfig): NamedLimit | undefined {
  return typeof own === 'object' && !Array.isArray(own) ? compileLimit(`route ${name}`, own) : undefined
}

/** Every limit of a configuration by name, for tables and commands. */
export function namedLimits(config: RateLimitingConfig): readonly NamedLimit[] {
  return Object.entries(config).map(([name, limit]) => compileLimit(name, limit))
}

/** What a request costs of a limit: what the limit says of the path, else what the route says, else 1. */
export function costOf(limit: NamedLimit, route: GatewayRouteConfig, path: string, method: string): number {
  return limit.costOf(path, method) ?? route.cost ?? 1
}

function compileShared(config: RateLimitingConfig): Shared {
  const named = namedLimits(config)
  const groups = new Map<string, { name: string; path: string; methods?: string[] }[]>()
  for (const [i, [name, { match }]] of Object.entries(config).entries()) {
    const limit = named[i] as NamedLimit
    const group = `${limit.rule === undefined ? 'at once' : 'in time'} ${limit.by.toSorted().join(' ')}`
    const rows = groups.get(group) ?? []
    rows.push(...match.map((entry) => rowOf(name, entry)))
    groups.set(group, rows)
  }
  const tables = new Map<LimitMoment, RouteTable[]>()
  for (const rows of groups.values()) {
    const moment = named.find((one) => one.name === rows[0]?.name)?.moment
    if (moment) tables.set(moment, [...(tables.get(moment) ?? []), new RouteTable(rows)])
  }
  const find = new Map([...tables].map(([moment, own]) => [moment, finderOf(named, own)] as const))
  return { named, find }
}

function finderOf(named: readonly NamedLimit[], tables: readonly RouteTable[]): FindLimits {
  const byName = new Map(named.map((limit) => [limit.name, limit]))
  return (path, method) => {
    let found: NamedLimit[] | undefined
    for (const table of tables) {
      const { match } = table.match(undefined, path, method)
      const limit = match.kind === 'found' ? byName.get(match.name) : undefined
      if (limit) (found ??= []).push(limit)
    }
    return found ?? NONE
  }
}

function compileLimit(name: string, limit: LimitConfig): NamedLimit {
  const by = [limit.by].flat()
  const parts = by.map(parseKeyPart)
  const costs = Object.entries(limit.cost)
  for (const [pattern, cost] of costs) {
    if (limit.requests === undefined || cost <= limit.requests) continue
    throw new RingwallError(
      'gateway.cost-too-high',
      `limit \`${name}\`: \`${pattern}\` costs ${cost} of ${limit.requests}, so it would never pass`,
    )
  }
  const table = costs.length > 0 ? new RouteTable(costs.map(([entry]) => rowOf(entry, entry))) : undefined
  return {
    name,
    rule:
      limit.requests === undefined || limit.period === undefined
        ? undefined
        : { limit: limit.requests, periodMs: periodMs(limit.period) },
    concurrent: limit.concurrent,
    by,
    parts,
    moment: momentOf(parts),
    isShadow: limit.mode === 'shadow',
    costOf(path, method) {
      if (!table) return undefined
      const { match } = table.match(undefined, path, method)
      return match.kind === 'found' ? limit.cost[match.name] : undefined
    },
  }
}

function rowOf(name: string, entry: string): { name: string; path: string; methods?: string[] } {
  const [first = '', second] = entry.split(' ')
  return second === undefined ? { name, path: first } : { name, path: second, methods: [first] }
}

import type { Config, RouteConfig } from './config/index.ts'
import { describeError } from './core/errors.ts'
import type { Connection } from './core/exchange.ts'
import { HeaderList } from './core/headers.ts'
import { IpList } from './core/ip.ts'
import type { MatchedRule } from './core/trace.ts'
import { pass, refuse, type Verdict } from './core/verdict.ts'
import type { Upstream, Wall } from './core/wall.ts'
import { clientOf, preflightMethod, readHost, readTarget } from './edge/index.ts'
import type { Plan } from './flow.ts'
import { RouteTable } from './gateway/index.ts'
import { judgeMalformed } from './perimeter/index.ts'
import type { Arrival, Reading } from './receive.ts'
import { buildWalls, type Parts } from './walls.ts'

/** A route and what answers it. */
export interface SiteRoute {
  readonly config: RouteConfig
  readonly upstream: Upstream
}

/** A change of the table of walls: the extension point of the library. */
export type ChangeWalls = (walls: readonly Wall[]) => readonly Wall[]

/**
 * One configuration, compiled: the routing table and the walls of every route. Never changed; a reload makes another one
 * and swaps it in, while what is under way ends in the old one.
 */
export class Site {
  readonly #table: RouteTable
  readonly #plans: readonly Plan[]
  /** For requests that no route takes: they meet the same walls, and the gateway refuses them. */
  readonly #stray: Plan
  readonly #trusted: IpList
  readonly #judgeMalformed: (connection: Connection, bytes: string) => readonly MatchedRule[]

  constructor(
    config: Config,
    routes: readonly SiteRoute[],
    parts: Parts,
    changeWalls: ChangeWalls = (walls) => walls,
  ) {
    this.#table = new RouteTable(routes.map((route) => route.config))
    this.#trusted = new IpList(config.security.network.trusted_proxies)
    const { rules, clock } = parts
    this.#judgeMalformed = (connection, bytes) =>
      rules ? judgeMalformed(rules, config.security.perimeter, connection, bytes, clock.now()) : []
    const plan = ({ config: route, upstream }: SiteRoute): Plan => ({
      walls: changeWalls(buildWalls(config, route, upstream, parts)),
      upstream,
    })
    this.#plans = routes.map(plan)
    this.#stray = plan({
      config: { name: '-', path: '/**', sign_in: 'off' },
      upstream: () => Promise.reject(new Error('a request without a route went past the gateway')),
    })
  }

  /** Reads who, where and what, each in exactly one way, and finds the plan. No wall is asked. */
  read(arrival: Arrival): { readonly reading: Reading; readonly plan: Plan } {
    const headers = new HeaderList(arrival.raw.headers)
    const hosts = headers.all('host')
    const host = readHost(hosts)
    const target = readTarget(arrival.raw.target, hosts[0])
    const found = this.#table.match(
      host.ok ? host.name : undefined,
      target.ok ? target.path : '/',
      // Whoever asks for other origins what a route allows is told by that route.
      preflightMethod(arrival.raw.method, headers) ?? arrival.raw.method,
    )
    const client = clientOf(arrival.connection, headers, this.#trusted)
    const plan = found.index === undefined ? this.#stray : (this.#plans[found.index] as Plan)
    return { reading: { client, host, target, route: found.match }, plan }
  }

  /** What the rules say of bytes that are no HTTP request, for the record. */
  judgeMalformed(connection: Connection, bytes: string): readonly MatchedRule[] {
    return this.#judgeMalformed(connection, bytes)
  }

  /** The connection moment: before TLS, and before there is a request to find a route for. */
  meet(connection: Connection): Verdict {
    try {
      for (const wall of this.#stray.walls) {
        const verdict = wall.connection?.(connection) ?? pass
        if (verdict.kind !== 'pass') return verdict
      }
      return pass
    } catch (thrown) {
      // INVARIANT: a wall that throws refuses, here too, where there is no exchange to answer.
      return refuse('ringwall.fault', describeError(thrown))
    }
  }
}

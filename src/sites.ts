import { createHmac } from 'node:crypto'
import type { RequestListener } from 'node:http'

import { CSP_REPORT_PATH, keepIn, openQuarantine, ownOrigin, serveCspReport } from './application/index.ts'
import { authzenPages } from './authzen-pages.ts'
import { type Config, type RouteConfig, type UpstreamConfig } from './config/index.ts'
import { type Clock, systemRandom } from './core/clock.ts'
import { RingwallError } from './core/errors.ts'
import type { Exchange } from './core/exchange.ts'
import { StreamFault } from './core/fault.ts'
import { isLoopback } from './core/ip.ts'
import type { Keys } from './core/keys.ts'
import { Secret } from './core/secret.ts'
import type { Upstream } from './core/wall.ts'
import { acmeChallenges, edgePages, forwardingFields } from './edge/index.ts'
import { type Identity, identityPages } from './identity/index.ts'
import { connectInProcess, type FetchApplication, fetchUpstream } from './in-process.ts'
import { elevationPages } from './elevation-pages.ts'
import { type RecordEvent, rolesOfRealm } from './grant-desk.ts'
import type { Kept } from './kept.ts'
import { openDocument } from './openapi-documents.ts'
import { operatorPages } from './operator-pages.ts'
import { openPolicy, policyRoutes } from './access-policy.ts'
import { decodeBody, decodeStream } from './decode.ts'
import { CHALLENGE_PATH, serveChallenge } from './perimeter/index.ts'
import { openGeography, ruleEngine } from './rule-engine.ts'
import { type ChangeWalls, Site, type SiteRoute } from './site.ts'
import { fixedAnswer, withRewrite } from './route-answers.ts'
import { openUpstream, type UpstreamPool } from './upstream.ts'
import { acmeFolder } from './tls-front.ts'
import { UpstreamGroup } from './upstream-group.ts'
import type { Parts } from './walls.ts'

/** One configuration at work: its site, and the connections to its applications, which close when nothing uses them. */
export class Generation {
  readonly site: Site
  readonly #close: () => Promise<void>
  #active = 0
  #retired = false
  #closing: Promise<void> | undefined

  constructor(site: Site, close: () => Promise<void>) {
    this.site = site
    this.#close = close
  }

  /** Does work that needs this generation to stay. */
  async during<T>(work: () => Promise<T>): Promise<T> {
    this.#active++
    try {
      return await work()
    } finally {
      this.#active--
      if (this.#retired && this.#active === 0) await this.close()
    }
  }

  /** A newer generation has taken over: closes as soon as what is under way has ended. */
  async retire(): Promise<void> {
    this.#retired = true
    if (this.#active === 0) await this.close()
  }

  /** Closes now. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  /** Whether its connections are closed, or closing. */
  get isClosed(): boolean {
    return this.#closing !== undefined
  }
}

/** An application in this process, in place of the configured upstreams. */
export type InProcess = { readonly node: RequestListener } | { readonly fetch: FetchApplication }

const forwarding = (exchange: Exchange): readonly string[] => forwardingFields(exchange.client, exchange.host)

/** The protected site: the configured routes, and Ringwall's own pages for signing in. */
export function buildSite(
  config: Config,
  kept: Kept,
  clock: Clock,
  changeWalls?: ChangeWalls,
  inProcess?: InProcess,
): Generation {
  const identity = kept.identity('site', config)
  const pools = new Map<string, UpstreamPool>()
  const closers: (() => unknown)[] = []
  const only = Object.keys(config.upstreams)[0]
  const pool = (name: string, upstream: UpstreamConfig): Upstream => {
    const known = pools.get(name) ?? openServers(name, upstream, clock, kept)
    pools.set(name, known)
    return known.send
  }
  const inside = inProcess && inProcessUpstream(inProcess, pools, closers)
  const upstreamOf = (route: RouteConfig): Upstream => {
    const fixed = fixedAnswer(route)
    if (fixed) return fixed
    if (inside) return withRewrite(route, inside)
    if (route.upstream === undefined && Object.keys(config.upstreams).length > 1)
      throw new RingwallError('config.upstream', `route \`${route.name}\`: name one of the upstreams`)
    const name = route.upstream ?? only
    const upstream = name === undefined ? undefined : config.upstreams[name]
    return withRewrite(route, name !== undefined && upstream ? pool(name, upstream) : noUpstream)
  }
  const configured = configuredRoutes(config)
  const parts = partsOf(config, kept, clock, identity, inProcess === undefined)
  const routes = [
    ...pageRoutes(identity),
    ...elevationPages(config, kept, identity, clock),
    ...challengeRoutes(parts),
    ...edgeRoutes(config),
    ...reportRoutes(config, kept),
    ...authzenPages(config.security.authorization.authzen, parts.policy, kept.keys, clock),
    ...configured.map((route): SiteRoute => ({ config: route, upstream: upstreamOf(route) })),
  ]
  const site = new Site(config, routes, parts, changeWalls)
  return new Generation(site, async () => {
    await Promise.all([...pools.values()].map((one) => one.close()))
    for (const closer of closers) closer()
  })
}

/** The routes of a configuration: its own, those of the policy's OpenAPI document, or one for everything. */
export function configuredRoutes({ routes, security }: Config): readonly RouteConfig[] {
  const declared = policyRoutes(security.authorization.policy)
  return routes.length > 0
    ? [...routes, ...declared]
    : [...declared, { name: 'everything', path: '/**' } satisfies RouteConfig]
}

/** The operator's own door: its own accounts and cookie, and everything on it needs the role of an admin. */
export function buildOperatorSite(config: Config, kept: Kept, clock: Clock, record: RecordEvent): Generation {
  const identity = kept.identity('operator', config)
  const own = config.listen.operator?.host ?? 'localhost'
  // On this machine the door answers to this machine's names only, so that no page of the web reaches it by a name of its own.
  const hosts = own === 'localhost' || isLoopback(own) ? ['localhost', '127.0.0.1', '[::1]', own] : []
  const { edge, authorization, gateway } = config.security
  const guarded: Config = {
    ...config,
    security: {
      ...config.security,
      edge: { ...edge, hosts },
      gateway: { ...gateway, maintenance: { ...gateway.maintenance, enabled: false } },
      authorization: {
        ...authorization,
        ...rolesOfRealm(authorization, 'operator'),
        policy: undefined,
      },
    },
  }
  const routes = [
    ...pageRoutes(identity),
    ...elevationPages(guarded, kept, identity, clock),
    ...operatorPages(config, kept, record),
  ]
  return new Generation(
    new Site(guarded, routes, partsOf(config, kept, clock, identity, false)),
    async () => undefined,
  )
}

function partsOf(config: Config, kept: Kept, clock: Clock, identity: Identity, isListening: boolean): Parts {
  // In front of an application in this process the port is somebody else's: there is nowhere of ours to redirect to.
  const httpsPort = isListening ? config.listen.https?.port : undefined
  const geography = openGeography(config.security.perimeter)
  const rules = ruleEngine(config.security.perimeter, clock)
  const policy = openPolicy(config.security.authorization.policy)
  const { quarantine: quarantineConfig } = config.security.application.uploads
  const quarantine = openQuarantine(quarantineConfig, config.store.directory, () => clock.now())
  const { registry } = kept.secrets
  return {
    counters: kept.store.counters,
    clock,
    identity,
    apiKeys: kept.apiKeys,
    noteUse: kept.grants.noteUse.bind(kept.grants),
    rules,
    geography,
    visitors: kept.visitors.of(config.security.perimeter, geography),
    policy,
    authorities: kept.authorities,
    uploads: quarantine ? { quarantine: keepIn(quarantine) } : {},
    answers: { decode: decodeStream, ...(registry.size > 0 && { secrets: registry }) },
    forms: { formKey: formKeyOf(kept.keys), random: systemRandom, book: kept.csp },
    decode: decodeBody,
    openDocument,
    httpsPort,
  }
}

/** Gateways with the same keyring take each other's form tokens. A rotation of the cookie key ends pages that are open. */
function formKeyOf(keys: Keys): Secret {
  const key = createHmac('sha256', keys.current('cookie').material.reveal())
  return new Secret(key.update('ringwall form tokens').digest('base64url'))
}

/** Sign-in pages walk through all walls too. Passwords look like attacks, so the attack rules leave their forms alone. */
function pageRoutes(identity: Identity): SiteRoute[] {
  return identityPages(identity).map(({ name, path, methods, sign_in, upstream }) => ({
    config: {
      name,
      path,
      methods: [...methods],
      sign_in,
      inspect: 'off',
      content_types: FORM_TYPES,
      maintenance: false,
    },
    upstream,
  }))
}

/** The page to which browsers send reports, where pages ask for them. What is reported looks like attacks, and is from anybody. */
function reportRoutes({ security }: Config, { csp }: Kept): SiteRoute[] {
  const { csp_nonce: mode, csp_reports: reports } = security.application
  if (mode === 'off' || reports === 'off') return []
  return [
    {
      config: {
        name: 'csp reports',
        path: CSP_REPORT_PATH,
        methods: ['POST'],
        sign_in: 'off',
        inspect: 'off',
        cross_site: 'allow',
        content_types: ['application/csp-report', 'application/reports+json'],
        max_body: 65_536,
        rate_limit: { requests: 60, period: 'minute', by: 'address', cost: {}, mode: 'enforce' },
      },
      upstream: (exchange) => serveCspReport(csp, exchange, ownOrigin(exchange)),
    },
  ]
}

/** What the edge answers itself, to anybody. */
function edgeRoutes(config: Config): SiteRoute[] {
  const { security } = config
  const challenges = security.tls.acme && acmeChallenges(acmeFolder(config))
  return edgePages(security.edge, challenges).map(({ name, path, overHttp, upstream }) => ({
    config: {
      name,
      path,
      methods: ['GET'],
      sign_in: 'off',
      ...(overHttp && { require_https: 'never' as const }),
    },
    upstream,
  }))
}

/** The page to which answers of a challenge go, where there are challenges. */
function challengeRoutes({ visitors, clock }: Parts): SiteRoute[] {
  const challenge = visitors?.challenge
  if (!challenge) return []
  const upstream: Upstream = (exchange) => serveChallenge(challenge, exchange, clock.now())
  return [
    {
      config: {
        name: 'challenge',
        path: CHALLENGE_PATH,
        methods: ['GET', 'POST'],
        sign_in: 'off',
        inspect: 'off',
        content_types: FORM_TYPES,
      },
      upstream,
    },
  ]
}

const FORM_TYPES = ['application/x-www-form-urlencoded', 'application/json']

function inProcessUpstream(
  app: InProcess,
  pools: Map<string, UpstreamPool>,
  closers: (() => unknown)[],
): Upstream {
  if ('fetch' in app) return fetchUpstream(app.fetch, forwarding)
  const { connect, close } = connectInProcess(app.node)
  const opened = openUpstream({ ...IN_PROCESS, connect }, forwarding)
  pools.set('in this process', opened)
  closers.push(close)
  return opened.send
}

const IN_PROCESS = {
  origin: 'http://in-process.invalid',
  connectTimeoutMs: 1000,
  headTimeoutMs: 300_000,
  bodyTimeoutMs: 300_000,
  maxConnections: 1024,
  maxWaiting: 1024,
  resend: true,
} as const

/** One server is asked directly; several, or one with health checks, are a group. */
function openServers(name: string, upstream: UpstreamConfig, clock: Clock, kept: Kept): UpstreamPool {
  const { servers, balance, retries, health_check: check, circuit_breaker: breaker } = upstream
  const open = (origin: string): UpstreamPool => openPool(origin, upstream)
  const [only] = servers
  if (servers.length === 1 && only && !check) return open(only.url)
  return new UpstreamGroup(
    {
      name,
      servers: servers.map(({ url, weight, backup }) => ({ origin: url, weight, isBackup: backup })),
      balance,
      retries,
      breaker:
        breaker !== 'off' && servers.length > 1
          ? { failures: breaker.failures, openMs: breaker.open_for }
          : undefined,
      healthCheck: check && {
        path: check.path,
        intervalMs: check.interval,
        timeoutMs: check.timeout,
        healthy: check.healthy,
        unhealthy: check.unhealthy,
      },
    },
    open,
    clock,
    kept.notice,
  )
}

function openPool(origin: string, upstream: UpstreamConfig): UpstreamPool {
  return openUpstream(
    {
      origin,
      connectTimeoutMs: upstream.connect_timeout,
      headTimeoutMs: upstream.timeout,
      bodyTimeoutMs: upstream.idle_timeout,
      maxConnections: upstream.max_connections,
      maxWaiting: upstream.max_connections * 8,
      resend: upstream.servers.length === 1 || upstream.retries === 0,
    },
    forwarding,
  )
}

const noUpstream: Upstream = () =>
  Promise.reject(
    new StreamFault(
      'upstream.unreachable',
      'no upstream is configured; set `upstreams`, or start with its URL',
    ),
  )

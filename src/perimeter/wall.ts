import type { Clock } from '../core/clock.ts'
import type { Exchange } from '../core/exchange.ts'
import { clientNetwork, IpList } from '../core/ip.ts'
import type { RefusalCode } from '../core/refusals.ts'
import type { Reply } from '../core/reply.ts'
import { formatSize } from '../core/units.ts'
import { pass, refuse, type Verdict } from '../core/verdict.ts'
import type { Wall } from '../core/wall.ts'
import type { CounterResult, Counters } from '../store/index.ts'
import { bodyKind, bodyTargets } from './body-targets.ts'
import type { PerimeterConfig, PerimeterRouteConfig } from './config.ts'
import { type Geography, geoVerdict } from './geography.ts'
import type { Engine } from './engine/engine.ts'
import { headTargets } from './head-targets.ts'
import { type AttackClass, inspect, type Match, type Target } from './inspect.ts'
import { CHALLENGE_PATH } from './challenge-page.ts'
import { type DecodeBody, judgeByRules } from './rules-wall.ts'
import { visitorJudge, type Visitors } from './visitors-wall.ts'

const CODES: Readonly<Record<AttackClass, RefusalCode>> = {
  SQL_INJECTION: 'perimeter.sql-injection',
  XSS: 'perimeter.cross-site-scripting',
  PATH_TRAVERSAL: 'perimeter.path-traversal',
}

/** Layer 1: who may come at all, how often, and with what in hand. */
export function perimeterWall(
  config: PerimeterConfig,
  route: PerimeterRouteConfig,
  parts: {
    readonly counters: Counters
    readonly clock: Clock
    /** The rule sets, where some are configured. */
    readonly rules?: Engine | undefined
    readonly decode: DecodeBody
    /** Where addresses are, where blocking by country is on. */
    readonly geography?: Geography | undefined
    /** Lists, bots and challenges, where they are at hand. */
    readonly visitors?: Visitors | undefined
  },
): Wall {
  const allow = new IpList(config.allow)
  const deny = new IpList(config.deny)
  const allowing = new Set(config.lists.filter(({ action }) => action === 'allow').map(({ name }) => name))
  const { RATE_LIMIT: flood, GEO_BLOCK: geo } = config.rules
  const visitor = parts.visitors && visitorJudge(config, parts.visitors, parts.clock)
  const places = {
    allowCountries: new Set(geo.allowed_countries),
    blockCountries: new Set(geo.blocked_countries),
    blockAsns: new Set(geo.blocked_asns),
    unknown: geo.unknown,
  }
  const floodRule = { limit: flood.limit, periodMs: flood.window_seconds * 1000 }
  const mode = route.inspect ?? 'enforce'
  const ruleNames = Object.keys(CODES) as AttackClass[]
  const hasOwnRules = config.default_rules ?? config.core_rule_set.path === undefined
  const classes = new Set(
    mode === 'off' || !hasOwnRules ? [] : ruleNames.filter((name) => config.rules[name].enabled),
  )
  const rules =
    parts.rules && mode !== 'off' ? judgeByRules(parts.rules, config, route, parts.decode) : undefined

  const judgeAddress = (ip: string): Verdict => {
    const denied = deny.find(ip)
    if (denied !== undefined) return refuse('perimeter.address-denied', `${ip} is denied by ${denied}`)
    const listed = parts.visitors?.lists?.find(ip)
    if (listed) {
      if (allowing.has(listed.list)) return pass
      return refuse('perimeter.address-denied', `${ip} is on the list \`${listed.list}\` (${listed.network})`)
    }
    if (allow.size > 0 && allow.find(ip) === undefined)
      return refuse('perimeter.address-denied', `${ip} is not allowed`)
    if (!parts.geography) return pass
    const verdict = geoVerdict(places, parts.geography.find(ip))
    return verdict.kind === 'pass' ? pass : refuse('perimeter.country-denied', `${ip}: ${verdict.detail}`)
  }
  const countThenJudge = (exchange: Exchange, known: Verdict): Verdict | Promise<Verdict> => {
    if (known.kind !== 'pass') return known
    if (!flood.enabled) return judgeHead(exchange)
    // Who has passed a challenge, and who answers one, are counted apart: else nobody could come back from a flood.
    const isAnswer = exchange.target.ok && exchange.target.path === CHALLENGE_PATH
    const kind = isAnswer ? 'answer:' : visitor?.hasPass(exchange) === true ? 'pass:' : ''
    const key = `flood:${kind}${clientNetwork(exchange.client.ip)}`
    const result = parts.counters.take(key, 1, floodRule, parts.clock.now())
    return result instanceof Promise
      ? result.then((later) => judgeFlood(exchange, later))
      : judgeFlood(exchange, result)
  }
  const judgeFlood = (exchange: Exchange, result: CounterResult): Verdict => {
    if (!result.allowed) {
      const detail = `more than ${flood.limit} requests in ${flood.window_seconds} s`
      if (flood.action === 'BLOCK') {
        const instead = config.challenge.on_flood ? visitor?.challenge(exchange, 429) : undefined
        if (instead) return instead
        return refuse('perimeter.flood', detail, [
          'Retry-After',
          String(Math.ceil(result.retryAfterMs / 1000)),
        ])
      }
      exchange.trace.note(detail)
    }
    return judgeHead(exchange)
  }
  const judgeHead = (exchange: Exchange): Verdict => {
    const verdict = judgeTargets(exchange, headTargets(exchange.raw.target, exchange.headers))
    return verdict.kind === 'pass' && rules ? rules.head(exchange) : verdict
  }
  const judgeTargets = (exchange: Exchange, targets: Iterable<Target>): Verdict => {
    const match = classes.size > 0 ? inspect(targets, classes) : undefined
    if (!match) return pass
    const detail = describe(match)
    if (mode === 'enforce' && config.rules[match.attack].action === 'BLOCK')
      return refuse(CODES[match.attack], detail)
    exchange.trace.note(`would refuse: ${detail}`)
    return pass
  }

  return {
    layer: 1,
    name: 'perimeter',
    connection: (connection) => judgeAddress(connection.peer),
    head(exchange) {
      const verdict = judgeAddress(exchange.client.ip)
      if (verdict.kind !== 'pass') return verdict
      const isFriend = allowing.has(parts.visitors?.lists?.find(exchange.client.ip)?.list ?? '')
      const known = isFriend ? pass : (visitor?.judge(exchange) ?? pass)
      return known instanceof Promise
        ? known.then((later) => countThenJudge(exchange, later))
        : countThenJudge(exchange, known)
    },
    body: {
      wants(exchange) {
        const forRules = rules?.wantedBody(exchange) ?? 0
        if (classes.size === 0 || exchange.body.declaredBytes === 0) return forRules
        return bodyKind(exchange.headers.get('content-type')) === 'none' ? forRules : config.inspect_body
      },
      judge(exchange, body) {
        if (body.undecodable !== undefined) return refuse('perimeter.body-undecodable', body.undecodable)
        const contentType = exchange.headers.get('content-type')
        if (!body.complete) {
          const detail = `the first ${formatSize(body.bytes.length)} of the body are inspected`
          const isUpload = bodyKind(contentType) === 'multipart'
          if (config.on_excess === 'refuse' && !isUpload)
            return refuse('perimeter.body-too-large-to-inspect', detail)
          exchange.trace.note(`only ${detail}`)
        }
        const verdict = judgeTargets(exchange, bodyTargets(body.bytes, contentType))
        return verdict.kind === 'pass' && rules ? rules.body(exchange, body) : verdict
      },
    },
    ...(rules && { response: (exchange: Exchange, reply: Reply) => rules.response(exchange, reply) }),
  }
}

function describe(match: Match): string {
  return `${match.rule} in ${match.variable}: ${match.matched}`
}

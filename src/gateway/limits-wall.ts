import type { Clock } from '../core/clock.ts'
import type { Exchange } from '../core/exchange.ts'
import { clientNetwork } from '../core/ip.ts'
import { pass, refuse, type Verdict } from '../core/verdict.ts'
import type { BodyView, Wall } from '../core/wall.ts'
import type { CounterResult, CounterRule, Counters, Place } from '../store/index.ts'
import type { GatewayConfig, GatewayRouteConfig, RateLimitingConfig } from './config.ts'
import { addLimitFields, concurrencyFields, rateLimitFields } from './limit-fields.ts'
import { comparable, type KeyPart, limitKey, type LimitMoment, valueAt } from './limit-key.ts'
import { compileLimits, costOf, type NamedLimit } from './rate-limit.ts'

/** Reads a JSON body in one way only: undefined where two readers could read it differently. */
export type ReadJson = (bytes: Uint8Array) => { readonly value: unknown } | undefined

/** What limits need beside their configuration. */
export interface LimitParts {
  readonly counters: Counters
  readonly clock: Clock
  readonly readJson: ReadJson
}

type LimitConfigs = { readonly gateway: GatewayConfig; readonly rate_limiting: RateLimitingConfig }

/** Bytes of a body in which the field of a limit is looked for. */
const MAX_BODY_BYTES = 64 * 1024

/** Judges the limits of a route at one moment of the walk. */
export type JudgeLimits = (exchange: Exchange, body?: BodyView) => Verdict | Promise<Verdict>

/** Judges the limits of a route whose keys are known at a moment; undefined where there are none. */
export function limitsJudge(
  config: LimitConfigs,
  route: GatewayRouteConfig,
  parts: LimitParts,
  moment: LimitMoment,
): { readonly judge: JudgeLimits; readonly concerns: (exchange: Exchange) => boolean } | undefined {
  const find = compileLimits(config.rate_limiting, route, moment)
  if (!find) return undefined
  const onFailure = config.gateway.limits_without_redis
  const judge: JudgeLimits = (exchange, body) => {
    const { target, method } = exchange
    if (!target.ok) return pass
    const limits = find(target.path, method)
    const field = body && bodyFields(exchange, body, parts.readJson)
    const from = (start: number): Verdict | Promise<Verdict> => {
      for (let i = start; i < limits.length; i++) {
        const limit = limits[i] as NamedLimit
        const key = keyOf(exchange, limit, field)
        const cost = costOf(limit, route, target.path, method)
        const verdict = takeOne(exchange, parts, limit, key, cost, onFailure)
        if (verdict instanceof Promise)
          return verdict.then((later) => (later.kind === 'pass' ? from(i + 1) : later))
        if (verdict.kind !== 'pass') return verdict
      }
      return pass
    }
    return from(0)
  }
  const concerns = ({ target, method }: Exchange): boolean =>
    target.ok && find(target.path, method).length > 0
  return { judge, concerns }
}

/**
 * The gateway's second half, behind identity: limits by subject can only be counted when it is known who asks, and limits by
 * a field of the body when it is read. They hold before access, the application's wall and the application are asked.
 */
export function subjectLimitsWall(config: LimitConfigs, route: GatewayRouteConfig, parts: LimitParts): Wall {
  const bySubject = limitsJudge(config, route, parts, 'subject')
  const byBody = limitsJudge(config, route, parts, 'body')
  return {
    layer: 3,
    name: 'gateway',
    ...(bySubject && { head: (exchange: Exchange) => bySubject.judge(exchange) }),
    ...(byBody && {
      body: {
        wants: (exchange: Exchange) => (byBody.concerns(exchange) ? MAX_BODY_BYTES : 0),
        judge: (exchange: Exchange, body: BodyView) => byBody.judge(exchange, body),
      },
    }),
  }
}

/** One limit that is not of the configuration, such as an API key's own. */
export function takeRate(
  exchange: Exchange,
  { counters, clock }: Pick<LimitParts, 'counters' | 'clock'>,
  limit: { readonly name: string; readonly rule: CounterRule; readonly isShadow: boolean },
  key: string,
  cost: number,
): Verdict | Promise<Verdict> {
  const result = counters.take(key, cost, limit.rule, clock.now())
  return result instanceof Promise
    ? result.then((later) => judgeRate(exchange, limit, key, later))
    : judgeRate(exchange, limit, key, result)
}

function takeOne(
  exchange: Exchange,
  parts: LimitParts,
  limit: NamedLimit,
  key: string,
  cost: number,
  onFailure: CounterRule['onFailure'],
): Verdict | Promise<Verdict> {
  const { rule } = limit
  const rate = rule ? takeRate(exchange, parts, { ...limit, rule: { ...rule, onFailure } }, key, cost) : pass
  if (limit.concurrent === undefined) return rate
  return rate instanceof Promise
    ? rate.then((verdict) => (verdict.kind === 'pass' ? takePlace(exchange, parts, limit, key) : verdict))
    : rate.kind === 'pass'
      ? takePlace(exchange, parts, limit, key)
      : rate
}

function judgeRate(
  exchange: Exchange,
  limit: { readonly name: string; readonly rule: CounterRule; readonly isShadow: boolean },
  key: string,
  result: CounterResult,
): Verdict {
  const { name, rule, isShadow } = limit
  const detail = `limit \`${name}\`: ${rule.limit} in ${rule.periodMs / 1000} s, key \`${key}\``
  if (isShadow) {
    exchange.trace.note(
      result.allowed ? `limit ${name} (shadow), ${result.remaining} left` : `would refuse: ${detail}`,
    )
    return pass
  }
  addLimitFields(exchange.replyHeaders, rateLimitFields({ name, rule }, result))
  if (result.allowed) {
    exchange.trace.note(`limit ${name}, ${result.remaining} left`)
    return pass
  }
  // Zero would invite the client to come back at once.
  const seconds = Math.max(1, Math.ceil(result.retryAfterMs / 1000))
  return refuse('gateway.rate-limited', detail, ['Retry-After', String(seconds)])
}

function takePlace(
  exchange: Exchange,
  { counters }: LimitParts,
  limit: NamedLimit,
  key: string,
): Verdict | Promise<Verdict> {
  const most = limit.concurrent as number
  const place = counters.enter(key, most)
  return place instanceof Promise
    ? place.then((later) => judgePlace(exchange, limit, most, key, later))
    : judgePlace(exchange, limit, most, key, place)
}

function judgePlace(
  exchange: Exchange,
  { name, isShadow }: NamedLimit,
  most: number,
  key: string,
  place: Place | undefined,
): Verdict {
  // INVARIANT: whoever has a place gives it back when the exchange ends, however it ends.
  if (place) exchange.atEnd.push(() => place.leave())
  const detail = `limit \`${name}\`: ${most} at once, key \`${key}\``
  if (isShadow) {
    exchange.trace.note(place ? `limit ${name} (shadow), a place` : `would refuse: ${detail}`)
    return pass
  }
  addLimitFields(exchange.replyHeaders, concurrencyFields(name, most, place?.left ?? 0))
  return place ? pass : refuse('gateway.rate-limited', detail, ['Retry-After', '1'])
}

function keyOf(exchange: Exchange, limit: NamedLimit, field: FieldOf | undefined): string {
  const network = clientNetwork(exchange.client.ip)
  // What is not there is counted for each client network, so that leaving it out gains nothing.
  return limitKey(limit, (part) => valueOf(exchange, part, network, field) ?? { nobody: network })
}

function valueOf(
  { machine, subject, route, host, headers }: Exchange,
  part: KeyPart,
  network: string,
  field: FieldOf | undefined,
): string | undefined {
  if (part.kind === 'address') return network
  if (part.kind === 'route') return route.name
  if (part.kind === 'host') return host.ok ? host.name : '-'
  if (part.kind === 'subject') return subject?.id ?? machine?.subject.id
  if (part.kind === 'body') return field?.(part.path)
  if (part.kind === 'header') {
    const values = headers.all(part.name)
    return values.length > 0 ? values.join('\n') : undefined
  }
  return machine?.subject.id
}

type FieldOf = (path: readonly string[]) => string | undefined

/** Fields of a JSON body or of a form. A body that is cut, damaged, or readable in two ways has none. */
function bodyFields(exchange: Exchange, body: BodyView, readJson: ReadJson): FieldOf {
  if (!body.complete || body.undecodable !== undefined) return () => undefined
  const type = exchange.headers.get('content-type')?.split(';')[0]?.trim().toLowerCase() ?? ''
  if (type === 'application/json' || type.endsWith('+json')) {
    const read = readJson(body.bytes)
    return (path) => (read ? comparable(valueAt(read.value, path)) : undefined)
  }
  if (type !== 'application/x-www-form-urlencoded') return () => undefined
  const form = new URLSearchParams(new TextDecoder().decode(body.bytes))
  return (path) => {
    const values = form.getAll(path.join('.'))
    return values.length === 1 ? comparable(values[0]) : undefined
  }
}

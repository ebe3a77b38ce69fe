import type { Clock } from '../core/clock.ts'
import type { Exchange } from '../core/exchange.ts'
import { clientNetwork, IpList } from '../core/ip.ts'
import { pass, refuse, type Verdict } from '../core/verdict.ts'
import type { Wall } from '../core/wall.ts'
import type { CounterResult, Counters } from '../store/index.ts'
import type { PerimeterConfig, PerimeterRouteConfig } from './config.ts'

/** Layer 1: who may come at all, how often, and with what in hand. */
export function perimeterWall(
  config: PerimeterConfig,
  _route: PerimeterRouteConfig,
  parts: { readonly counters: Counters; readonly clock: Clock },
): Wall {
  const allow = new IpList(config.allow)
  const deny = new IpList(config.deny)
  const { RATE_LIMIT: flood } = config.rules
  const floodRule = { limit: flood.limit, periodMs: flood.window_seconds * 1000 }

  const judgeAddress = (ip: string): Verdict => {
    const denied = deny.find(ip)
    if (denied !== undefined) return refuse('perimeter.address-denied', `${ip} is denied by ${denied}`)
    if (allow.size > 0 && allow.find(ip) === undefined)
      return refuse('perimeter.address-denied', `${ip} is not allowed`)
    return pass
  }
  const judgeFlood = (exchange: Exchange, result: CounterResult): Verdict => {
    if (result.allowed) return pass
    const detail = `more than ${flood.limit} requests in ${flood.window_seconds} s`
    if (flood.action === 'COUNT') {
      exchange.trace.note(detail)
      return pass
    }
    return refuse('perimeter.flood', detail, ['Retry-After', String(Math.ceil(result.retryAfterMs / 1000))])
  }

  return {
    layer: 1,
    name: 'perimeter',
    connection: (connection) => judgeAddress(connection.peer),
    head(exchange) {
      const verdict = judgeAddress(exchange.client.ip)
      if (verdict.kind !== 'pass' || !flood.enabled) return verdict
      const key = `flood:${clientNetwork(exchange.client.ip)}`
      const result = parts.counters.take(key, 1, floodRule, parts.clock.now())
      return result instanceof Promise
        ? result.then((later) => judgeFlood(exchange, later))
        : judgeFlood(exchange, result)
    },
  }
}

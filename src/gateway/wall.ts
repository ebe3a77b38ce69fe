import type { Clock } from '../core/clock.ts'
import type { Exchange } from '../core/exchange.ts'
import { clientNetwork } from '../core/ip.ts'
import { formatSize } from '../core/units.ts'
import { pass, refuse, type Verdict } from '../core/verdict.ts'
import type { Wall } from '../core/wall.ts'
import type { CounterResult, Counters } from '../store/index.ts'
import type { GatewayConfig, GatewayRouteConfig, RateLimitingConfig } from './config.ts'
import { maintenanceJudge } from './maintenance.ts'
import { compileLimits, type NamedLimit, rateLimitFields } from './rate-limit.ts'

/** Layer 3: is there a route, may it be called so often, is the body of a size that it takes? */
export function gatewayWall(
  config: { readonly gateway: GatewayConfig; readonly rate_limiting: RateLimitingConfig },
  route: GatewayRouteConfig,
  parts: { readonly counters: Counters; readonly clock: Clock },
): Wall {
  const judgeMaintenance = maintenanceJudge(config.gateway.maintenance, route.maintenance)
  const limitFor = compileLimits(config.rate_limiting, route)
  const maxBody = route.max_body ?? config.gateway.max_body

  const judgeRate = (exchange: Exchange, limit: NamedLimit, result: CounterResult): Verdict => {
    const fields = rateLimitFields(limit, result)
    exchange.trace.note(`limit ${limit.name}, ${result.remaining} left`)
    if (!result.allowed) {
      const seconds = String(Math.ceil(result.retryAfterMs / 1000))
      const detail = `limit \`${limit.name}\`: ${limit.rule.limit} in ${limit.rule.periodMs / 1000} s`
      return refuse('gateway.rate-limited', detail, ['Retry-After', seconds, ...fields])
    }
    exchange.replyHeaders.push(...fields)
    return judgeSize(exchange)
  }

  const judgeSize = (exchange: Exchange): Verdict => {
    exchange.body.maxBytes = maxBody
    exchange.body.maxPauseMs = config.gateway.body_timeout
    const declared = exchange.body.declaredBytes
    if (declared === undefined || declared <= maxBody) return pass
    return refuse(
      'gateway.body-too-large',
      `${declared} bytes are declared, ${formatSize(maxBody)} are allowed`,
    )
  }

  return {
    layer: 3,
    name: 'gateway',
    head(exchange) {
      const { route: found } = exchange
      if (found.kind === 'no-route') return refuse('gateway.no-route', 'no route matches host and path')
      if (found.kind === 'method-not-allowed') {
        return refuse('gateway.method-not-allowed', `method ${exchange.method}`, [
          'Allow',
          found.allow.join(', '),
        ])
      }
      exchange.trace.note(`route ${found.name}`)
      const closed = judgeMaintenance?.(exchange.client.ip) ?? pass
      if (closed.kind !== 'pass') return closed
      const limit = exchange.target.ok ? limitFor(exchange.target.path, exchange.method) : undefined
      if (!limit) return judgeSize(exchange)
      const key = `${limit.name}:${clientNetwork(exchange.client.ip)}`
      const result = parts.counters.take(key, 1, limit.rule, parts.clock.now())
      return result instanceof Promise
        ? result.then((later) => judgeRate(exchange, limit, later))
        : judgeRate(exchange, limit, result)
    },
  }
}

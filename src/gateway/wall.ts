import type { Exchange } from '../core/exchange.ts'
import { formatSize } from '../core/units.ts'
import { pass, refuse, type Verdict } from '../core/verdict.ts'
import type { Wall } from '../core/wall.ts'
import type { GatewayConfig, GatewayRouteConfig, RateLimitingConfig } from './config.ts'
import { apiKeyJudge, type ApiKeyParts } from './api-key-wall.ts'
import { limitsJudge } from './limits-wall.ts'
import { maintenanceJudge } from './maintenance.ts'

/** Layer 3: is there a route, may it be called so often, is the body of a size that it takes? */
export function gatewayWall(
  config: { readonly gateway: GatewayConfig; readonly rate_limiting: RateLimitingConfig },
  route: GatewayRouteConfig,
  parts: ApiKeyParts,
): Wall {
  const judgeMaintenance = maintenanceJudge(config.gateway.maintenance, route.maintenance)
  const limits = limitsJudge(config, route, parts, 'head')
  const judgeKey = apiKeyJudge(route, parts)
  const keyLimits = limitsJudge(config, route, parts, 'key')
  const maxBody = route.max_body ?? config.gateway.max_body

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

  // Limits by address come before keys, so that guessing is counted; limits by key after them.
  const questions = [limits?.judge, judgeKey, keyLimits?.judge, judgeSize].filter((one) => one !== undefined)

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
      return inTurn(exchange, questions)
    },
  }
}

type Question = (exchange: Exchange) => Verdict | Promise<Verdict>

/** Asks one after the other until one does not pass; waits only where one has to. */
function inTurn(exchange: Exchange, questions: readonly Question[], from = 0): Verdict | Promise<Verdict> {
  for (let i = from; i < questions.length; i++) {
    const verdict = (questions[i] as Question)(exchange)
    if (verdict instanceof Promise)
      return verdict.then((later) => (later.kind === 'pass' ? inTurn(exchange, questions, i + 1) : later))
    if (verdict.kind !== 'pass') return verdict
  }
  return pass
}

import { pass } from '../core/verdict.ts'
import type { Wall } from '../core/wall.ts'
import type { DataRouteConfig } from './config.ts'
import { answerJudge, type AnswerParts } from './mask-wall.ts'

/**
 * Layer 6: tells the application which database role the route may use, so that a reading page runs with an account that
 * cannot write (the guide: least privilege in the database; by default GET and HEAD read and everything else writes), and masks
 * fields of what the application answers.
 */
export function dataWall(route: DataRouteConfig, parts: AnswerParts): Wall {
  const answers = route.mask && answerJudge(route.mask, parts)
  return {
    layer: 6,
    name: 'data',
    head(exchange) {
      const isReading = exchange.method === 'GET' || exchange.method === 'HEAD'
      const role = route.data_role ?? (isReading ? 'reader' : 'writer')
      exchange.upstreamHeaders.push('Ringwall-Data-Role', role)
      exchange.trace.note(`database role ${role}`)
      answers?.head(exchange)
      return pass
    },
    ...(answers && { response: answers.response }),
  }
}

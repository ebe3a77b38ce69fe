import type { RouteConfig } from './config/index.ts'
import { type Reply, textReply } from './core/reply.ts'
import type { Upstream } from './core/wall.ts'
import { prefixRewrite, redirectTarget } from './gateway/index.ts'

/** What answers a route by itself, without an application: a redirect or a fixed text. */
export function fixedAnswer(route: RouteConfig): Upstream | undefined {
  const { redirect, respond } = route
  if (redirect) {
    const targetOf = redirectTarget(route, redirect.to)
    const keepsQuery = !redirect.to.includes('?')
    return async ({ target, route: match }): Promise<Reply> => {
      const { path, rawQuery } = target.ok ? target : { path: '/', rawQuery: '' }
      const location = targetOf(match, path) + (keepsQuery ? rawQuery : '')
      return textReply(redirect.status, 'text/plain; charset=utf-8', '', ['Location', location])
    }
  }
  if (!respond) return undefined
  return async () => textReply(respond.status, respond.content_type, respond.body)
}

/** The same application, asked for the paths that it has: those of the route with another beginning. */
export function withRewrite(route: RouteConfig, upstream: Upstream): Upstream {
  if (!route.rewrite) return upstream
  const rewrite = prefixRewrite(route, route.rewrite)
  return async (exchange) => {
    const { target, host } = exchange
    if (!target.ok) throw new Error('a request without a canonical target reached the application')
    const reply = await upstream({ ...exchange, target: rewrite.target(target, exchange.route) })
    const port = host.ok && host.port !== undefined ? `:${host.port}` : ''
    rewrite.reply(reply.headers, host.ok ? host.name + port : '')
    return reply
  }
}

import { matchesHost } from '../core/host-pattern.ts'
import { isLoopback } from '../core/ip.ts'
import { redirectReply } from '../core/reply.ts'
import { answer, pass, refuse, type Verdict } from '../core/verdict.ts'
import type { Exchange } from '../core/exchange.ts'
import type { Wall } from '../core/wall.ts'
import type { EdgeConfig, EdgeRouteConfig, HeadersConfig } from './config.ts'
import { compileCookieFlags } from './cookies.ts'
import { doubtInMessage } from './message.ts'
import { compileSecurityHeaders } from './security-headers.ts'

/** What the edge needs beside its own sections: the public port of HTTPS, if it is listened on. */
export interface EdgeParts {
  readonly httpsPort: number | undefined
}

/** Layer 2: strict messages, known hosts, canonical paths, HTTPS; security headers and cookie flags on the way out. */
export function edgeWall(
  config: { readonly edge: EdgeConfig; readonly headers: HeadersConfig },
  route: EdgeRouteConfig,
  parts: EdgeParts,
): Wall {
  const setSecurityHeaders = compileSecurityHeaders(config.headers, route)
  const addCookieFlags = compileCookieFlags(config.edge.cookies)
  const { hosts, allow_get_body: allowGetBody, require_https: requireHttps } = config.edge

  const mustBeHttps = (exchange: Exchange): boolean => {
    if (exchange.client.scheme === 'https' || requireHttps === 'never') return false
    return requireHttps === 'always' || (parts.httpsPort !== undefined && !isLoopback(exchange.client.ip))
  }
  const toHttps = (exchange: Exchange, name: string, path: string): Verdict => {
    if (exchange.method !== 'GET' && exchange.method !== 'HEAD')
      return refuse('edge.https-required', 'came over plain HTTP')
    const port = parts.httpsPort === undefined || parts.httpsPort === 443 ? '' : `:${parts.httpsPort}`
    return answer(redirectReply(308, `https://${name}${port}${path}`))
  }

  return {
    layer: 2,
    name: 'edge',
    connection: () => pass,
    head(exchange) {
      const doubt = doubtInMessage(exchange.raw, allowGetBody, exchange.body.declaredBytes === undefined)
      if (doubt !== undefined) return refuse('edge.malformed-request', doubt)
      const { host, target } = exchange
      if (!host.ok) return refuse('edge.malformed-request', host.reason)
      if (hosts.length > 0 && !hosts.some((pattern) => matchesHost(host.name, pattern)))
        return refuse('edge.host-unknown', `host \`${host.name}\``)
      if (!target.ok) return refuse('edge.ambiguous-path', target.reason)
      if (mustBeHttps(exchange)) return toHttps(exchange, host.name, target.path + target.rawQuery)
      return pass
    },
    response(exchange, reply) {
      const isHttps = exchange.client.scheme === 'https'
      if (reply.headers.has('set-cookie'))
        reply.headers.rewrite('set-cookie', (cookie) => addCookieFlags(cookie, isHttps))
      setSecurityHeaders(reply.headers, isHttps, reply.origin === 'ringwall')
      reply.headers.set('Ringwall-Id', exchange.id)
      return reply
    },
  }
}

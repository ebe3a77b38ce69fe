import type { Clock } from '../core/clock.ts'
import type { Exchange } from '../core/exchange.ts'
import { HeaderList } from '../core/headers.ts'
import { matchesHost } from '../core/host-pattern.ts'
import { isLoopback } from '../core/ip.ts'
import { redirectReply } from '../core/reply.ts'
import { answer, pass, refuse, type Verdict } from '../core/verdict.ts'
import type { Wall } from '../core/wall.ts'
import type { ClientAuthorities } from './client-authority.ts'
import { judgeClientCertificate } from './client-certificate.ts'
import type { ClientCertificateRule, EdgeConfig, EdgeRouteConfig, HeadersConfig } from './config.ts'
import { compileCookieFlags, compileCookieNames } from './cookies.ts'
import { compileCors, type CorsPolicy, preflightMethod } from './cors.ts'
import { doubtInMessage } from './message.ts'
import { compileSecurityHeaders } from './security-headers.ts'

/** What the edge needs beside its own sections. */
export interface EdgeParts {
  /** The public port of HTTPS, if it is listened on. */
  readonly httpsPort: number | undefined
  readonly clock: Clock
  /** Who may sign certificates of clients. */
  readonly authorities: Pick<ClientAuthorities, 'find'>
}

/** Layer 2: strict messages, known hosts, canonical paths, HTTPS, client certificates, other origins; headers on the way out. */
export function edgeWall(
  config: { readonly edge: EdgeConfig; readonly headers: HeadersConfig },
  route: EdgeRouteConfig,
  parts: EdgeParts,
): Wall {
  const setSecurityHeaders = compileSecurityHeaders(config.headers, route)
  const addCookieFlags = compileCookieFlags(config.edge.cookies)
  const restoreCookieNames = compileCookieNames(config.edge.cookies)
  const cors = compileCors(route.cors ?? 'deny')
  const { hosts, allow_get_body: allowGetBody } = config.edge
  const requireHttps = route.require_https ?? config.edge.require_https
  const { client_certificate: asked } = route
  const certificateRule = asked === undefined || asked === 'off' ? undefined : asked

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
      if (certificateRule) {
        const verdict = judgeCertificate(exchange, certificateRule, parts)
        if (verdict.kind !== 'pass') return verdict
      }
      if (exchange.client.scheme === 'https') restoreCookieNames?.(exchange.headers)
      return judgePreflight(exchange, cors)
    },
    response(exchange, reply) {
      const isHttps = exchange.client.scheme === 'https'
      if (reply.headers.has('set-cookie'))
        reply.headers.rewrite('set-cookie', (cookie) => addCookieFlags(cookie, isHttps))
      setSecurityHeaders(reply.headers, isHttps, reply.origin === 'ringwall')
      if (!isAnsweredPreflight(exchange, reply.origin))
        cors.answer(reply.headers, exchange.headers.get('origin'))
      reply.headers.set('Ringwall-Id', exchange.id)
      return reply
    },
  }
}

/** Mutual TLS: what was shown in the handshake, judged for this route. */
function judgeCertificate(exchange: Exchange, rule: ClientCertificateRule, parts: EdgeParts): Verdict {
  const { tls } = exchange.connection
  if (!tls?.certificate) {
    if (rule.mode === 'optional') return pass
    // On a connection that was opened for another name nobody asked (RFC 9110 7.4): the client may come on a new one.
    return tls && tls.askedForCertificate !== true
      ? refuse('edge.misdirected', 'no certificate was asked for on this connection')
      : refuse('edge.certificate-required', 'no certificate was shown')
  }
  const authority = parts.authorities.find(rule.authority)
  if (!authority)
    return refuse('edge.certificate-refused', `the authority \`${rule.authority}\` is not in force`)
  const judgement = judgeClientCertificate(tls.certificate, authority, rule, parts.clock.now())
  if (!judgement.ok) return refuse('edge.certificate-refused', judgement.reason)
  const { certificate } = judgement
  exchange.certificate = certificate
  exchange.trace.note(`certificate ${certificate.subject} (${certificate.fingerprint.slice(0, 16)})`)
  exchange.upstreamHeaders.push(
    'Ringwall-Certificate-Subject',
    encodeURI(certificate.subject),
    'Ringwall-Certificate-Sha256',
    certificate.fingerprint,
  )
  return pass
}

/** A preflight is answered here, and never reaches the application unless the route says so. */
function judgePreflight(exchange: Exchange, cors: CorsPolicy): Verdict {
  const { headers } = exchange
  const method = preflightMethod(exchange.method, headers)
  if (method === undefined || !cors.judge || exchange.route.kind !== 'found') return pass
  const asked = headers.all('access-control-request-headers').join(',')
  const preflight = cors.judge(headers.get('origin') ?? '', method, asked)
  return preflight.kind === 'refused'
    ? refuse('edge.origin-refused', preflight.reason)
    : answer({ status: 204, headers: new HeaderList(preflight.fields), body: null, origin: 'ringwall' })
}

function isAnsweredPreflight(exchange: Exchange, madeBy: 'ringwall' | 'upstream'): boolean {
  return madeBy === 'ringwall' && preflightMethod(exchange.method, exchange.headers) !== undefined
}

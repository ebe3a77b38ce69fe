import { randomBytes } from 'node:crypto'

import { type RandomBytes, systemRandom } from '../core/clock.ts'
import { type Exchange, wantsHtml } from '../core/exchange.ts'
import { dropFieldsOfBytes, type Reply } from '../core/reply.ts'
import { Secret } from '../core/secret.ts'
import { pass, refuse, type Verdict } from '../core/verdict.ts'
import type { BodyView } from '../core/wall.ts'
import type { ApplicationConfig, ApplicationRouteConfig } from './config.ts'
import { nonceCsp, REPORT_GROUP } from './csp.ts'
import type { CspBook } from './csp-book.ts'
import { CSP_REPORT_PATH } from './pages.ts'
import { checkCustomHeader, checkFormToken, formCookie, mintFormToken, newCsrfToken } from './csrf.ts'
import { findFormToken, FORM_FIELD, isFormType } from './html-form.ts'
import { HtmlInjector, injectInto, type ScriptSource } from './html-injector.ts'

/** What the judge of pages needs beside its configuration. */
export interface HtmlParts {
  /** Signs form tokens; the same in every process of a house. */
  readonly formKey: Secret
  readonly random: RandomBytes
  /** Where what pages hold is counted. */
  readonly book?: CspBook
}

/** The judge of pages and of the forms that they send. */
export interface HtmlJudge {
  readonly head: (exchange: Exchange) => void
  readonly wants: (exchange: Exchange) => number
  readonly body: (exchange: Exchange, body: BodyView) => Verdict
  readonly response: (exchange: Exchange, reply: Reply) => Reply
}

/** The token is the first field of its form; only fields that the page puts before the form can come before it. */
const MAX_TOKEN_BYTES = 64 * 1024

/** One key of this process: tokens end with it. It outlives a reload of the configuration. */
export const processParts: HtmlParts = {
  formKey: new Secret(randomBytes(32).toString('base64url')),
  random: systemRandom,
}

/** Compiles the judge of a route. */
export function htmlJudge(
  config: ApplicationConfig,
  route: ApplicationRouteConfig,
  originOf: (exchange: Exchange) => string,
  parts: HtmlParts,
): HtmlJudge {
  const hasTokens = config.csrf.tokens === 'on' && route.cross_site !== 'allow'
  const mode = config.csp_nonce
  const allowedOrigins = new Set(config.allowed_origins)
  const isIdle = config.csrf.tokens === 'off' && mode === 'off'
  // Sources of our own origin are paths in the configuration.
  const known = new Set(config.csp_known)
  const book = config.csp_reports === 'on' ? parts.book : undefined
  const knows = (own: string, source: ScriptSource): boolean => {
    book?.see(own, source)
    const path = source.source.startsWith(`${own}/`) ? source.source.slice(own.length) : undefined
    return known.has(source.source) || (path !== undefined && known.has(path))
  }

  const needsToken = (exchange: Exchange): boolean => {
    const { headers, method, body } = exchange
    if (!hasTokens || method !== 'POST' || body.declaredBytes === 0) return false
    if (!isFormType(headers.get('content-type'))) return false
    const origin = headers.get('origin')
    if (origin !== undefined && allowedOrigins.has(origin)) return false
    const site = headers.get('sec-fetch-site')
    if (!headers.has('cookie') && origin === undefined && site === undefined) return false
    // A script of our own origin could read the token; browsers say that it is one, and no page can make them lie.
    const mode = headers.get('sec-fetch-mode')
    if (site === 'same-origin' && mode !== undefined && mode !== 'navigate') return false
    return !checkCustomHeader(method, headers.get('x-requested-with')).ok
  }

  return {
    head(exchange) {
      if (isIdle || !wantsHtml(exchange)) return
      const { headers } = exchange
      // A page that is packed cannot be read as it streams; one that the browser kept has the token of another day.
      headers.set('Accept-Encoding', 'identity')
      for (const name of ['if-none-match', 'if-modified-since', 'if-range', 'range']) headers.delete(name)
    },
    wants: (exchange) => (needsToken(exchange) ? MAX_TOKEN_BYTES : 0),
    body(exchange, { bytes }) {
      if (!needsToken(exchange)) return pass
      const check = checkFormToken(findFormToken(exchange.headers.get('content-type'), bytes), {
        key: parts.formKey,
        sessionRef: exchange.subject?.sessionRef ?? '',
        cookie: formCookie(exchange.client.scheme === 'https').read(exchange.headers.all('cookie')),
      })
      return check.ok ? pass : refuse('application.csrf-token', `the token of the form is ${check.reason}`)
    },
    response(exchange, reply) {
      if (isIdle || !isPlainPage(reply) || !exchange.target.ok) return reply
      const isHttps = exchange.client.scheme === 'https'
      const own = originOf(exchange)
      // Pages of Ringwall itself have a stricter policy of their own.
      const nonce =
        mode !== 'off' && reply.origin === 'upstream' && !hasOwnNonce(reply)
          ? Buffer.from(parts.random(18)).toString('base64')
          : undefined
      const injector = new HtmlInjector({
        pageUrl: own + exchange.target.path + exchange.target.rawQuery,
        ...(nonce === undefined ? {} : { nonce: { value: nonce, knows: (source) => knows(own, source) } }),
        ...(hasTokens ? { token: { field: FORM_FIELD, value: tokenFor(exchange, reply, isHttps) } } : {}),
      })
      if (nonce !== undefined) {
        const name = mode === 'on' ? 'Content-Security-Policy' : 'Content-Security-Policy-Report-Only'
        const reportTo = book && CSP_REPORT_PATH
        reply.headers.append(
          name,
          nonceCsp({
            nonce,
            sources: config.csp_sources,
            ...(reportTo !== undefined && { reportTo, hasEndpoint: isHttps }),
          }),
        )
        if (reportTo !== undefined && isHttps)
          reply.headers.append('Reporting-Endpoints', `${REPORT_GROUP}="${reportTo}"`)
      }
      dropFieldsOfBytes(reply)
      if (reply.body instanceof Uint8Array) {
        reply.body = Buffer.concat([...injector.write(reply.body), ...injector.end()])
        reply.headers.set('Content-Length', String(reply.body.length))
      } else if (reply.body !== null) reply.body = injectInto(reply.body, injector)
      return reply
    },
  }

  function tokenFor(exchange: Exchange, reply: Reply, isHttps: boolean): string {
    const cookies = formCookie(isHttps)
    let cookie = cookies.read(exchange.headers.all('cookie'))
    if (cookie === undefined) {
      cookie = newCsrfToken(parts.random)
      reply.headers.append('Set-Cookie', cookies.set(cookie))
    }
    const binding = { key: parts.formKey, sessionRef: exchange.subject?.sessionRef ?? '', cookie }
    return mintFormToken(binding, parts.random)
  }
}

/** Encodings in which `<` is always the byte 3C: the others are passed on unread. */
const BYTEWISE = /charset\s*=\s*["']?(?!utf-8|us-ascii|iso-8859-|windows-125)[^\s"';]/i

/** A whole page of HTML that can be read: not packed, not a download, not a part. */
function isPlainPage({ headers, body, status, code }: Reply): boolean {
  const type = headers.get('content-type') ?? ''
  const coding = headers.all('content-encoding').join(',').trim().toLowerCase()
  return (
    body !== null &&
    code === undefined &&
    status !== 206 &&
    /^\s*text\/html\s*(;|$)/i.test(type) &&
    !BYTEWISE.test(type) &&
    (coding === '' || coding === 'identity') &&
    !/^\s*attachment/i.test(headers.get('content-disposition') ?? '')
  )
}

function hasOwnNonce({ headers }: Reply): boolean {
  return headers.all('content-security-policy').some((policy) => policy.includes("'nonce-"))
}

import type { Exchange } from '../../core/exchange.ts'
import { wantsHtml } from '../../core/exchange.ts'
import type { RefusalCode } from '../../core/refusals.ts'
import { refusalReply, type Reply, textReply } from '../../core/reply.ts'
import { refuse } from '../../core/verdict.ts'
import { sessionCookie } from '../cookie.ts'
import type { Look } from '../html.ts'
import type { Identity } from '../identity.ts'
import type { Violation } from '../password-policy.ts'
import { chooseLanguage, fill, wordsIn } from '../words.ts'

const MAX_FORM_BYTES = 16 * 1024

/** How the pages look for whoever asks. */
export function lookOf(exchange: Exchange): Look {
  const language = chooseLanguage(exchange.headers.get('accept-language'))
  return { language, words: wordsIn(language) }
}

/** A refusal on the form itself for people, as problem+json for programs. */
export function failed(
  exchange: Exchange,
  code: RefusalCode,
  form: (message: string) => string,
  headers: readonly string[] = [],
  extra: Readonly<Record<string, unknown>> = {},
): Reply {
  const problem = refusalReply(refuse(code, '', headers), exchange.id, false)
  const facts = JSON.parse(new TextDecoder().decode(problem.body as Uint8Array)) as { title: string }
  if (wantsHtml(exchange)) {
    const translated: Readonly<Record<string, string>> = lookOf(exchange).words.refusals
    return { ...html(problem.status, form(translated[code] ?? facts.title), headers), code }
  }
  return {
    ...textReply(problem.status, 'application/problem+json', JSON.stringify({ ...facts, ...extra }), headers),
    code,
  }
}

/** The fields of a form, or of a JSON object, of at most 16 KB. What is neither has no fields. */
export async function readForm(exchange: Exchange): Promise<ReadonlyMap<string, string>> {
  const { bytes, complete } = await exchange.body.tap(MAX_FORM_BYTES)
  if (!complete) return new Map()
  const text = new TextDecoder().decode(bytes)
  if (exchange.headers.get('content-type')?.startsWith('application/json') !== true)
    return new Map(new URLSearchParams(text))
  try {
    const fields: unknown = JSON.parse(text)
    const pairs = typeof fields === 'object' && fields !== null ? Object.entries(fields) : []
    return new Map(pairs.filter((pair): pair is [string, string] => typeof pair[1] === 'string'))
  } catch {
    return new Map()
  }
}

/** What a password misses, in the language of the page. */
export function violationTexts(look: Look, violations: readonly Violation[]): readonly string[] {
  return violations.map(({ rule, limit }) => fill(look.words.violations[rule], { limit }))
}

/** Parameters of the query. */
export function queryOf(exchange: Exchange): URLSearchParams {
  return new URLSearchParams(exchange.target.ok ? exchange.target.rawQuery : '')
}

/** Gives the session's cookie to the client. */
export function setSession(identity: Identity, exchange: Exchange, token: string): void {
  exchange.replyHeaders.push('Set-Cookie', cookieOf(identity, exchange).set(token))
}

/** The cookie of the realm, for the scheme of this exchange. */
export function cookieOf(identity: Identity, exchange: Exchange): ReturnType<typeof sessionCookie> {
  return sessionCookie(identity.realm, exchange.client.scheme === 'https', identity.config.session.same_site)
}

/** The cookie of a sign-in that waits for its second factor. */
export function pendingCookieOf(identity: Identity, exchange: Exchange): ReturnType<typeof sessionCookie> {
  const { same_site: sameSite } = identity.config.session
  return sessionCookie(identity.realm, exchange.client.scheme === 'https', sameSite, 'pending')
}

/** The cookie of a device where the second factor is not asked for. */
export function rememberedCookieOf(identity: Identity, exchange: Exchange): ReturnType<typeof sessionCookie> {
  const { same_site: sameSite } = identity.config.session
  return sessionCookie(identity.realm, exchange.client.scheme === 'https', sameSite, 'remembered')
}

/** From where somebody signs in. */
export function originOf(exchange: Exchange): { readonly ip: string; readonly userAgent: string } {
  return { ip: exchange.client.ip, userAgent: exchange.headers.get('user-agent') ?? '' }
}

/** A page. */
export function html(status: number, text: string, headers: readonly string[] = []): Reply {
  return textReply(status, 'text/html; charset=utf-8', text, headers)
}

/** An answer to a program. */
export function json(status: number, value: unknown): Reply {
  return textReply(status, 'application/json', JSON.stringify(value))
}

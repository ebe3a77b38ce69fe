import { readCookie } from '../../core/cookies.ts'
import type { Exchange } from '../../core/exchange.ts'
import { wantsHtml } from '../../core/exchange.ts'
import type { RefusalCode } from '../../core/refusals.ts'
import { redirectReply, refusalReply, type Reply, textReply } from '../../core/reply.ts'
import { refuse } from '../../core/verdict.ts'
import { deviceCookie, sessionCookie } from '../cookie.ts'
import type { Origin } from '../origin.ts'
import { alerts, escapeHtml, type Look, page } from '../html.ts'
import type { Identity } from '../identity.ts'
import { messageOf, type Violation } from '../password-policy.ts'
import { chooseLanguage, fill, wordsIn } from '../words.ts'

const MAX_FORM_BYTES = 16 * 1024

/** How the pages look for whoever asks. */
export function lookOf({ config }: Identity, exchange: Exchange): Look {
  const { name, logo, language: otherwise } = config.pages
  const language = chooseLanguage(exchange.headers.get('accept-language'), otherwise)
  return { language, words: wordsIn(language), site: name, logo }
}

/** A refusal on the form itself for people, as problem+json for programs. */
export function failed(
  look: Look,
  exchange: Exchange,
  code: RefusalCode,
  form: (message: string) => string,
  headers: readonly string[] = [],
  extra: Readonly<Record<string, unknown>> = {},
): Reply {
  const problem = refusalReply(refuse(code, '', headers), exchange.id, false)
  const facts = JSON.parse(new TextDecoder().decode(problem.body as Uint8Array)) as { title: string }
  if (wantsHtml(exchange)) {
    const translated: Readonly<Record<string, string>> = look.words.refusals
    return { ...html(problem.status, form(translated[code] ?? facts.title), headers), code }
  }
  return {
    ...textReply(problem.status, 'application/problem+json', JSON.stringify({ ...facts, ...extra }), headers),
    code,
  }
}

/** The answer where the queue of the hashing thread is full. */
export function busy(look: Look, exchange: Exchange, form: (message: string) => string): Reply {
  return failed(look, exchange, 'identity.busy', form, ['Retry-After', '2'])
}

/** The answer where a password does not meet the policy. */
export function unacceptable(
  look: Look,
  exchange: Exchange,
  violations: readonly Violation[],
  form: (messages: readonly string[]) => string,
): Reply {
  const texts = violations.map(({ rule, limit }) => fill(look.words.violations[rule], { limit }))
  return failed(look, exchange, 'identity.password-unacceptable', () => form(texts), [], {
    violations: violations.map(messageOf),
  })
}

/** The answer where a link of a mail opens nothing any more. */
export function linkGone(
  look: Look,
  exchange: Exchange,
  title: string,
  message: string,
  again?: string,
): Reply {
  const back = again === undefined ? '' : `<p><a href="${again}">${escapeHtml(title)}</a></p>`
  return failed(look, exchange, 'identity.link-gone', () => page(look, title, alerts([message]) + back))
}

/** The answer where somebody acts as another and may not do this. */
export function notWhileActing(exchange: Exchange): Reply {
  return refusalReply(refuse('identity.impersonated', ''), exchange.id, wantsHtml(exchange))
}

/** The answer to something that was done: on to a page that says so, or the fact for programs. */
export function done(
  exchange: Exchange,
  to: string,
  word: string,
  facts: Readonly<Record<string, unknown>> = {},
): Reply {
  return wantsHtml(exchange)
    ? redirectReply(303, `${to}?done=${word}`)
    : json(200, { [word]: true, ...facts })
}

/** Writes to the audit log. */
export function record(
  identity: Identity,
  exchange: Exchange,
  kind: string,
  outcome: 'success' | 'failure',
  subject: string | undefined,
  data: Readonly<Record<string, string | number>> = {},
): void {
  const by = exchange.subject?.impersonator
  exchange.events.push({
    kind,
    outcome,
    ...(subject !== undefined && { subject }),
    data: { realm: identity.realm, ...data, ...(by && { impersonator: by.id }) },
  })
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

/** Parameters of the query. */
export function queryOf(exchange: Exchange): URLSearchParams {
  return new URLSearchParams(exchange.target.ok ? exchange.target.rawQuery : '')
}

/** Gives the session's cookie to the client. */
export function setSession(identity: Identity, exchange: Exchange, token: string): void {
  exchange.replyHeaders.push('Set-Cookie', cookieOf(identity, exchange).set(token))
}

/** Gives the device's cookie to the client. */
export function setDevice(identity: Identity, exchange: Exchange, token: string): void {
  const cookie = deviceCookie(identity.realm, exchange.client.scheme === 'https')
  exchange.replyHeaders.push('Set-Cookie', cookie.set(token))
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
export function originOf(identity: Identity, exchange: Exchange): Origin {
  const cookie = deviceCookie(identity.realm, exchange.client.scheme === 'https')
  const cookies = exchange.headers.all('cookie')
  const deviceToken = readCookie(cookies, cookie.name)
  const rawRemembered = readCookie(cookies, rememberedCookieOf(identity, exchange).name)
  return {
    ip: exchange.client.ip,
    userAgent: exchange.headers.get('user-agent') ?? '',
    language: lookOf(identity, exchange).language,
    ...(deviceToken !== undefined && { deviceToken }),
    ...(rawRemembered !== undefined && { rawRemembered }),
  }
}

/** A page. */
export function html(status: number, text: string, headers: readonly string[] = []): Reply {
  return textReply(status, 'text/html; charset=utf-8', text, [...headers, 'Cache-Control', 'no-store'])
}

/** An answer to a program. */
export function json(status: number, value: unknown): Reply {
  return textReply(status, 'application/json', JSON.stringify(value))
}

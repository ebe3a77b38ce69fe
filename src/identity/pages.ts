import { readCookie } from '../core/cookies.ts'
import { type Exchange, wantsHtml } from '../core/exchange.ts'
import { isLoopback } from '../core/ip.ts'
import { redirectReply, refusalReply, type Reply, textReply } from '../core/reply.ts'
import type { RefusalCode } from '../core/refusals.ts'
import { refuse } from '../core/verdict.ts'
import type { Upstream } from '../core/wall.ts'
import { safeReturnPath, sessionCookie } from './cookie.ts'
import { escapeHtml, page, PAGES, passwordForm, signInForm, signOutForm, STYLE } from './html.ts'
import type { Identity, SignIn } from './identity.ts'

/** A page of ours: a route like any other, behind the same walls. */
export interface IdentityPage {
  readonly name: string
  readonly path: string
  readonly methods: readonly string[]
  readonly sign_in: 'required' | 'optional'
  readonly upstream: Upstream
}

const MAX_FORM_BYTES = 16 * 1024

/** The sign-in pages of a realm, and the public keys of assertions. */
export function identityPages(identity: Identity): readonly IdentityPage[] {
  const open = (
    name: string,
    path: string,
    methods: readonly string[],
    upstream: Upstream,
  ): IdentityPage => ({
    name: `ringwall ${name}`,
    path,
    methods,
    sign_in: 'optional',
    upstream,
  })
  return [
    open('sign-in', PAGES.signIn, ['GET', 'POST'], (exchange) => signIn(identity, exchange)),
    open('sign-out', PAGES.signOut, ['GET', 'POST'], (exchange) => signOut(identity, exchange)),
    {
      ...open('password', PAGES.password, ['GET', 'POST'], (exchange) => password(identity, exchange)),
      sign_in: 'required',
    },
    {
      ...open('account', PAGES.account, ['GET'], async (exchange) => account(exchange)),
      sign_in: 'required',
    },
    open('keys', PAGES.jwks, ['GET'], async () => {
      return textReply(200, 'application/jwk-set+json', JSON.stringify(await identity.assertions.jwks()))
    }),
    open('style', PAGES.style, ['GET'], async () => textReply(200, 'text/css; charset=utf-8', STYLE)),
  ]
}

async function signIn(identity: Identity, exchange: Exchange): Promise<Reply> {
  const asked = new URLSearchParams(exchange.target.ok ? exchange.target.rawQuery : '')
  if (exchange.method !== 'POST') {
    const to = safeReturnPath(asked.get('to'))
    if (exchange.subject && !exchange.subject.mustChangePassword) return redirectReply(303, to)
    return html(200, signInForm(to, '', []))
  }
  if (
    exchange.client.scheme === 'http' &&
    identity.config.session.secure_cookie &&
    !isLoopback(exchange.client.ip)
  ) {
    return refusalReply(
      refuse('edge.https-required', 'sign-in over plain HTTP'),
      exchange.id,
      wantsHtml(exchange),
    )
  }
  const form = await readForm(exchange)
  const email = form.get('email') ?? ''
  const to = safeReturnPath(form.get('to'))
  const result = await identity.signIn(email, form.get('password') ?? '', originOf(exchange))
  recordSignIn(exchange, identity, email, result)
  if (!result.ok) {
    const code = result.reason === 'busy' ? 'identity.busy' : 'identity.credentials-wrong'
    const headers = result.reason === 'busy' ? ['Retry-After', '2'] : []
    const again = (message: string): string => signInForm(to, email, [message])
    return failed(exchange, code, again, headers)
  }
  setSession(identity, exchange, result.token)
  const next = result.mustChangePassword ? PAGES.password : to
  return wantsHtml(exchange) ? redirectReply(303, next) : json(200, { signed_in: result.account.email, next })
}

function recordSignIn(exchange: Exchange, identity: Identity, rawEmail: string, result: SignIn): void {
  const { account } = result
  const data = {
    realm: identity.realm,
    ...(!result.ok && { reason: result.reason }),
    email: rawEmail.slice(0, 320),
  }
  exchange.events.push({
    kind: result.ok ? 'identity.signed-in' : 'identity.sign-in-failed',
    outcome: result.ok ? 'success' : 'failure',
    ...(account && { subject: account.id }),
    data,
  })
}

async function signOut(identity: Identity, exchange: Exchange): Promise<Reply> {
  if (exchange.method !== 'POST') return html(200, signOutForm())
  const cookie = cookieOf(identity, exchange)
  const token = readCookie(exchange.headers.all('cookie'), cookie.name)
  if (token !== undefined) await identity.sessions.end(token)
  if (exchange.subject) {
    exchange.events.push({ kind: 'identity.signed-out', outcome: 'success', subject: exchange.subject.id })
  }
  exchange.replyHeaders.push('Set-Cookie', cookie.clear())
  return wantsHtml(exchange) ? redirectReply(303, PAGES.signIn) : json(200, { signed_out: true })
}

async function password(identity: Identity, exchange: Exchange): Promise<Reply> {
  const { subject } = exchange
  if (!subject) return refusalReply(refuse('identity.sign-in-required', ''), exchange.id, wantsHtml(exchange))
  const form = (messages: readonly string[]): string => passwordForm(subject.mustChangePassword, messages)
  if (exchange.method !== 'POST') return html(200, form([]))
  const fields = await readForm(exchange)
  const from = originOf(exchange)
  const change = await identity.changePassword(
    subject,
    fields.get('current') ?? '',
    fields.get('next') ?? '',
    from,
  )
  exchange.events.push({
    kind: 'identity.password-changed',
    outcome: change.ok ? 'success' : 'failure',
    subject: subject.id,
    data: { realm: identity.realm, ...(!change.ok && { reason: change.reason }) },
  })
  if (change.ok) {
    setSession(identity, exchange, change.token)
    return wantsHtml(exchange) ? redirectReply(303, PAGES.account) : json(200, { changed: true })
  }
  if (change.reason === 'unacceptable') {
    const { violations } = change
    return failed(exchange, 'identity.password-unacceptable', () => form(violations), [], { violations })
  }
  if (change.reason === 'busy')
    return failed(exchange, 'identity.busy', (message) => form([message]), ['Retry-After', '2'])
  return failed(exchange, 'identity.credentials-wrong', () => form(['The current password is wrong']))
}

function account(exchange: Exchange): Reply {
  const { subject } = exchange
  if (!subject) throw new Error('a route that requires sign-in was reached without a subject')
  const facts = { email: subject.email, name: subject.name, roles: subject.roles.join(', ') || 'none' }
  if (!wantsHtml(exchange)) return json(200, { id: subject.id, ...facts, roles: subject.roles })
  const rows = Object.entries(facts).map(([name, value]) => `<dt>${name}</dt><dd>${escapeHtml(value)}</dd>`)
  return html(
    200,
    page(
      'Your account',
      `<dl>${rows.join('')}</dl>
<p><a href="${PAGES.password}">Change password</a></p>
<form method="post" action="${PAGES.signOut}"><button>Sign out</button></form>`,
    ),
  )
}

/** A refusal on the form itself for people, as problem+json for programs. */
function failed(
  exchange: Exchange,
  code: RefusalCode,
  form: (message: string) => string,
  headers: readonly string[] = [],
  extra: Readonly<Record<string, unknown>> = {},
): Reply {
  const problem = refusalReply(refuse(code, '', headers), exchange.id, false)
  const facts = JSON.parse(new TextDecoder().decode(problem.body as Uint8Array)) as { title: string }
  if (wantsHtml(exchange)) return { ...html(problem.status, form(facts.title), headers), code }
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

function setSession(identity: Identity, exchange: Exchange, token: string): void {
  exchange.replyHeaders.push('Set-Cookie', cookieOf(identity, exchange).set(token))
}

function cookieOf(identity: Identity, exchange: Exchange): ReturnType<typeof sessionCookie> {
  return sessionCookie(identity.realm, exchange.client.scheme === 'https', identity.config.session.same_site)
}

function originOf(exchange: Exchange): { readonly ip: string; readonly userAgent: string } {
  return { ip: exchange.client.ip, userAgent: exchange.headers.get('user-agent') ?? '' }
}

function html(status: number, text: string, headers: readonly string[] = []): Reply {
  return textReply(status, 'text/html; charset=utf-8', text, headers)
}

function json(status: number, value: unknown): Reply {
  return textReply(status, 'application/json', JSON.stringify(value))
}

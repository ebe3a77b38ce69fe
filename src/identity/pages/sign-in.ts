import { type Exchange, wantsHtml } from '../../core/exchange.ts'
import { isLoopback } from '../../core/ip.ts'
import { redirectReply, refusalReply, type Reply } from '../../core/reply.ts'
import { refuse } from '../../core/verdict.ts'
import { safeReturnPath } from '../cookie.ts'
import { alerts, escapeHtml, type Look, page, PAGES } from '../html.ts'
import type { Identity, SignIn } from '../identity.ts'
import {
  failed,
  html,
  json,
  lookOf,
  originOf,
  pendingCookieOf,
  queryOf,
  readForm,
  setSession,
} from './form.ts'

/** The form to sign in, and what it sends. */
export async function signInPage(identity: Identity, exchange: Exchange): Promise<Reply> {
  const look = lookOf(exchange)
  if (exchange.method !== 'POST') {
    const to = safeReturnPath(queryOf(exchange).get('to'))
    if (exchange.subject && !exchange.subject.mustChangePassword) return redirectReply(303, to)
    return html(200, signInForm(look, to, '', []))
  }
  if (isPlain(identity, exchange)) {
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
  if (result.ok) return signedIn(identity, exchange, result, to)
  // The password was right: the page of the second factor goes on with what was begun.
  if (result.reason === 'needs-factor') return needsFactor(identity, exchange, result, to)
  const code = result.reason === 'busy' ? 'identity.busy' : 'identity.credentials-wrong'
  const headers = result.reason === 'busy' ? ['Retry-After', '2'] : []
  return failed(exchange, code, (message) => signInForm(look, to, email, [message]), headers)
}

/** The answer to a complete sign-in: the cookie, and on to where somebody wanted to go. */
export function signedIn(
  identity: Identity,
  exchange: Exchange,
  result: Extract<SignIn, { ok: true }>,
  to: string,
): Reply {
  setSession(identity, exchange, result.token)
  const next = result.mustChangePassword ? PAGES.password : to
  return wantsHtml(exchange) ? redirectReply(303, next) : json(200, { signed_in: result.account.email, next })
}

/** The answer when the password was right and a second factor is asked: a short-lived cookie, and on to its page. */
function needsFactor(
  identity: Identity,
  exchange: Exchange,
  result: Extract<SignIn, { reason: 'needs-factor' }>,
  to: string,
): Reply {
  const { token, path } = result.pending
  exchange.replyHeaders.push('Set-Cookie', pendingCookieOf(identity, exchange).set(token))
  const next = `${path}?to=${encodeURIComponent(to)}`
  return wantsHtml(exchange) ? redirectReply(303, next) : json(200, { needs_factor: true, next })
}

/** Whether a password would come over a line that anybody can read. */
export function isPlain(identity: Identity, exchange: Exchange): boolean {
  return (
    exchange.client.scheme === 'http' &&
    identity.config.session.secure_cookie &&
    !isLoopback(exchange.client.ip)
  )
}

/** Writes to the audit log how a sign-in ended. */
export function recordSignIn(exchange: Exchange, identity: Identity, rawEmail: string, result: SignIn): void {
  const { account } = result
  const data = {
    realm: identity.realm,
    ...(!result.ok && { reason: result.reason }),
    email: rawEmail.slice(0, 320),
  }
  const needsMore = !result.ok && result.reason === 'needs-factor'
  exchange.events.push({
    kind: result.ok
      ? 'identity.signed-in'
      : needsMore
        ? 'identity.password-right'
        : 'identity.sign-in-failed',
    outcome: result.ok || needsMore ? 'success' : 'failure',
    ...(account && { subject: account.id }),
    data,
  })
}

function signInForm(look: Look, to: string, email: string, messages: readonly string[]): string {
  const { form, signIn } = look.words
  return page(
    look,
    signIn.title,
    `${alerts(messages)}
<form method="post" action="${PAGES.signIn}">
<input type="hidden" name="to" value="${escapeHtml(to)}">
<label for="email">${escapeHtml(form.email)}</label>
<input id="email" name="email" type="email" autocomplete="username" required maxlength="320" value="${escapeHtml(email)}"${email === '' ? ' autofocus' : ''}>
<label for="password">${escapeHtml(form.password)}</label>
<input id="password" name="password" type="password" autocomplete="current-password" required maxlength="1024"${email === '' ? '' : ' autofocus'}>
<button>${escapeHtml(signIn.submit)}</button>
</form>`,
  )
}

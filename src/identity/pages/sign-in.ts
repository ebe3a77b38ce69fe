import { type Exchange, wantsHtml } from '../../core/exchange.ts'
import { isLoopback } from '../../core/ip.ts'
import { redirectReply, refusalReply, type Reply } from '../../core/reply.ts'
import { refuse } from '../../core/verdict.ts'
import { safeReturnPath } from '../cookie.ts'
import {
  alerts,
  CURRENT_PASSWORD,
  EMAIL,
  escapeHtml,
  field,
  form,
  hidden,
  type Look,
  notice,
  page,
  PAGES,
} from '../html.ts'
import type { Identity, SignIn } from '../identity.ts'
import {
  busy,
  failed,
  html,
  json,
  lookOf,
  originOf,
  pendingCookieOf,
  queryOf,
  readForm,
  setDevice,
  setSession,
} from './form.ts'

/** The form to sign in, and what it sends. */
export async function signInPage(identity: Identity, exchange: Exchange): Promise<Reply> {
  const look = lookOf(identity, exchange)
  if (exchange.method !== 'POST') {
    const to = safeReturnPath(queryOf(exchange).get('to'))
    if (exchange.subject && !exchange.subject.mustChangePassword) return redirectReply(303, to)
    return html(200, signInForm(identity, look, to, '', [], queryOf(exchange).get('done')))
  }
  if (isPlain(identity, exchange)) return overHttps(exchange)
  const fields = await readForm(exchange)
  const email = fields.get('email') ?? ''
  const to = safeReturnPath(fields.get('to'))
  const result = await identity.signIn(email, fields.get('password') ?? '', originOf(identity, exchange))
  recordSignIn(exchange, identity, email, result)
  if (result.ok) return signedIn(identity, exchange, result, to)
  // The password was right: the page of the second factor goes on with what was begun.
  if (result.reason === 'needs-factor') return needsFactor(identity, exchange, result, to)
  const again = (message: string): string => signInForm(identity, look, to, email, [message])
  return result.reason === 'busy'
    ? busy(look, exchange, again)
    : failed(look, exchange, 'identity.credentials-wrong', again)
}

/** The answer to a complete sign-in: the cookie, and on to where somebody wanted to go. */
export function signedIn(
  identity: Identity,
  exchange: Exchange,
  result: Extract<SignIn, { ok: true }>,
  to: string,
): Reply {
  setSession(identity, exchange, result.token)
  setDevice(identity, exchange, result.deviceToken)
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

/** The answer to a password over a plain line. */
export function overHttps(exchange: Exchange): Reply {
  const refusal = refuse('edge.https-required', 'a password over plain HTTP')
  return refusalReply(refusal, exchange.id, wantsHtml(exchange))
}

/** Writes to the audit log how a sign-in ended. */
export function recordSignIn(exchange: Exchange, identity: Identity, rawEmail: string, result: SignIn): void {
  // Nothing was tried: the line of the refusal itself says enough, and a flood writes no second one.
  if (!result.ok && result.reason === 'busy') return
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

function signInForm(
  { registration }: Identity,
  look: Look,
  to: string,
  email: string,
  messages: readonly string[],
  done: string | null = null,
): string {
  const { form: fields, signIn, register, reset, verify } = look.words
  const news = { registered: verify.done, reset: reset.done, asked: reset.sent }[done ?? '']
  const isFirst = email === ''
  const content = [
    hidden('to', to),
    field('email', fields.email, { ...EMAIL, value: email, autofocus: isFirst }),
    field('password', fields.password, { ...CURRENT_PASSWORD, autofocus: !isFirst }),
  ]
  const links = [
    [PAGES.forgot, reset.link],
    ...(registration.mode === 'open' ? [[PAGES.register, register.link]] : []),
  ].map(([path = '', text = '']) => `<a href="${path}">${escapeHtml(text)}</a>`)
  return page(
    look,
    signIn.title,
    `${notice(news)}${alerts(messages)}
${form(PAGES.signIn, content.join('\n'), signIn.submit)}
<p class="links">${links.join(' ')}</p>`,
  )
}

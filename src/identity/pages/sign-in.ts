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
import type { Identity, SignIn, SignInEnd } from '../identity.ts'
import {
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
import { holderOf, partyOf, passkeyForm, scriptedPage } from './passkey-form.ts'

/** The form to sign in, and what it sends. */
export async function signInPage(identity: Identity, exchange: Exchange): Promise<Reply> {
  const look = lookOf(identity, exchange)
  if (exchange.method !== 'POST') {
    const to = safeReturnPath(queryOf(exchange).get('to'))
    if (exchange.subject && !exchange.subject.mustChangePassword) return redirectReply(303, to)
    const done = queryOf(exchange).get('done')
    const content = await signInForm(identity, exchange, look, to, '', [], done)
    return signInReply(identity, exchange, 200, content)
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
  const code = result.reason === 'busy' ? 'identity.busy' : 'identity.credentials-wrong'
  return signInAgain(identity, exchange, code, to, email)
}

/** The form once more, with what went wrong above it; problem+json for programs. */
export async function signInAgain(
  identity: Identity,
  exchange: Exchange,
  code: 'identity.busy' | 'identity.credentials-wrong',
  to: string,
  email = '',
): Promise<Reply> {
  const look = lookOf(identity, exchange)
  const headers = code === 'identity.busy' ? ['Retry-After', '2'] : []
  let message = ''
  const plain = failed(look, exchange, code, (text) => (message = text), headers)
  if (!wantsHtml(exchange)) return plain
  const content = await signInForm(identity, exchange, look, to, email, [message])
  return { ...signInReply(identity, exchange, plain.status, content, headers), code }
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
export function recordSignIn(
  exchange: Exchange,
  identity: Identity,
  rawEmail: string,
  result: SignIn | SignInEnd,
  methods: readonly string[] = ['pwd'],
): void {
  // Nothing was tried: the line of the refusal itself says enough, and a flood writes no second one.
  if (!result.ok && result.reason === 'busy') return
  const { account } = result
  const data = {
    realm: identity.realm,
    ...(!result.ok && { reason: result.reason }),
    email: rawEmail.slice(0, 320),
    methods: methods.join(' '),
  }
  if (result.ok && result.account.breakGlassSealedMs !== null) {
    exchange.events.push({
      kind: 'identity.break-glass-used',
      outcome: 'success',
      subject: result.account.id,
      data: { realm: identity.realm, ip: exchange.client.ip },
    })
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

function signInReply(
  identity: Identity,
  exchange: Exchange,
  status: number,
  content: string,
  headers: readonly string[] = [],
): Reply {
  const look = lookOf(identity, exchange)
  const { title } = look.words.signIn
  return partyOf(identity, exchange)
    ? scriptedPage(identity, status, look, title, content, headers)
    : html(status, page(look, title, content), headers)
}

async function signInForm(
  identity: Identity,
  exchange: Exchange,
  look: Look,
  to: string,
  email: string,
  messages: readonly string[],
  done: string | null = null,
): Promise<string> {
  const { form: fields, signIn, register, reset, verify, passkey } = look.words
  const party = partyOf(identity, exchange)
  const options = party && (await identity.factors.passkeys.openOptions(party, holderOf(identity, exchange)))
  const suggest = options && { autocomplete: 'username webauthn' }
  const news = { registered: verify.done, reset: reset.done, asked: reset.sent }[done ?? '']
  const isFirst = email === ''
  const content = [
    hidden('to', to),
    field('email', fields.email, { ...EMAIL, ...suggest, value: email, autofocus: isFirst }),
    field('password', fields.password, { ...CURRENT_PASSWORD, autofocus: !isFirst }),
  ]
  const links = [
    [PAGES.forgot, reset.link],
    ...(identity.registration.mode === 'open' ? [[PAGES.register, register.link]] : []),
  ].map(([path = '', text = '']) => `<a href="${path}">${escapeHtml(text)}</a>`)
  const withPasskey = options
    ? passkeyForm(look, {
        kind: 'get',
        action: PAGES.passkey,
        options,
        submit: passkey.signIn,
        attributes: ` data-fetch="${PAGES.passkeyOptions}" data-address="#email" data-suggest`,
        fields: hidden('to', to),
      })
    : ''
  return `${notice(news)}${alerts(messages)}
${form(PAGES.signIn, content.join('\n'), signIn.submit)}
${withPasskey}
<p class="links">${links.join(' ')}</p>`
}

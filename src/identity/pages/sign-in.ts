import { readCookie } from '../../core/cookies.ts'
import { type Exchange, wantsHtml } from '../../core/exchange.ts'
import { redirectReply, refusalReply, type Reply } from '../../core/reply.ts'
import { refuse } from '../../core/verdict.ts'
import type { Account } from '../accounts.ts'
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
  rememberedCookieOf,
  setSession,
} from './form.ts'
import { holderOf, isExposed, partyOf, passkeyForm, scriptedPage } from './passkey-form.ts'

/** The form to sign in, and what it sends. */
export async function signInPage(identity: Identity, exchange: Exchange): Promise<Reply> {
  const look = lookOf(exchange)
  if (exchange.method !== 'POST') {
    const to = safeReturnPath(queryOf(exchange).get('to'))
    if (exchange.subject && !exchange.subject.mustChangePassword) return redirectReply(303, to)
    return signInReply(identity, exchange, 200, await signInForm(identity, exchange, look, to, '', []))
  }
  if (isExposed(identity, exchange)) {
    return refusalReply(
      refuse('edge.https-required', 'sign-in over plain HTTP'),
      exchange.id,
      wantsHtml(exchange),
    )
  }
  const form = await readForm(exchange)
  const email = form.get('email') ?? ''
  const to = safeReturnPath(form.get('to'))
  const rawRemembered = readCookie(
    exchange.headers.all('cookie'),
    rememberedCookieOf(identity, exchange).name,
  )
  const result = await identity.signIn(email, form.get('password') ?? '', {
    ...originOf(exchange),
    ...(rawRemembered !== undefined && { rawRemembered }),
  })
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
  const headers = code === 'identity.busy' ? ['Retry-After', '2'] : []
  let message = ''
  const plain = failed(exchange, code, (text) => (message = text), headers)
  if (!wantsHtml(exchange)) return plain
  const content = await signInForm(identity, exchange, lookOf(exchange), to, email, [message])
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

/** Writes to the audit log how a sign-in ended. */
export function recordSignIn(
  exchange: Exchange,
  identity: Identity,
  rawEmail: string,
  result: SignIn | { readonly ok: false; readonly reason: 'seal-broken'; readonly account: Account },
  methods: readonly string[] = ['pwd'],
): void {
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
  const look = lookOf(exchange)
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
): Promise<string> {
  const { form, signIn, passkey } = look.words
  const toField = `<input type="hidden" name="to" value="${escapeHtml(to)}">`
  const party = partyOf(identity, exchange)
  const options = party && (await identity.factors.passkeys.openOptions(party, holderOf(identity, exchange)))
  const attributes = ` data-fetch="${PAGES.passkeyOptions}" data-address="#email" data-suggest`
  const withPasskey = options
    ? passkeyForm(look, {
        kind: 'get',
        action: PAGES.passkey,
        options,
        submit: passkey.signIn,
        attributes,
        fields: toField,
      })
    : ''
  return `${alerts(messages)}
<form method="post" action="${PAGES.signIn}">
${toField}
<label for="email">${escapeHtml(form.email)}</label>
<input id="email" name="email" type="email" autocomplete="username${options ? ' webauthn' : ''}" required maxlength="320" value="${escapeHtml(email)}"${email === '' ? ' autofocus' : ''}>
<label for="password">${escapeHtml(form.password)}</label>
<input id="password" name="password" type="password" autocomplete="current-password" required maxlength="1024"${email === '' ? '' : ' autofocus'}>
<button>${escapeHtml(signIn.submit)}</button>
</form>
${withPasskey}`
}

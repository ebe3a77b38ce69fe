import { readCookie } from '../../core/cookies.ts'
import { type Exchange, wantsHtml } from '../../core/exchange.ts'
import { redirectReply, type Reply } from '../../core/reply.ts'
import { safeReturnPath } from '../cookie.ts'
import { REMEMBER_MS } from '../factors/remembered-devices.ts'
import { alerts, escapeHtml, type Look, PAGES } from '../html.ts'
import type { Identity } from '../identity.ts'
import type { FactorShown } from '../second-step.ts'
import { hashToken } from '../sessions.ts'
import {
  failed,
  json,
  lookOf,
  originOf,
  pendingCookieOf,
  queryOf,
  readForm,
  rememberedCookieOf,
} from './form.ts'
import { partyOf, passkeyForm, scriptedPage, shownIn } from './passkey-form.ts'
import { recordSignIn, signedIn } from './sign-in.ts'

/** The second factor of a sign-in that waits, and what its form sends. */
export async function secondFactorPage(identity: Identity, exchange: Exchange): Promise<Reply> {
  const cookie = pendingCookieOf(identity, exchange)
  const rawToken = readCookie(exchange.headers.all('cookie'), cookie.name)
  const waiting = await identity.secondStep.pending(rawToken)
  const isPost = exchange.method === 'POST'
  const fields = isPost ? await readForm(exchange) : new Map<string, string>()
  const to = safeReturnPath(isPost ? fields.get('to') : queryOf(exchange).get('to'))
  if (!waiting || rawToken === undefined) return startAgain(exchange, to, cookie.clear())
  const look = lookOf(exchange)
  const { account } = waiting.admitted
  const party = partyOf(identity, exchange)
  const holder = hashToken(rawToken)
  if (isPost) {
    const result = await identity.secondStep.complete(rawToken, shownIn(fields, party, holder))
    const done = result.ok
      ? await identity.completeSignIn(result.admitted, originOf(exchange), result.proof)
      : undefined
    if (result.ok && done?.ok === true) {
      recordSignIn(exchange, identity, account.email, done, result.proof.methods)
      exchange.replyHeaders.push('Set-Cookie', cookie.clear())
      if (fields.get('remember') === 'yes' && identity.config.mfa.remember_devices)
        await remember(identity, exchange, account)
      return signedIn(identity, exchange, done, to)
    }
    recordFactorFailure(exchange, identity, account.id, result)
    if (!result.ok && result.reason === 'over') return startAgain(exchange, to, cookie.clear())
    const code = codeOf(result)
    const again = await render(identity, look, { account, party, holder, to })
    return failedPage(identity, exchange, code, look, again)
  }
  if (!wantsHtml(exchange)) return json(200, { needs_factor: true })
  const content = await render(identity, look, { account, party, holder, to })
  return scriptedPage(identity, 200, look, look.words.secondFactor.title, content)
}

function startAgain(exchange: Exchange, to: string, clear: string): Reply {
  exchange.replyHeaders.push('Set-Cookie', clear)
  if (!wantsHtml(exchange)) return failed(exchange, 'identity.sign-in-required', () => '')
  return redirectReply(303, `${PAGES.signIn}?to=${encodeURIComponent(to)}`)
}

/** The code of the refusal that a factor met. */
export function codeOf(
  result: FactorShown,
): 'identity.busy' | 'identity.factor-locked' | 'identity.factor-wrong' {
  if (result.ok) return 'identity.factor-wrong'
  if (result.reason === 'busy') return 'identity.busy'
  return result.reason === 'locked' ? 'identity.factor-locked' : 'identity.factor-wrong'
}

/** A refusal above the forms, or as problem+json. */
export function failedPage(
  identity: Identity,
  exchange: Exchange,
  code: Parameters<typeof failed>[1],
  look: Look,
  content: string,
  title: string = look.words.secondFactor.title,
): Reply {
  const headers = code === 'identity.busy' ? ['Retry-After', '2'] : []
  const plain = failed(exchange, code, (message) => alerts([message]), headers)
  if (!wantsHtml(exchange)) return plain
  const message = new TextDecoder().decode(plain.body as Uint8Array)
  const reply = scriptedPage(identity, plain.status, look, title, `${message}\n${content}`, headers)
  return { ...reply, code }
}

/** Writes to the audit log that a factor was not taken; a copied passkey stands out. */
export function recordFactorFailure(
  exchange: Exchange,
  identity: Identity,
  subject: string | undefined,
  result: FactorShown,
): void {
  const reason = result.ok ? 'seal-broken' : result.reason
  const detail = result.ok ? undefined : result.detail
  exchange.events.push({
    kind: reason === 'clone' ? 'identity.passkey-copied' : 'identity.factor-failed',
    outcome: 'failure',
    ...(subject !== undefined && { subject }),
    data: { realm: identity.realm, reason, ...(detail !== undefined && { detail }) },
  })
}

async function remember(
  identity: Identity,
  exchange: Exchange,
  account: { readonly id: string; readonly sessionVersion: number },
): Promise<void> {
  const token = await identity.factors.devices.remember(account, exchange.headers.get('user-agent') ?? '')
  const cookie = rememberedCookieOf(identity, exchange)
  exchange.replyHeaders.push('Set-Cookie', `${cookie.set(token)}; Max-Age=${REMEMBER_MS / 1000}`)
  const data = { realm: identity.realm }
  exchange.events.push({ kind: 'identity.device-remembered', outcome: 'success', subject: account.id, data })
}

async function render(
  identity: Identity,
  look: Look,
  asked: {
    readonly account: { readonly id: string; readonly breakGlassSealedMs: number | null }
    readonly party: ReturnType<typeof partyOf>
    readonly holder: string
    readonly to: string
  },
): Promise<string> {
  const { account, party, holder } = asked
  const { secondFactor, passkey } = look.words
  const state = await identity.factors.of(account.id)
  const to = `<input type="hidden" name="to" value="${escapeHtml(asked.to)}">`
  const offersRemember = identity.config.mfa.remember_devices && account.breakGlassSealedMs === null
  const remember = offersRemember
    ? `<label class="check"><input type="checkbox" name="remember" value="yes"> ${escapeHtml(secondFactor.remember)}</label>`
    : ''
  const parts = [`<p>${escapeHtml(secondFactor.why)}</p>`]
  if (party && state.passkeys > 0) {
    const options = await identity.factors.passkeys.optionsFor(party, account.id, 'second-factor', holder)
    const fields = to + remember
    const submit = passkey.use
    parts.push(passkeyForm(look, { kind: 'get', action: PAGES.secondFactor, options, submit, fields }))
  }
  parts.push(`<form method="post" action="${PAGES.secondFactor}">${to}
<label for="code">${escapeHtml(secondFactor.code)}</label>
<input id="code" name="code" autocomplete="one-time-code" required maxlength="64" spellcheck="false" autocapitalize="none" autofocus>
${remember}
<button>${escapeHtml(secondFactor.submit)}</button>
</form>
<p><a href="${PAGES.signIn}">${escapeHtml(secondFactor.cancel)}</a></p>`)
  return parts.join('\n')
}

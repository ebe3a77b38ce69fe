import { readCookie } from '../../core/cookies.ts'
import { type Exchange, type Subject, wantsHtml } from '../../core/exchange.ts'
import { redirectReply, type Reply } from '../../core/reply.ts'
import { safeReturnPath } from '../cookie.ts'
import { escapeHtml, type Look, PAGES } from '../html.ts'
import type { Identity } from '../identity.ts'
import { cookieOf, json, lookOf, originOf, queryOf, readForm, setSession } from './form.ts'
import { partyOf, passkeyForm, scriptedPage, shownIn } from './passkey-form.ts'
import { codeOf, failedPage, recordFactorFailure } from './second-factor.ts'

/** How new an authentication must be for changes of factors. */
export const FRESH_MS = 15 * 60_000

/** Asks somebody who is signed in for a newer or stronger proof, and leads back to where that was wanted. */
export async function stepUpPage(identity: Identity, exchange: Exchange): Promise<Reply> {
  const { subject } = exchange
  if (!subject) throw new Error('a route that requires sign-in was reached without a subject')
  const look = lookOf(exchange)
  const isPost = exchange.method === 'POST'
  const fields = isPost ? await readForm(exchange) : new Map<string, string>()
  const to = safeReturnPath(isPost ? fields.get('to') : queryOf(exchange).get('to'))
  const party = partyOf(identity, exchange)
  const { title } = look.words.stepUp
  if (!isPost) {
    if (!wantsHtml(exchange)) return json(200, { level: subject.authentication?.level ?? 1 })
    return scriptedPage(identity, 200, look, title, await render(identity, look, { subject, party, to }))
  }
  const password = fields.get('password')
  const shown = password === undefined ? shownIn(fields, party, subject.sessionRef) : { password }
  const rawToken = readCookie(exchange.headers.all('cookie'), cookieOf(identity, exchange).name) ?? ''
  const result = await identity.stepUp(subject, rawToken, shown, originOf(exchange))
  if (!result.ok) {
    recordFactorFailure(exchange, identity, subject.id, result)
    const content = await render(identity, look, { subject, party, to })
    return failedPage(identity, exchange, codeOf(result), look, content, title)
  }
  exchange.events.push({
    kind: 'identity.stepped-up',
    outcome: 'success',
    subject: subject.id,
    data: { realm: identity.realm },
  })
  setSession(identity, exchange, result.token)
  return wantsHtml(exchange) ? redirectReply(303, to) : json(200, { confirmed: true, next: to })
}

/** Whether somebody has to confirm who he is before he changes his factors: recently, and with a factor if there is one. */
export async function needsConfirmation(
  identity: Identity,
  subject: Subject,
  nowMs: number,
): Promise<boolean> {
  const { level = 1, atMs = 0 } = subject.authentication ?? {}
  return nowMs - atMs > FRESH_MS || (level === 1 && (await identity.factors.hasAny(subject.id)))
}

async function render(
  identity: Identity,
  look: Look,
  asked: {
    readonly subject: Subject
    readonly party: ReturnType<typeof partyOf>
    readonly to: string
  },
): Promise<string> {
  const { subject, party } = asked
  const { stepUp, passkey, secondFactor, form } = look.words
  const { hasTotp, passkeys } = await identity.factors.of(subject.id)
  const to = `<input type="hidden" name="to" value="${escapeHtml(asked.to)}">`
  const parts = [`<p>${escapeHtml(stepUp.why)}</p>`]
  if (party && passkeys > 0) {
    const options = await identity.factors.passkeys.optionsFor(
      party,
      subject.id,
      'step-up',
      subject.sessionRef,
    )
    const submit = passkey.use
    parts.push(passkeyForm(look, { kind: 'get', action: PAGES.stepUp, options, submit, fields: to }))
  }
  if (hasTotp || passkeys > 0) {
    parts.push(`<form method="post" action="${PAGES.stepUp}">${to}
<label for="code">${escapeHtml(secondFactor.code)}</label>
<input id="code" name="code" autocomplete="one-time-code" required maxlength="64" spellcheck="false" autocapitalize="none" autofocus>
<button>${escapeHtml(stepUp.submit)}</button>
</form>`)
    return parts.join('\n')
  }
  parts.push(`<form method="post" action="${PAGES.stepUp}">${to}
<label for="password">${escapeHtml(form.password)}</label>
<input id="password" name="password" type="password" autocomplete="current-password" required maxlength="1024" autofocus>
<button>${escapeHtml(stepUp.submit)}</button>
</form>
<p>${escapeHtml(stepUp.needsFactor)} <a href="${PAGES.factors}">${escapeHtml(stepUp.setUp)}</a></p>`)
  return parts.join('\n')
}

import { type Exchange, wantsHtml } from '../../core/exchange.ts'
import { redirectReply, refusalReply, type Reply } from '../../core/reply.ts'
import { refuse } from '../../core/verdict.ts'
import { alerts, escapeHtml, type Look, page, PAGES } from '../html.ts'
import type { Identity } from '../identity.ts'
import { messageOf } from '../password-policy.ts'
import { failed, html, json, lookOf, originOf, readForm, setSession, violationTexts } from './form.ts'

/** The form to change the password, and what it sends. */
export async function passwordPage(identity: Identity, exchange: Exchange): Promise<Reply> {
  const { subject } = exchange
  if (!subject) return refusalReply(refuse('identity.sign-in-required', ''), exchange.id, wantsHtml(exchange))
  const look = lookOf(exchange)
  const form = (messages: readonly string[]): string =>
    passwordForm(look, subject.mustChangePassword, messages)
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
    return failed(
      exchange,
      'identity.password-unacceptable',
      () => form(violationTexts(look, change.violations)),
      [],
      { violations: change.violations.map(messageOf) },
    )
  }
  if (change.reason === 'busy')
    return failed(exchange, 'identity.busy', (message) => form([message]), ['Retry-After', '2'])
  return failed(exchange, 'identity.credentials-wrong', () => form([look.words.password.currentWrong]))
}

function passwordForm(look: Look, isForced: boolean, messages: readonly string[]): string {
  const { form, password } = look.words
  const why = isForced ? `<p>${escapeHtml(password.forced)}</p>` : ''
  return page(
    look,
    password.title,
    `${why}${alerts(messages)}
<form method="post" action="${PAGES.password}">
<label for="current">${escapeHtml(form.currentPassword)}</label>
<input id="current" name="current" type="password" autocomplete="current-password" required maxlength="1024" autofocus>
<label for="next">${escapeHtml(form.newPassword)}</label>
<input id="next" name="next" type="password" autocomplete="new-password" required maxlength="1024">
<button>${escapeHtml(password.submit)}</button>
</form>`,
  )
}

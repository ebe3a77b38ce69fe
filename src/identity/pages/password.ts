import { type Exchange, wantsHtml } from '../../core/exchange.ts'
import { refusalReply, type Reply } from '../../core/reply.ts'
import { refuse } from '../../core/verdict.ts'
import {
  alerts,
  CURRENT_PASSWORD,
  field,
  form,
  type Look,
  NEW_PASSWORD,
  page,
  PAGES,
  paragraph,
} from '../html.ts'
import type { Identity } from '../identity.ts'
import {
  busy,
  done,
  failed,
  html,
  lookOf,
  notWhileActing,
  originOf,
  readForm,
  record,
  setSession,
  unacceptable,
} from './form.ts'

/** The form to change the password, and what it sends. */
export async function passwordPage(identity: Identity, exchange: Exchange): Promise<Reply> {
  const { subject } = exchange
  if (!subject) return refusalReply(refuse('identity.sign-in-required', ''), exchange.id, wantsHtml(exchange))
  if (subject.impersonator) return notWhileActing(exchange)
  const look = lookOf(identity, exchange)
  const again = (messages: readonly string[]): string =>
    passwordForm(look, subject.mustChangePassword, messages)
  if (exchange.method !== 'POST') return html(200, again([]))
  const fields = await readForm(exchange)
  const from = originOf(identity, exchange)
  const [current, next] = [fields.get('current') ?? '', fields.get('next') ?? '']
  const change = await identity.changePassword(subject, current, next, from, look.language)
  const reason = change.ok ? {} : { reason: change.reason }
  record(
    identity,
    exchange,
    'identity.password-changed',
    change.ok ? 'success' : 'failure',
    subject.id,
    reason,
  )
  if (change.ok) {
    setSession(identity, exchange, change.token)
    return done(exchange, PAGES.account, 'changed')
  }
  if (change.reason === 'unacceptable') return unacceptable(look, exchange, change.violations, again)
  if (change.reason === 'busy') return busy(look, exchange, (message) => again([message]))
  return failed(look, exchange, 'identity.credentials-wrong', () => again([look.words.password.currentWrong]))
}

function passwordForm(look: Look, isForced: boolean, messages: readonly string[]): string {
  const { form: fields, password } = look.words
  const content = [
    field('current', fields.currentPassword, { ...CURRENT_PASSWORD, autofocus: true }),
    field('next', fields.newPassword, NEW_PASSWORD),
  ]
  return page(
    look,
    password.title,
    (isForced ? paragraph(password.forced) : '') +
      alerts(messages) +
      form(PAGES.password, content.join('\n'), password.submit),
  )
}

import { type Exchange, wantsHtml } from '../../core/exchange.ts'
import { redirectReply, type Reply } from '../../core/reply.ts'
import {
  alerts,
  EMAIL,
  field,
  form,
  hidden,
  type Look,
  NEW_PASSWORD,
  notice,
  page,
  PAGES,
  paragraph,
} from '../html.ts'
import type { Identity } from '../identity.ts'
import { busy, done, html, json, linkGone, lookOf, queryOf, readForm, record, unacceptable } from './form.ts'
import { isPlain, overHttps } from './sign-in.ts'

/** Asks for a link to set another password. The answer is the same for every address. */
export async function forgotPage(identity: Identity, exchange: Exchange): Promise<Reply> {
  const look = lookOf(identity, exchange)
  const { form: fields, reset } = look.words
  if (exchange.method !== 'POST') {
    const email = field('email', fields.email, { ...EMAIL, autofocus: true })
    return html(200, page(look, reset.title, paragraph(reset.why) + form(PAGES.forgot, email, reset.submit)))
  }
  const sent = await readForm(exchange)
  const email = sent.get('email') ?? ''
  await identity.recovery.ask(email, look.language)
  record(identity, exchange, 'identity.reset-asked', 'success', undefined, { email: email.slice(0, 320) })
  return wantsHtml(exchange)
    ? html(200, page(look, reset.title, notice(reset.sent)))
    : json(200, { asked: true })
}

/** The page of a link to another password. It starts no session, and clears no second factor. */
export async function resetPage(identity: Identity, exchange: Exchange): Promise<Reply> {
  const look = lookOf(identity, exchange)
  const { reset } = look.words
  const gone = (): Reply => linkGone(look, exchange, reset.title, reset.gone, PAGES.forgot)
  if (exchange.method !== 'POST') {
    const token = queryOf(exchange).get('t') ?? ''
    const link = await identity.recovery.look(token)
    return link ? html(200, resetForm(look, token, link.email, [])) : gone()
  }
  if (isPlain(identity, exchange)) return overHttps(exchange)
  const fields = await readForm(exchange)
  const token = fields.get('t') ?? ''
  const link = await identity.recovery.look(token)
  if (!link) return gone()
  const result = await identity.recovery.reset(token, fields.get('next') ?? '')
  const again = (messages: readonly string[]): string => resetForm(look, token, link.email, messages)
  if (result.ok) {
    record(identity, exchange, 'identity.password-reset', 'success', result.account.id, { by: 'link' })
    await identity.notePasswordChange(result.account, look.language)
    return done(exchange, PAGES.signIn, 'reset')
  }
  if (result.reason === 'unacceptable') return unacceptable(look, exchange, result.violations, again)
  return result.reason === 'busy' ? busy(look, exchange, (message) => again([message])) : gone()
}

/** The page of a link in a mail about a new device: ends everything, and goes on to another password. */
export async function notMePage(identity: Identity, exchange: Exchange): Promise<Reply> {
  const look = lookOf(identity, exchange)
  const { notMe } = look.words
  const gone = (): Reply => linkGone(look, exchange, notMe.title, notMe.gone, PAGES.forgot)
  if (exchange.method !== 'POST') {
    const token = queryOf(exchange).get('t') ?? ''
    if (!(await identity.recovery.lookNotMe(token))) return gone()
    return html(
      200,
      page(look, notMe.title, paragraph(notMe.why) + form(PAGES.notMe, hidden('t', token), notMe.submit)),
    )
  }
  const fields = await readForm(exchange)
  const result = await identity.recovery.notMe(fields.get('t') ?? '')
  if (!result) return gone()
  record(identity, exchange, 'identity.not-me', 'success', result.account.id)
  const next = `${PAGES.reset}?t=${result.resetToken}`
  return wantsHtml(exchange) ? redirectReply(303, next) : json(200, { ended: true, next })
}

function resetForm(look: Look, token: string, email: string, messages: readonly string[]): string {
  const { form: fields, reset } = look.words
  const content = [
    hidden('t', token),
    field('email', fields.email, { ...EMAIL, value: email, readonly: true }),
    field('next', fields.newPassword, { ...NEW_PASSWORD, autofocus: true }),
  ]
  return page(look, reset.titleNew, alerts(messages) + form(PAGES.reset, content.join('\n'), reset.submitNew))
}

import { type Exchange, wantsHtml } from '../../core/exchange.ts'
import { refusalReply, type Reply } from '../../core/reply.ts'
import { refuse } from '../../core/verdict.ts'
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

/** Asks for an account. The answer is the same whether there is one already or not; the mail says which. */
export async function registerPage(identity: Identity, exchange: Exchange): Promise<Reply> {
  const look = lookOf(identity, exchange)
  const { register } = look.words
  const { mode } = identity.registration
  if (mode === 'closed')
    return refusalReply(
      refuse('gateway.no-route', 'registration is closed'),
      exchange.id,
      wantsHtml(exchange),
    )
  if (mode === 'invited') return html(200, page(look, register.title, paragraph(register.byInvitation)))
  if (exchange.method !== 'POST') return html(200, page(look, register.title, registerForm(look)))
  const fields = await readForm(exchange)
  await identity.registration.ask(fields.get('email') ?? '', fields.get('name') ?? '', look.language)
  record(identity, exchange, 'identity.registration-asked', 'success', undefined, {
    email: (fields.get('email') ?? '').slice(0, 320),
  })
  return wantsHtml(exchange)
    ? html(200, page(look, register.title, notice(register.sent)))
    : json(200, { asked: true })
}

/** The page of a link to a new account: choose a password, and there is one. */
export async function verifyPage(identity: Identity, exchange: Exchange): Promise<Reply> {
  const look = lookOf(identity, exchange)
  const { verify } = look.words
  const gone = (): Reply => linkGone(look, exchange, verify.title, verify.gone)
  if (exchange.method !== 'POST') {
    const token = queryOf(exchange).get('t') ?? ''
    const link = await identity.registration.look(token)
    return link ? html(200, verifyForm(look, token, link.email, [])) : gone()
  }
  if (isPlain(identity, exchange)) return overHttps(exchange)
  const fields = await readForm(exchange)
  const token = fields.get('t') ?? ''
  const link = await identity.registration.look(token)
  if (!link) return gone()
  const result = await identity.registration.complete(token, fields.get('next') ?? '', look.language)
  const again = (messages: readonly string[]): string => verifyForm(look, token, link.email, messages)
  if (result.ok) {
    record(identity, exchange, 'identity.registered', 'success', result.account.id, { by: link.purpose })
    return done(exchange, PAGES.signIn, 'registered')
  }
  if (result.reason === 'unacceptable') return unacceptable(look, exchange, result.violations, again)
  return result.reason === 'busy' ? busy(look, exchange, (message) => again([message])) : gone()
}

function registerForm(look: Look): string {
  const { form: fields, register } = look.words
  const content = [
    field('email', fields.email, { ...EMAIL, autocomplete: 'email', autofocus: true }),
    field('name', fields.name, { autocomplete: 'name', maxlength: '200' }),
  ]
  return paragraph(register.why) + form(PAGES.register, content.join('\n'), register.submit)
}

function verifyForm(look: Look, token: string, email: string, messages: readonly string[]): string {
  const { form: fields, verify } = look.words
  const content = [
    hidden('t', token),
    // Password managers keep the password under this name.
    field('email', fields.email, { ...EMAIL, value: email, readonly: true }),
    field('next', fields.password, { ...NEW_PASSWORD, autofocus: true }),
  ]
  return page(look, verify.title, alerts(messages) + form(PAGES.verify, content.join('\n'), verify.submit))
}

import { type Exchange, type Subject, wantsHtml } from '../../core/exchange.ts'
import { refusalReply, type Reply } from '../../core/reply.ts'
import { refuse } from '../../core/verdict.ts'
import type { Account } from '../accounts.ts'
import { field, form, hidden, type Look, page, PAGES } from '../html.ts'
import { type Identity, sessionRef } from '../identity.ts'
import { accountReply } from './account.ts'
import {
  busy,
  cookieOf,
  done,
  failed,
  html,
  linkGone,
  lookOf,
  notWhileActing,
  originOf,
  queryOf,
  readForm,
  record,
} from './form.ts'

/** Changes the name. */
export async function profilePage(identity: Identity, exchange: Exchange): Promise<Reply> {
  const who = await ownerOf(identity, exchange)
  if ('reply' in who) return who.reply
  const fields = await readForm(exchange)
  await identity.own.rename(who.account, fields.get('name') ?? '')
  record(identity, exchange, 'identity.name-changed', 'success', who.account.id)
  return done(exchange, PAGES.account, 'saved')
}

/** Asks for another address (signed in, with the password), and confirms it (by the link that was sent there). */
export async function emailPage(identity: Identity, exchange: Exchange): Promise<Reply> {
  const look = lookOf(identity, exchange)
  if (exchange.method !== 'POST') return confirmForm(identity, exchange, look)
  const fields = await readForm(exchange)
  const token = fields.get('t')
  if (token !== undefined) return confirm(identity, exchange, look, token)
  const who = await ownerOf(identity, exchange)
  if ('reply' in who) return who.reply
  const refused = await refusePassword(identity, exchange, look, who.subject, fields.get('current') ?? '')
  if (refused) return refused
  const asked = await identity.own.askEmail(who.account, fields.get('email') ?? '', look.language)
  if (asked === 'invalid') return invalid(identity, exchange, look)
  record(identity, exchange, 'identity.email-change-asked', 'success', who.account.id)
  return done(exchange, PAGES.account, 'asked')
}

/** Ends one other session, or all others. */
export async function sessionsPage(identity: Identity, exchange: Exchange): Promise<Reply> {
  const who = await ownerOf(identity, exchange)
  if ('reply' in who) return who.reply
  const { subject, account } = who
  const fields = await readForm(exchange)
  const all = await identity.sessions.list(account.id)
  const isOther = (ref: string): boolean => ref !== subject.sessionRef
  const chosen = all.filter((session) =>
    fields.get('others') === 'yes'
      ? isOther(sessionRef(session))
      : isOther(sessionRef(session)) && sessionRef(session) === fields.get('ref'),
  )
  for (const session of chosen) await identity.sessions.endByHash(session.id_hash)
  record(identity, exchange, 'identity.sessions-ended', 'success', account.id, { count: chosen.length })
  return done(exchange, PAGES.account, 'ended', { count: chosen.length })
}

/** Plans the deletion of the account, with the password; or takes it back. */
export async function deletionPage(identity: Identity, exchange: Exchange): Promise<Reply> {
  const who = await ownerOf(identity, exchange)
  if ('reply' in who) return who.reply
  const { subject, account } = who
  const look = lookOf(identity, exchange)
  if (!identity.own.mayDelete) {
    return refusalReply(
      refuse('gateway.no-route', 'deletion is switched off'),
      exchange.id,
      wantsHtml(exchange),
    )
  }
  const fields = await readForm(exchange)
  if (fields.get('keep') === 'yes') {
    await identity.own.keep(account)
    record(identity, exchange, 'identity.deletion-taken-back', 'success', account.id)
    return done(exchange, PAGES.account, 'kept')
  }
  const refused = await refusePassword(identity, exchange, look, subject, fields.get('current') ?? '')
  if (refused) return refused
  const current = (await identity.sessions.list(account.id)).find(
    (one) => sessionRef(one) === subject.sessionRef,
  )
  const atMs = await identity.own.askDeletion(account, look.language, current?.id_hash)
  record(identity, exchange, 'identity.deletion-asked', 'success', account.id, { at: atMs })
  return done(exchange, PAGES.account, 'planned', { delete_after: new Date(atMs).toISOString() })
}

async function confirmForm(identity: Identity, exchange: Exchange, look: Look): Promise<Reply> {
  const { profile } = look.words
  const token = queryOf(exchange).get('t') ?? ''
  const link = await identity.own.lookEmail(token)
  if (!link) return linkGone(look, exchange, profile.confirmTitle, profile.gone)
  const content = [
    hidden('t', token),
    field('email', look.words.form.email, { type: 'email', value: link.email, readonly: true }),
  ]
  return html(
    200,
    page(look, profile.confirmTitle, form(PAGES.email, content.join('\n'), profile.confirmSubmit)),
  )
}

async function confirm(identity: Identity, exchange: Exchange, look: Look, token: string): Promise<Reply> {
  const { profile } = look.words
  const account = await identity.own.confirmEmail(token, look.language)
  if (!account) return linkGone(look, exchange, profile.confirmTitle, profile.gone)
  record(identity, exchange, 'identity.email-changed', 'success', account.id)
  // A new address ends all sessions, this one too.
  exchange.replyHeaders.push('Set-Cookie', cookieOf(identity, exchange).clear())
  return done(exchange, PAGES.signIn, 'email')
}

/** Whose account it is, or the answer for who is nobody, or acts for somebody. */
async function ownerOf(
  identity: Identity,
  exchange: Exchange,
): Promise<{ readonly subject: Subject; readonly account: Account } | { readonly reply: Reply }> {
  const { subject } = exchange
  const account = subject && (await identity.accounts.find(subject.id))
  if (!subject || !account) {
    const refusal = refuse('identity.sign-in-required', '', ['WWW-Authenticate', 'Cookie'])
    return { reply: refusalReply(refusal, exchange.id, wantsHtml(exchange)) }
  }
  return subject.impersonator ? { reply: notWhileActing(exchange) } : { subject, account }
}

async function refusePassword(
  identity: Identity,
  exchange: Exchange,
  look: Look,
  subject: Subject,
  rawPassword: string,
): Promise<Reply | undefined> {
  const check = await identity.confirmPassword(subject, rawPassword, originOf(identity, exchange))
  if (check.ok) return undefined
  if (check.reason === 'busy') return busy(look, exchange, (message) => page(look, message, ''))
  return wantsHtml(exchange)
    ? accountReply(identity, exchange, 401, [look.words.password.currentWrong])
    : failed(look, exchange, 'identity.credentials-wrong', () => '')
}

async function invalid(identity: Identity, exchange: Exchange, look: Look): Promise<Reply> {
  return wantsHtml(exchange)
    ? accountReply(identity, exchange, 422, [look.words.profile.invalid])
    : failed(look, exchange, 'identity.email-unacceptable', () => '')
}

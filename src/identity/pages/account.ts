import { type Exchange, type Subject, wantsHtml } from '../../core/exchange.ts'
import type { Reply } from '../../core/reply.ts'
import type { SessionRow } from '../../store/index.ts'
import type { Account } from '../accounts.ts'
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
  paragraph,
} from '../html.ts'
import { type Identity, sessionRef } from '../identity.ts'
import { timeIn } from '../mail/correspondence.ts'
import { readUserAgent } from '../user-agent.ts'
import { fill } from '../words.ts'
import { html, json, lookOf, queryOf } from './form.ts'

/** What a part of the account page is made from. */
export interface AccountView {
  readonly identity: Identity
  readonly subject: Subject
  readonly account: Account
  readonly sessions: readonly SessionRow[]
  readonly look: Look
}

/** A part of the account page: its HTML, for somebody who is signed in. Empty where there is nothing to show. */
type Section = (view: AccountView) => string | Promise<string>

/** The parts of the account page, in their order. A feature adds its own line. */
const SECTIONS: readonly Section[] = [
  bannerSection,
  profileSection,
  passwordSection,
  factorsSection,
  sessionsSection,
  deletionSection,
  signOutSection,
]

/** What somebody sees of his own account. */
export function accountPage(identity: Identity, exchange: Exchange): Promise<Reply> {
  return accountReply(identity, exchange, 200, [])
}

/** The account page with messages above it, or the facts for a program. */
export async function accountReply(
  identity: Identity,
  exchange: Exchange,
  status: number,
  messages: readonly string[],
): Promise<Reply> {
  const { subject } = exchange
  const account = subject && (await identity.accounts.find(subject.id))
  if (!subject || !account) throw new Error('a route that requires sign-in was reached without a subject')
  const sessions = await identity.sessions.list(account.id)
  const look = lookOf(identity, exchange)
  if (!wantsHtml(exchange)) return json(200, factsOf({ identity, subject, account, sessions, look }))
  const { words } = look
  const news: Readonly<Record<string, string>> = {
    changed: words.reset.done.split('.')[0] ?? '',
    saved: words.profile.saved,
    asked: words.profile.emailSent,
    ended: words.sessions.ended,
    kept: words.deletion.kept,
    email: words.profile.confirmed,
  }
  const parts = [notice(news[queryOf(exchange).get('done') ?? '']), alerts(messages)]
  for (const section of SECTIONS) parts.push(await section({ identity, subject, account, sessions, look }))
  return html(status, page(look, words.account.title, parts.filter((part) => part !== '').join('\n'), 'wide'))
}

function factsOf({
  identity,
  subject,
  account,
  sessions,
  look,
}: AccountView): Readonly<Record<string, unknown>> {
  return {
    id: subject.id,
    email: subject.email,
    name: subject.name,
    roles: subject.roles,
    ...(subject.impersonator && { impersonator: subject.impersonator }),
    ...(account.deleteAfterMs !== null && { delete_after: new Date(account.deleteAfterMs).toISOString() }),
    sessions: sessions.map((session) => ({
      ref: sessionRef(session),
      device: deviceName(session, look),
      ip: session.ip,
      place: identity.placeOf(session.ip) ?? null,
      since: new Date(session.created_at).toISOString(),
      last_used: new Date(session.last_used_at).toISOString(),
      current: sessionRef(session) === subject.sessionRef,
    })),
  }
}

function bannerSection({ subject, look }: AccountView): string {
  const { impersonator, email } = subject
  return impersonator
    ? alerts([fill(look.words.impersonation.banner, { email, reason: impersonator.reason })])
    : ''
}

function profileSection({ subject, look }: AccountView): string {
  const { account, form: fields, profile } = look.words
  const name = field('name', fields.name, { value: subject.name, autocomplete: 'name', maxlength: '200' })
  const email = [
    field('email', profile.newEmail, { ...EMAIL, autocomplete: 'email' }),
    field('current', fields.currentPassword, { ...CURRENT_PASSWORD, id: 'email-current' }),
  ]
  return `<section><h2>${escapeHtml(profile.title)}</h2>
<dl><dt>${escapeHtml(fields.email)}</dt><dd>${escapeHtml(subject.email)}</dd>
<dt>${escapeHtml(account.roles)}</dt><dd>${escapeHtml(subject.roles.join(', ') || account.noRoles)}</dd></dl>
${form(PAGES.profile, name, profile.submit)}
<details><summary>${escapeHtml(profile.emailSubmit)}</summary>
${form(PAGES.email, email.join('\n'), profile.emailSubmit)}
</details></section>`
}

function passwordSection({ look }: AccountView): string {
  const { form: fields, password } = look.words
  return `<section><h2>${escapeHtml(fields.password)}</h2>
<p><a href="${PAGES.password}">${escapeHtml(password.title)}</a></p></section>`
}

function factorsSection({ look }: AccountView): string {
  const { factors } = look.words
  return `<section><h2>${escapeHtml(factors.title)}</h2>
<p><a href="${PAGES.factors}">${escapeHtml(factors.manage)}</a></p></section>`
}

function sessionsSection({ identity, subject, sessions, look }: AccountView): string {
  const { sessions: words } = look.words
  const rows = sessions.map((session) => {
    const isCurrent = sessionRef(session) === subject.sessionRef
    const place = [identity.placeOf(session.ip), session.ip].filter((part) => part !== undefined).join(', ')
    const by =
      session.impersonation_reason == null
        ? ''
        : `<br>${escapeHtml(fill(words.byOperator, { reason: session.impersonation_reason }))}`
    const end = isCurrent
      ? `<em>${escapeHtml(words.current)}</em>`
      : form(PAGES.sessions, hidden('ref', sessionRef(session)), words.end, 'quiet')
    return `<li><div><strong>${escapeHtml(deviceName(session, look))}</strong>${by}
<br>${escapeHtml(place)}
<br>${escapeHtml(words.lastUse)}: ${escapeHtml(timeIn(look.language, session.last_used_at))}</div>
${end}</li>`
  })
  const others =
    sessions.length > 1 ? form(PAGES.sessions, hidden('others', 'yes'), words.endOthers, 'quiet') : ''
  return `<section><h2>${escapeHtml(words.title)}</h2>
<ul class="rows">${rows.join('\n')}</ul>
${others}</section>`
}

function deletionSection({ identity, account, look }: AccountView): string {
  if (!identity.own.mayDelete) return ''
  const { deletion, form: fields } = look.words
  if (account.deleteAfterMs !== null) {
    const time = timeIn(look.language, account.deleteAfterMs)
    return `<section><h2>${escapeHtml(deletion.title)}</h2>
${alerts([fill(deletion.planned, { time })])}
${form(PAGES.deletion, hidden('keep', 'yes'), deletion.keep)}</section>`
  }
  const current = field('current', fields.currentPassword, { ...CURRENT_PASSWORD, id: 'deletion-current' })
  const why = fill(deletion.why, { days: identity.config.deletion.grace_days })
  return `<section><h2>${escapeHtml(deletion.title)}</h2>
<details><summary>${escapeHtml(deletion.submit)}</summary>
${paragraph(why)}
${form(PAGES.deletion, current, deletion.submit)}
</details></section>`
}

function signOutSection({ look }: AccountView): string {
  return form(PAGES.signOut, '', look.words.signOut.submit)
}

function deviceName(session: SessionRow, look: Look): string {
  const { browser, system } = readUserAgent(session.user_agent)
  const { sessions: words } = look.words
  if (browser !== undefined && system !== undefined) return fill(words.on, { browser, system })
  return browser ?? system ?? words.unknownDevice
}

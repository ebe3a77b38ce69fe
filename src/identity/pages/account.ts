import { type Exchange, type Subject, wantsHtml } from '../../core/exchange.ts'
import type { Reply } from '../../core/reply.ts'
import { escapeHtml, type Look, page, PAGES } from '../html.ts'
import type { Identity } from '../identity.ts'
import { html, json, lookOf } from './form.ts'

/** A part of the account page: its HTML, for somebody who is signed in. */
type Section = (asked: {
  readonly identity: Identity
  readonly exchange: Exchange
  readonly subject: Subject
  readonly look: Look
}) => string | Promise<string>

/** The parts of the account page, in their order. A feature adds its own line. */
const SECTIONS: readonly Section[] = [profileSection, factorsSection, signOutSection]

/** What somebody sees of his own account. */
export async function accountPage(identity: Identity, exchange: Exchange): Promise<Reply> {
  const { subject } = exchange
  if (!subject) throw new Error('a route that requires sign-in was reached without a subject')
  const { id, email, name, roles } = subject
  if (!wantsHtml(exchange)) return json(200, { id, email, name, roles })
  const look = lookOf(exchange)
  const parts: string[] = []
  for (const section of SECTIONS) parts.push(await section({ identity, exchange, subject, look }))
  return html(200, page(look, look.words.account.title, parts.join('\n')))
}

function profileSection({ subject, look }: Parameters<Section>[0]): string {
  const { account, form, password } = look.words
  const facts = [
    [form.email, subject.email],
    [form.name, subject.name],
    [account.roles, subject.roles.join(', ') || account.noRoles],
  ] as const
  const rows = facts.map(([name, value]) => `<dt>${escapeHtml(name)}</dt><dd>${escapeHtml(value)}</dd>`)
  return `<dl>${rows.join('')}</dl>
<p><a href="${PAGES.password}">${escapeHtml(password.title)}</a></p>`
}

function factorsSection({ look }: Parameters<Section>[0]): string {
  return `<p><a href="${PAGES.factors}">${escapeHtml(look.words.factors.title)}</a></p>`
}

function signOutSection({ look }: Parameters<Section>[0]): string {
  const { submit } = look.words.signOut
  return `<form method="post" action="${PAGES.signOut}"><button>${escapeHtml(submit)}</button></form>`
}

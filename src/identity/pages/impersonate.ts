import { type Exchange, wantsHtml } from '../../core/exchange.ts'
import { redirectReply, type Reply } from '../../core/reply.ts'
import { form, hidden, page, PAGES, paragraph } from '../html.ts'
import type { Identity } from '../identity.ts'
import { fill } from '../words.ts'
import { html, json, linkGone, lookOf, originOf, queryOf, readForm, record, setSession } from './form.ts'

/** The page of a link that an operator was given to act as somebody. */
export async function impersonatePage(identity: Identity, exchange: Exchange): Promise<Reply> {
  const look = lookOf(identity, exchange)
  const { impersonation } = look.words
  const gone = (): Reply => linkGone(look, exchange, impersonation.title, impersonation.gone)
  if (exchange.method !== 'POST') {
    const token = queryOf(exchange).get('t') ?? ''
    const link = await identity.impersonation.look(token)
    if (!link) return gone()
    const why = fill(impersonation.why, { email: link.account.email, reason: link.reason })
    const content = paragraph(why) + form(PAGES.impersonate, hidden('t', token), impersonation.submit)
    return html(200, page(look, impersonation.title, content))
  }
  const fields = await readForm(exchange)
  const opened = await identity.impersonation.open(fields.get('t') ?? '', originOf(identity, exchange))
  if (!opened) return gone()
  const { account, operator, reason } = opened
  record(identity, exchange, 'identity.impersonation-started', 'success', account.id, { operator, reason })
  setSession(identity, exchange, opened.token)
  return wantsHtml(exchange) ? redirectReply(303, PAGES.account) : json(200, { acting_as: account.email })
}

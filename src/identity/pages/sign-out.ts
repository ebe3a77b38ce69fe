import { readCookie } from '../../core/cookies.ts'
import { type Exchange, wantsHtml } from '../../core/exchange.ts'
import { redirectReply, type Reply } from '../../core/reply.ts'
import { escapeHtml, type Look, page, PAGES } from '../html.ts'
import type { Identity } from '../identity.ts'
import { cookieOf, html, json, lookOf } from './form.ts'

/** One button to sign out, and what it does. */
export async function signOutPage(identity: Identity, exchange: Exchange): Promise<Reply> {
  if (exchange.method !== 'POST') return html(200, signOutForm(lookOf(exchange)))
  const cookie = cookieOf(identity, exchange)
  const token = readCookie(exchange.headers.all('cookie'), cookie.name)
  if (token !== undefined) await identity.sessions.end(token)
  if (exchange.subject) {
    exchange.events.push({ kind: 'identity.signed-out', outcome: 'success', subject: exchange.subject.id })
  }
  exchange.replyHeaders.push('Set-Cookie', cookie.clear())
  return wantsHtml(exchange) ? redirectReply(303, PAGES.signIn) : json(200, { signed_out: true })
}

function signOutForm(look: Look): string {
  const { signOut } = look.words
  return page(
    look,
    signOut.title,
    `<form method="post" action="${PAGES.signOut}"><button autofocus>${escapeHtml(signOut.submit)}</button></form>`,
  )
}

import { readCookie } from '../../core/cookies.ts'
import type { Exchange } from '../../core/exchange.ts'
import { isLoopback } from '../../core/ip.ts'
import type { Reply } from '../../core/reply.ts'
import { sessionCookie } from '../cookie.ts'
import type { RelyingParty } from '../factors/webauthn.ts'
import { escapeHtml, type Look, page, PAGES } from '../html.ts'
import type { Identity } from '../identity.ts'
import type { Shown } from '../second-step.ts'
import { hashToken } from '../sessions.ts'
import { html } from './form.ts'

/** The site as the browser sees it; undefined where passkeys cannot be: switched off, on a bare address, or over plain HTTP. */
export function partyOf({ config }: Identity, { host, client }: Exchange): RelyingParty | undefined {
  const { enabled, name, rp_id: configured } = config.passkeys
  if (!enabled || !host.ok || /^[\d.]+$|[:[\]]/.test(host.name)) return undefined
  const isSecure = client.scheme === 'https' || host.name === 'localhost' || host.name.endsWith('.localhost')
  const id = configured ?? host.name
  if (!isSecure || (host.name !== id && !host.name.endsWith(`.${id}`))) return undefined
  const usual = client.scheme === 'https' ? 443 : 80
  const port = host.port === undefined || host.port === usual ? '' : `:${host.port}`
  return { id, name, origin: `${client.scheme}://${host.name}${port}` }
}

/** Who asks for a challenge without being signed in: a cookie of this browser, given where there is none. */
export function holderOf(identity: Identity, exchange: Exchange): string {
  const { scheme } = exchange.client
  const cookie = sessionCookie(identity.realm, scheme === 'https', 'strict', 'ceremony')
  const known = readCookie(exchange.headers.all('cookie'), cookie.name)
  if (known !== undefined && /^[\w-]{43}$/.test(known)) return hashToken(known)
  const token = Buffer.from(identity.random(32)).toString('base64url')
  exchange.replyHeaders.push('Set-Cookie', cookie.set(token))
  return hashToken(token)
}

/** A form that asks the browser for a passkey. It stays hidden where there is no script or no passkey. */
export function passkeyForm(
  look: Look,
  form: {
    readonly kind: 'get' | 'create'
    readonly action: string
    readonly options: object
    readonly submit: string
    /** Attributes and fields of the page's own, as HTML. */
    readonly attributes?: string
    readonly fields?: string
  },
): string {
  return `<form method="post" action="${form.action}" data-passkey="${form.kind}" data-options="${escapeHtml(JSON.stringify(form.options))}"${form.attributes ?? ''} hidden>
<input type="hidden" name="passkey" value="">${form.fields ?? ''}
<p class="alert" role="alert" data-failed hidden>${escapeHtml(look.words.passkey.failed)}</p>
<button class="second">${escapeHtml(form.submit)}</button>
</form>`
}

/** A page with the script of passkeys, under a policy that runs it by its nonce and nothing else at all. */
export function scriptedPage(
  identity: Identity,
  status: number,
  look: Look,
  title: string,
  content: string,
  headers: readonly string[] = [],
): Reply {
  const nonce = Buffer.from(identity.random(18)).toString('base64')
  const policy = [
    "default-src 'none'",
    `script-src 'nonce-${nonce}'`,
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; ')
  const script = `<script src="${PAGES.script}" nonce="${nonce}" defer></script>`
  return html(status, page(look, title, `${content}\n${script}`), [
    ...headers,
    'Content-Security-Policy',
    policy,
  ])
}

/** What a form shows: a code, or a passkey. */
export function shownIn(
  fields: ReadonlyMap<string, string>,
  party: RelyingParty | undefined,
  holder: string,
): Shown {
  const raw = fields.get('passkey') ?? ''
  if (raw === '' || !party) return { code: (fields.get('code') ?? '').slice(0, 64) }
  return { passkey: parsed(raw), party, holder }
}

/** JSON that a client sent; undefined for what is none. */
export function parsed(raw: string): unknown {
  try {
    return JSON.parse(raw)
  } catch {
    return undefined
  }
}

/** Whether a form comes over a line that anybody can read. */
export function isExposed(identity: Identity, { client }: Exchange): boolean {
  return client.scheme === 'http' && identity.config.session.secure_cookie && !isLoopback(client.ip)
}

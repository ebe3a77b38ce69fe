import type { HtmlTag } from './html-tag.ts'

/**
 * Whether a form sends POST requests to the origin of its page. Only such a form gets a token: one that posts elsewhere would give it
 * away. An address that cannot be read goes nowhere.
 */
export function postsToOwnOrigin(form: HtmlTag, baseUrl: string, pageUrl: string): boolean {
  if (form.isCut || form.attributes.get('method')?.toLowerCase() !== 'post') return false
  const rawAction = form.attributes.get('action')?.trim() ?? ''
  if (PLAIN_PATH.test(rawAction)) return isSameOrigin(baseUrl, pageUrl)
  // An empty action is the page itself, whatever its base (HTML 4.10.21.3).
  const target = URL.parse(rawAction === '' ? pageUrl : rawAction, baseUrl)
  return target !== null && target.origin === URL.parse(pageUrl)?.origin
}

// A path that can be read in one way only, as nearly all are: it needs no parser.
const PLAIN_PATH = /^\/(?:[a-z0-9_.?=&-][a-z0-9_.?=&/-]*)?$/i

function isSameOrigin(baseUrl: string, pageUrl: string): boolean {
  return baseUrl === pageUrl || URL.parse(baseUrl)?.origin === URL.parse(pageUrl)?.origin
}

/** The name of the field that is put into forms. The application sees it, and is free to ignore it. */
export const FORM_FIELD = 'ringwall-form-token'

const FORM_TYPES = new Set(['application/x-www-form-urlencoded', 'multipart/form-data', 'text/plain', ''])

/** Whether a form can send a body of this type (HTML 4.10.21.3); a body without a type can come of a script without a preflight. */
export function isFormType(rawType: string | undefined): boolean {
  return FORM_TYPES.has((rawType?.split(';')[0] ?? '').trim().toLowerCase())
}

/**
 * The token in the first bytes of a form's body. Looked for, not parsed: who knows a token may put it anywhere, and who does not gains
 * nothing by a body that two parsers read differently.
 */
export function findFormToken(rawType: string | undefined, bytes: Uint8Array): string | undefined {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
  const isMultipart = (rawType?.split(';')[0] ?? '').trim().toLowerCase() === 'multipart/form-data'
  const mark = isMultipart ? `name="${FORM_FIELD}"\r\n\r\n` : `${FORM_FIELD}=`
  const at = text.indexOf(mark)
  if (at === -1) return undefined
  const from = at + mark.length
  return /^[A-Za-z0-9_.-]*/.exec(text.slice(from, from + 200))?.[0]
}

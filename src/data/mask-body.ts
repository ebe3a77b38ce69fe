import type { Render } from './mask-action.ts'
import type { FieldMask, FieldNames } from './mask-fields.ts'
import type { Masker } from './masker.ts'

const HIDDEN = '***'

/** A value of a field that is text. */
export function maskFieldText(mask: FieldMask, value: string, render: Render): string {
  return mask === 'secret' || mask === 'line' || mask === 'hidden' ? HIDDEN : render(mask, value)
}

/** JSON text with the value masked that it stands for; the text itself where nothing is to mask; undefined if it is no JSON. */
export function maskJsonText(text: string, mask: (value: unknown) => unknown): string | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  const masked = mask(value)
  return masked === value ? text : JSON.stringify(masked)
}

/** `a=b&c=d`, percent-encoded: values of sensitive names masked, the others masked as text. Order and writing of the rest stay. */
export function maskQuery(query: string, masker: Masker): string {
  const start = query.startsWith('?') ? 1 : 0
  const pairs = query
    .slice(start)
    .split('&')
    .map((pair) => maskPair(pair, masker))
  return query.slice(0, start) + pairs.join('&')
}

function maskPair(pair: string, masker: Masker): string {
  const sign = pair.indexOf('=')
  const name = decode(sign < 0 ? '' : pair.slice(0, sign))
  const value = decode(pair.slice(sign + 1))
  const mask = masker.fieldMask(lastPart(name))
  const masked = mask === undefined ? masker.text(value) : maskFieldText(mask, value, masker.render)
  return masked === value || value === ''
    ? pair
    : pair.slice(0, sign + 1) + encodeURIComponent(masked).replaceAll('%2A', '*')
}

/** `user[password]` and `user.password` are about a password; separators of words stay. */
function lastPart(name: string): string {
  const parts = name.split(/[[\].]+/).filter((part) => part !== '')
  return parts.at(-1) ?? name
}

/** What it stands for; what is no percent-encoding stands for itself. */
function decode(text: string): string {
  const spaced = text.replaceAll('+', ' ')
  try {
    return decodeURIComponent(spaced)
  } catch {
    return spaced
  }
}

const MAX_BOUNDARY = 72
const MAX_PARTS = 1000

/** A multipart body (RFC 7578) with the parts of sensitive names masked. Files become their length. */
export function maskMultipart(body: string, names: FieldNames, render: Render): string {
  const lineEnd = body.indexOf('\n')
  const boundary = body.slice(0, Math.max(0, lineEnd)).trimEnd()
  if (!boundary.startsWith('--') || boundary.length > MAX_BOUNDARY || boundary.length < 3) return body
  const parts = body.split(boundary)
  // More parts than any form has: nothing of it is shown.
  if (parts.length > MAX_PARTS) return `[multipart of ${body.length} characters]`
  return parts.map((part) => maskPart(part, names, render)).join(boundary)
}

function maskPart(part: string, names: FieldNames, render: Render): string {
  const break_ = part.includes('\r\n\r\n') ? '\r\n\r\n' : '\n\n'
  const at = part.indexOf(break_)
  if (at < 0) return part
  const head = part.slice(0, at)
  const start = at + break_.length
  const end = part.endsWith('\r\n') ? part.length - 2 : part.endsWith('\n') ? part.length - 1 : part.length
  const name = parameterOf(head, 'name')
  const mask = name === undefined ? undefined : names.maskOf(lastPart(name))
  const content = part.slice(start, Math.max(start, end))
  const isFile = parameterOf(head, 'filename') !== undefined
  const masked = isFile
    ? `[${content.length} characters]`
    : mask === undefined
      ? content
      : maskFieldText(mask, content, render)
  return part.slice(0, start) + masked + part.slice(Math.max(start, end))
}

/** A parameter of the part's Content-Disposition, quoted or not. */
function parameterOf(head: string, parameter: string): string | undefined {
  const lower = head.toLowerCase()
  for (let at = lower.indexOf(`${parameter}=`); at >= 0; at = lower.indexOf(`${parameter}=`, at + 1)) {
    if (/[\w*-]/.test(lower.charAt(at - 1))) continue
    const from = at + parameter.length + 1
    if (head.charAt(from) !== '"') return head.slice(from).split(/[;\s]/, 1)[0]
    const close = head.indexOf('"', from + 1)
    return head.slice(from + 1, close < 0 ? undefined : close)
  }
  return undefined
}

/** A URL as text: its user information, its query by names, and all of it as text. */
export function maskUrlText(url: string, masker: Masker): string {
  const mark = url.indexOf('?')
  if (mark < 0) return masker.text(url)
  const hash = url.indexOf('#', mark)
  const end = hash < 0 ? url.length : hash
  return (
    masker.text(url.slice(0, mark)) + maskQuery(url.slice(mark, end), masker) + masker.text(url.slice(end))
  )
}

/** A body of a media type: JSON, a form, multipart, or text. */
export function maskBody(body: string, mediaType: string, masker: Masker): string {
  const type = mediaType.split(';', 1)[0]?.trim().toLowerCase() ?? ''
  if (type === 'application/x-www-form-urlencoded') return maskQuery(body, masker)
  if (type.startsWith('multipart/'))
    return masker.text(maskMultipart(body, { maskOf: (name) => masker.fieldMask(name) }, masker.render))
  if (type === 'application/json' || type.endsWith('+json')) {
    const masked = maskJsonText(body, (value) => masker.value(value))
    if (masked !== undefined) return masked
  }
  return masker.text(body)
}

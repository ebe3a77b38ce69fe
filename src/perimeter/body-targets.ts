import { readXml } from './bodies/xml.ts'
import { decodeEscapes } from './decoding.ts'
import { formTargets } from './head-targets.ts'
import type { Target } from './inspect.ts'

/** How a body is read. `none`: nothing in it is looked at. */
export type BodyKind = 'form' | 'json' | 'multipart' | 'xml' | 'text' | 'none'

/** What the declared type makes of a body; an unknown or missing type is text, so that it cannot be used to hide. */
export function bodyKind(contentType: string | undefined): BodyKind {
  const type = (contentType?.split(';')[0] ?? '').trim().toLowerCase()
  if (type === 'application/x-www-form-urlencoded') return 'form'
  if (type === 'application/json' || type.endsWith('+json')) return 'json'
  if (type.startsWith('multipart/')) return 'multipart'
  if (
    type === 'text/xml' ||
    type === 'application/xml' ||
    (type.endsWith('+xml') && type !== 'image/svg+xml')
  )
    return 'xml'
  if (/^(?:image|audio|video|font)\//.test(type)) return type === 'image/svg+xml' ? 'text' : 'none'
  if (/^application\/(?:octet-stream|pdf|zip|gzip|x-tar|wasm|vnd\.|grpc|x-protobuf|protobuf)/.test(type))
    return 'none'
  return 'text'
}

/** The values of a body. */
export function* bodyTargets(bytes: Uint8Array, contentType: string | undefined): Generator<Target> {
  const text = latin1.decode(bytes)
  switch (bodyKind(contentType)) {
    case 'form':
      yield* formTargets(text, 'ARGS')
      return
    case 'json':
      yield* jsonTargets(text)
      return
    case 'multipart':
      yield* multipartTargets(text, boundaryOf(contentType))
      return
    case 'xml':
      yield* xmlTargets(text)
      return
    case 'text':
      yield { variable: 'BODY', value: text }
      return
    case 'none':
  }
}

// Not `latin1`: that label means windows-1252 in the Encoding standard. Bytes 0 to 255 become U+0000 to U+00FF.
const latin1 = {
  decode(bytes: Uint8Array): string {
    const CHUNK = 8192
    let text = ''
    for (let i = 0; i < bytes.length; i += CHUNK) text += String.fromCharCode(...bytes.subarray(i, i + CHUNK))
    return text
  },
}

/**
 * Every string of a JSON text, in keys and values, found by their quotes: so that repeated keys, deep nesting and damage do
 * not hide anything, and nothing recurses.
 */
export function* jsonTargets(text: string): Generator<Target> {
  let key = ''
  for (let i = text.indexOf('"'); i >= 0; i = text.indexOf('"', i)) {
    let end = i + 1
    while (end < text.length && text[end] !== '"') end += text[end] === '\\' ? 2 : 1
    const raw = text.slice(i + 1, Math.min(end, text.length))
    const value = raw.includes('\\') ? decodeJsonString(raw) : raw
    i = Math.min(end + 1, text.length)
    let next = i
    while (next < text.length && text.charCodeAt(next) <= 32) next++
    if (text[next] === ':') {
      key = value.slice(0, 64)
      yield { variable: 'JSON_NAMES', value }
    } else yield { variable: `JSON:${key}`, value }
  }
}

/** Texts and attribute values of a document; names of elements are no data. What is no XML is one text. */
function* xmlTargets(text: string): Generator<Target> {
  const { xml, error } = readXml(text)
  if (!xml || error !== undefined) yield { variable: 'BODY', value: text }
  let joined = ''
  for (const value of xml?.text ?? []) {
    // After the single texts comes all of them as one, which reads words together that do not stand together.
    if (value !== joined) yield { variable: 'XML', value }
    joined += value
  }
  for (const value of xml?.attributes ?? []) yield { variable: 'XML_ATTRIBUTES', value }
}

function decodeJsonString(raw: string): string {
  const SHORT: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', b: '\b', f: '\f' }
  return decodeEscapes(raw).replaceAll(/\\(.)/gs, (_, char: string) => SHORT[char] ?? char)
}

function boundaryOf(contentType: string | undefined): string | undefined {
  const match = /;\s*boundary=(?:"([^"]{1,70})"|([^\s;"]{1,70}))/i.exec(contentType ?? '')
  return match?.[1] ?? match?.[2]
}

/** The fields of a multipart body, and names and file names of all parts (RFC 7578). Contents of files are not looked at. */
function* multipartTargets(text: string, boundary: string | undefined): Generator<Target> {
  if (boundary === undefined) {
    yield { variable: 'BODY', value: text }
    return
  }
  for (const part of text.split(`--${boundary}`).slice(1)) {
    const end = part.indexOf('\r\n\r\n')
    if (end < 0) continue
    const head = part.slice(0, end)
    const disposition = /^content-disposition:(.*)$/im.exec(head)?.[1] ?? ''
    const name = /[;\s]name="?([^";]*)/i.exec(disposition)?.[1] ?? ''
    const file = /filename\*?="?([^";]*)/i.exec(disposition)?.[1]
    yield { variable: 'ARGS_NAMES', value: name }
    if (file === undefined)
      yield { variable: `ARGS:${name.slice(0, 64)}`, value: part.slice(end + 4).replace(/\r\n$/, '') }
    else yield { variable: `FILES:${name.slice(0, 64)}`, value: file }
  }
}

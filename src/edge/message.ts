import type { RawRequest } from '../core/exchange.ts'

const METHOD = /^[A-Z][A-Z-]{0,31}$/
const MAX_FIELDS = 100
/** CONNECT and TRACE are not for a gateway (RFC 9110 9.3.6, 9.3.8); the others are of protocols that Node's parser reads too. */
const NOT_SERVED = new Set(
  'TRACE CONNECT PRI SOURCE DESCRIBE ANNOUNCE SETUP PLAY PAUSE TEARDOWN RECORD FLUSH'.split(' '),
)

/**
 * Fields that belong to the message and not to the connection (RFC 9110 7.6.1). Who names one of them asks a gateway to take
 * away what the application decides by.
 */
const OF_THE_MESSAGE =
  /^(?:host|content-.*|transfer-encoding|authorization|cookie|origin|referer|range|expect|date|cache-control|forwarded|x-forwarded-.*|x-real-ip|x-api-key|ringwall-.*)$/

/**
 * Why a message is refused although Node's parser took it: wherever two readers could disagree about where it ends, what
 * it asks or who sent it (RFC 9112 6.3, 11.2). Undefined when there is no doubt.
 */
export function doubtInMessage(
  raw: RawRequest,
  allowGetBody = false,
  /** Whether the protocol says that there is a body where no field does: HTTP/2 ends it by a flag. */
  isBodyToCome = false,
): string | undefined {
  // `2` is said by our own reader of HTTP/2; `HTTP/2.0` in the text of a request line is no version of that text.
  if (raw.httpVersion !== '1.1' && raw.httpVersion !== '1.0' && raw.httpVersion !== '2')
    return `HTTP version ${raw.httpVersion}`
  if (!METHOD.test(raw.method)) return 'a method that is not upper-case letters'
  if (NOT_SERVED.has(raw.method)) return `the method ${raw.method}`
  if (raw.headers.length / 2 > MAX_FIELDS) return `more than ${MAX_FIELDS} fields`
  let transferEncoding: string | undefined
  let contentLength: string | undefined
  for (let i = 0; i < raw.headers.length; i += 2) {
    const rawName = raw.headers[i] as string
    const value = raw.headers[i + 1] as string
    if (rawName.includes('_')) return `an underscore in the field name \`${rawName}\``
    if (hasControl(value)) return `a control byte in the field \`${rawName}\``
    const name = rawName.toLowerCase()
    if (name === 'transfer-encoding') {
      if (transferEncoding !== undefined) return 'two Transfer-Encoding fields'
      transferEncoding = value
    } else if (name === 'content-length') {
      if (contentLength !== undefined) return 'two Content-Length fields'
      contentLength = value
    } else if (name === 'connection') {
      const named = messageFieldIn(value)
      if (named !== undefined) return `a Connection field that names \`${named}\``
    } else if (name === 'expect' && value.toLowerCase() !== '100-continue')
      return 'an Expect other than 100-continue'
  }
  return doubtInFraming(raw, transferEncoding, contentLength, allowGetBody, isBodyToCome)
}

function doubtInFraming(
  raw: RawRequest,
  transferEncoding: string | undefined,
  contentLength: string | undefined,
  allowGetBody: boolean,
  isBodyToCome: boolean,
): string | undefined {
  if (transferEncoding !== undefined) {
    if (transferEncoding !== 'chunked') return 'a Transfer-Encoding other than `chunked`'
    if (raw.httpVersion !== '1.1') return 'a Transfer-Encoding outside of HTTP/1.1'
    if (contentLength !== undefined) return 'both Transfer-Encoding and Content-Length'
  }
  if (contentLength !== undefined && !/^(0|[1-9]\d{0,14})$/.test(contentLength))
    return 'a Content-Length that is not one plain number'
  const isUpgrade = raw.headers.some(
    (name, i) =>
      i % 2 === 0 && name.toLowerCase() === 'upgrade' && raw.headers[i + 1]?.toLowerCase() === 'websocket',
  )
  const hasBody =
    transferEncoding !== undefined || (contentLength !== undefined && contentLength !== '0') || isBodyToCome
  // RFC 6455 4.1: a GET without a body. After the head the bytes are another protocol's.
  if (isUpgrade && (raw.method !== 'GET' || hasBody || raw.httpVersion === '1.0'))
    return 'a WebSocket handshake that is not a GET of HTTP/1.1 without a body'
  if (hasBody && (raw.method === 'HEAD' || (raw.method === 'GET' && !allowGetBody)))
    return `a body with ${raw.method}`
  return undefined
}

/** A field of the message that is named as one of the connection. */
function messageFieldIn(connection: string): string | undefined {
  return connection
    .split(',')
    .map((name) => name.trim().toLowerCase())
    .find((name) => OF_THE_MESSAGE.test(name))
}

function hasControl(value: string): boolean {
  for (let i = 0; i < value.length; i++) {
    const code = value.charCodeAt(i)
    if ((code < 32 && code !== 9) || code === 127) return true
  }
  return false
}

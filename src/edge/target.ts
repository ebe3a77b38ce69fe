import type { Target } from '../core/exchange.ts'

const MAX_TARGET = 16 * 1024
/** RFC 3986 pchar and slash, and `[ ] | ^` which browsers leave as they are (WHATWG URL, path percent-encode set). */
const PATH = /^[A-Za-z0-9\-._~!$&'()*+,;=:@/%[\]|^]+$/
const PRINTABLE = /^[\x21-\x7e]*$/
const UNRESERVED = /[A-Za-z0-9\-._~]/
const utf8 = new TextDecoder('utf-8', { fatal: true })

/**
 * Reads a request target in exactly one way, or says why there would be two. Percent-encoded unreserved characters are
 * decoded and slashes merged (RFC 3986 6.2.2); nothing else is repaired. What a lenient reader behind us could take for
 * another path is refused: encoded slashes and backslashes, control bytes, dot segments in any spelling, `..;`, double
 * encoding of these, and bytes that are not UTF-8.
 */
export function readTarget(rawTarget: string, rawHost: string | undefined): Target {
  if (rawTarget.length > MAX_TARGET) return ambiguous(`longer than ${MAX_TARGET} bytes`)
  const origin = originForm(rawTarget, rawHost)
  if (origin === undefined) return ambiguous('not a path, or the authority in it is not the Host')
  const at = origin.indexOf('?')
  const rawPath = at < 0 ? origin : origin.slice(0, at)
  const rawQuery = at < 0 ? '' : origin.slice(at)
  if (!PRINTABLE.test(rawQuery) || rawQuery.includes('#'))
    return ambiguous('a character in the query that must be encoded')
  if (!PATH.test(rawPath)) return ambiguous('a character in the path that must be encoded')
  const path = canonicalPath(rawPath)
  if (path === undefined) return ambiguous('a damaged percent-encoding')
  const decoded = decodeUtf8(path)
  if (decoded === undefined) return ambiguous('bytes that are not UTF-8')
  const reason = doubtIn(path, decoded)
  return reason === undefined ? { ok: true, path, rawQuery, decodedPath: decoded } : ambiguous(reason)
}

function ambiguous(reason: string): Target {
  return { ok: false, reason }
}

/** A path; or an absolute URL (RFC 9112 3.2.2) if it names the same authority as Host. */
function originForm(rawTarget: string, rawHost: string | undefined): string | undefined {
  if (rawTarget.startsWith('/')) return rawTarget
  const absolute = /^https?:\/\/([^/?#]*)(.*)$/i.exec(rawTarget)
  if (!absolute || rawHost === undefined || absolute[1]?.toLowerCase() !== rawHost.toLowerCase())
    return undefined
  const rest = absolute[2] ?? ''
  return rest.startsWith('/') ? rest : `/${rest}`
}

function canonicalPath(rawPath: string): string | undefined {
  let path = ''
  for (let i = 0; i < rawPath.length; i++) {
    const char = rawPath[i] as string
    if (char === '%') {
      const hex = rawPath.slice(i + 1, i + 3)
      if (!/^[0-9A-Fa-f]{2}$/.test(hex)) return undefined
      const decoded = String.fromCharCode(Number.parseInt(hex, 16))
      path += UNRESERVED.test(decoded) ? decoded : `%${hex.toUpperCase()}`
      i += 2
    } else if (char !== '/' || !path.endsWith('/')) path += char
  }
  return path
}

function decodeUtf8(path: string): string | undefined {
  if (!path.includes('%')) return path
  const bytes = new Uint8Array(path.length)
  let length = 0
  for (let i = 0; i < path.length; i++) {
    if (path[i] === '%') {
      bytes[length++] = Number.parseInt(path.slice(i + 1, i + 3), 16)
      i += 2
    } else bytes[length++] = path.charCodeAt(i)
  }
  try {
    return utf8.decode(bytes.subarray(0, length))
  } catch {
    return undefined
  }
}

function doubtIn(path: string, decoded: string): string | undefined {
  if (/%(2F|5C)/.test(path)) return 'an encoded slash or backslash'
  if (/%(0[0-9A-F]|1[0-9A-F]|7F)/.test(path)) return 'an encoded control byte'
  if (decoded.includes('\\')) return 'a backslash'
  if (/%(2f|5c|2e|00)/i.test(decoded)) return 'a double encoding'
  if (/(^|\/)\.{1,2}(;|\/|$)/.test(decoded)) return 'a dot segment'
  // U+FF0E, U+FF0F and U+FF3C become `.`, `/` and `\` where a reader normalises to NFKC or to a legacy code page.
  if (/[\uff0e\uff0f\uff3c\u2044\u2215\u2216]/.test(decoded))
    return 'a character that some readers take for a dot or a slash'
  return undefined
}

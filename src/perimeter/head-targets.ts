import type { HeaderList } from '../core/headers.ts'
import { decodeFormValue } from './decoding.ts'
import type { Target } from './inspect.ts'

/** More parameters than any page sends; the rest of the query is looked at as one value. */
const MAX_PARAMETERS = 1000

/** Fields of HTTP itself, and those whose form is fixed; what an application reads as data is in the others. */
const PLAIN_FIELDS = new Set(
  (
    'host connection content-length content-type content-encoding transfer-encoding accept accept-encoding accept-language accept-charset ' +
    'authorization proxy-authorization cache-control pragma upgrade upgrade-insecure-requests te trailer via date expect range if-match ' +
    'if-none-match if-modified-since if-unmodified-since if-range origin dnt priority cookie sec-websocket-key sec-websocket-version ' +
    'sec-websocket-extensions sec-websocket-protocol keep-alive sec-fetch-site sec-fetch-mode sec-fetch-dest sec-fetch-user ' +
    'sec-ch-ua sec-ch-ua-mobile sec-ch-ua-platform save-data x-requested-with forwarded x-forwarded-proto x-forwarded-host'
  ).split(' '),
)

/** Path, parameters, cookies and fields of a request, as they came. */
export function* headTargets(rawTarget: string, headers: HeaderList): Generator<Target> {
  const at = rawTarget.indexOf('?')
  yield { variable: 'PATH', value: at < 0 ? rawTarget : rawTarget.slice(0, at) }
  if (at >= 0) yield* formTargets(rawTarget.slice(at + 1), 'ARGS')
  for (const [name, value] of headers) {
    const lower = name.toLowerCase()
    if (lower === 'cookie') yield* cookieTargets(value)
    else if (!PLAIN_FIELDS.has(lower))
      yield { variable: `HEADERS:${lower}`, value: lower === 'referer' ? afterAuthority(value) : value }
  }
}

/** `a=1&b=2` by name and value; names are values too. */
export function* formTargets(raw: string, collection: string): Generator<Target> {
  let from = 0
  for (let count = 0; from <= raw.length; count++) {
    const end = count < MAX_PARAMETERS ? raw.indexOf('&', from) : -1
    const pair = raw.slice(from, end < 0 ? raw.length : end)
    from += pair.length + 1
    if (pair === '') {
      if (from > raw.length) return
      continue
    }
    const equals = pair.indexOf('=')
    const name = decodeFormValue(equals < 0 ? pair : pair.slice(0, equals))
    yield { variable: `${collection}_NAMES`, value: name }
    if (equals >= 0)
      yield { variable: `${collection}:${name.slice(0, 64)}`, value: decodeFormValue(pair.slice(equals + 1)) }
  }
}

function* cookieTargets(value: string): Generator<Target> {
  for (const pair of value.split(';')) {
    const equals = pair.indexOf('=')
    const name = pair.slice(0, Math.max(equals, 0)).trim()
    yield { variable: `COOKIES:${name.slice(0, 64)}`, value: pair.slice(equals + 1).trim() }
  }
}

/** Path and query of an address: the scheme and the host of an ordinary Referer are no data. */
function afterAuthority(address: string): string {
  const authority = /^https?:\/\/[^/?#]*/i.exec(address)
  return authority ? address.slice(authority[0].length) : address
}

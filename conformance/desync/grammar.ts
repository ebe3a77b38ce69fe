/** One message of which two readers could think differently, and the paths that a reader may see in it. */
export interface Ambiguous {
  readonly index: number
  readonly bytes: string
}

type Pick = <T>(from: readonly T[]) => T

/** A small generator of numbers (mulberry32): the same seed, the same messages. */
function randomOf(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

const CODING_NAMES = [
  'Transfer-Encoding',
  'Transfer-Encoding',
  'Transfer-Encoding',
  'transfer-encoding',
  'TRANSFER-ENCODING',
  'Transfer_Encoding',
  'Transfer-Encoding ',
  'Transfer-Encoding\t',
  ' Transfer-Encoding',
  '\tTransfer-Encoding',
  'X: y\nTransfer-Encoding',
  'X: y\rTransfer-Encoding',
  'X: y\r\n Transfer-Encoding',
  'X:\r\nTransfer-Encoding',
  'Transfer-Encoding\0',
  '\x0bTransfer-Encoding',
  'Transfer-\xadEncoding',
  'Content-Encoding',
]
const CODINGS = [
  'chunked',
  'chunked',
  'chunked',
  ' chunked',
  '\tchunked',
  'chunked ',
  'chunked\t',
  'chunked\r',
  '\x0bchunked',
  'chunked\x0b',
  '\x0cchunked',
  'chunked\0',
  'Chunked',
  'cHuNkEd',
  'xchunked',
  'chunkedx',
  'chunked, identity',
  'identity, chunked',
  'gzip, chunked',
  'chunked, gzip',
  ',chunked',
  'chunked,',
  ', chunked',
  'chunked;q=1',
  '"chunked"',
  "'chunked'",
  'identity',
  '',
  '\r\n chunked',
  'chunked\r\n ',
  'chu\r\n nked',
  '\xa0chunked',
  'chunked\x85',
  '\xff',
  'chunked\nX: y',
]
const LENGTH_NAMES = [
  'Content-Length',
  'Content-Length',
  'Content-Length',
  'content-length',
  'Content_Length',
  'Content-Length ',
  ' Content-Length',
  'X: y\nContent-Length',
  'X: y\rContent-Length',
  'Content-Length\t',
  'Content-Length\0',
  'X-Content-Length',
]
const LENGTH_FORMS: readonly ((n: number) => string)[] = [
  String,
  String,
  String,
  (n) => ` ${n}`,
  (n) => `+${n}`,
  (n) => `0${n}`,
  (n) => `-${n}`,
  (n) => `0x${n.toString(16)}`,
  (n) => `${n},${n}`,
  (n) => `${n}, 0`,
  (n) => `0, ${n}`,
  (n) => `${n};`,
  (n) => `${n}\x0b`,
  (n) => `${n}\t`,
  (n) => `${n} 0`,
  (n) => `${n}.0`,
  (n) => `${n}e0`,
  (n) => `"${n}"`,
  (n) => `${n}\r\n 0`,
  (n) => `${n}\0`,
  (n) => String(n + 18_446_744_073_709_552_000),
  () => '',
]
const LINE_ENDS = ['\r\n', '\r\n', '\r\n', '\r\n', '\r\n', '\n', '\r', '\r\r\n', '\n\r\n', ' \r\n', '\0\r\n']
const CHUNK_SIZES: readonly ((n: number) => string)[] = [
  (n) => n.toString(16),
  (n) => n.toString(16),
  (n) => n.toString(16).toUpperCase(),
  (n) => `000${n.toString(16)}`,
  (n) => `0x${n.toString(16)}`,
  (n) => ` ${n.toString(16)}`,
  (n) => `${n.toString(16)} `,
  (n) => `${n.toString(16)}\t`,
  (n) => `+${n.toString(16)}`,
  (n) => `-${n.toString(16)}`,
  (n) => `${n.toString(16)};x=y`,
  (n) => `${n.toString(16)};\n`,
  (n) => `${n.toString(16)};\r`,
  (n) => `${n.toString(16)}\r`,
  (n) => `1${'0'.repeat(16)}${n.toString(16)}`,
  (n) => `${n.toString(16)}g`,
  (n) => `${n.toString(16)}_0`,
  (n) => `${n.toString(16)};"\r\n"`,
]
const CHUNK_ENDS = ['\r\n', '\r\n', '\r\n', '\n', '\r', '', '\rX', 'XX', '\n\n']
const VERSIONS = [
  'HTTP/1.1',
  'HTTP/1.1',
  'HTTP/1.1',
  'HTTP/1.1',
  'HTTP/1.0',
  'HTTP/1.2',
  'HTTP/0.9',
  'HTTP/2.0',
  'http/1.1',
  'HTTP/1.1 ',
  '',
]
const METHODS = [
  'POST',
  'POST',
  'POST',
  'GET',
  'PUT',
  'DELETE',
  'OPTIONS',
  'HEAD',
  'PATCH',
  'post',
  'TRACE',
  'PRI',
]
const HOSTS = [
  'Host: a.test',
  'Host: a.test',
  'Host: a.test',
  'Host: a.test\r\nHost: b.test',
  'Host : a.test',
  'Host: a.test, b.test',
  'Host:',
  'X: y',
]
const EXTRAS = [
  'Connection: keep-alive',
  'Connection: close',
  'Connection: Content-Length',
  'Connection: Transfer-Encoding',
  'Connection: Host',
  'Expect: 100-continue',
  'Expect: y 100-continue',
  'Connection: Upgrade\r\nUpgrade: websocket',
  'Connection: Upgrade\r\nUpgrade: h2c',
  'TE: trailers',
  'Trailer: Content-Length',
  'X: y\r\n z',
  'X: \0',
  ': y',
  'X',
  'Proxy-Connection: keep-alive',
  'X-HTTP-Method-Override: HEAD',
]
const TARGETS: readonly ((path: string) => string)[] = [
  (path) => path,
  (path) => `http://a.test${path}`,
  (path) => `http://b.test${path}`,
  (path) => `/${path}`,
  (path) => `${path}#x`,
  (path) => `${path}?a b`,
  (path) => `${path}\tHTTP/1.1`,
]

/** So many messages of this seed. In each of them stands another request where some readers see the body. */
export function ambiguousMessages(seed: number, count: number): readonly Ambiguous[] {
  return Array.from({ length: count }, (_, index) => messageOf(index, randomOf(seed * 100_003 + index)))
}

/** Where a message may be odd. Everything else in it is in order. */
const SITES = [
  'line',
  'host',
  'length-name',
  'length',
  'coding-name',
  'coding',
  'line-ends',
  'chunks',
  'extra',
  'twice',
] as const

function messageOf(index: number, random: () => number): Ambiguous {
  const pick: Pick = (from) => from[Math.floor(random() * from.length)] as never
  const odd = new Set<string>(Array.from({ length: pick([0, 1, 1, 1, 2, 2, 3]) }, () => pick(SITES)))
  const hidden = `GET /x${index} HTTP/1.1\r\nHost: a.test\r\n\r\n`
  const body = bodyOf(hidden, pick, random, odd.has('chunks'))
  const kind = pick(['length', 'coding', 'coding', 'both'])
  const framing: string[] = []
  const times = odd.has('twice') ? 2 : 1
  const lengths = kind === 'coding' ? 0 : times
  const codings = kind === 'length' ? 0 : times
  for (let i = 0; i < lengths; i++) {
    const form = odd.has('length') ? pick(LENGTH_FORMS) : String
    const name = odd.has('length-name') ? pick(LENGTH_NAMES) : 'Content-Length'
    framing.push(`${name}: ${form(pick(lengthsOf(body, hidden)))}`)
  }
  for (let i = 0; i < codings; i++) {
    const name = odd.has('coding-name') ? pick(CODING_NAMES) : 'Transfer-Encoding'
    framing.push(`${name}: ${odd.has('coding') ? pick(CODINGS) : 'chunked'}`)
  }
  if (random() < 0.5) framing.reverse()
  const end = (): string => (odd.has('line-ends') && random() < 0.4 ? pick(LINE_ENDS) : '\r\n')
  const line = odd.has('line')
    ? `${pick(METHODS)} ${pick(TARGETS)(`/m${index}`)} ${pick(VERSIONS)}`
    : `POST /m${index} HTTP/1.1`
  const host = odd.has('host') ? pick(HOSTS) : 'Host: a.test'
  const extra = odd.has('extra') ? pick(EXTRAS) : ''
  const lines = [line, host, 'Content-Type: text/plain', ...framing, ...(extra === '' ? [] : [extra])]
  return { index, bytes: `${lines.map((text) => text + end()).join('')}${end()}${body}` }
}

/** Lengths that end in interesting places. */
function lengthsOf(body: string, hidden: string): readonly number[] {
  const at = body.indexOf(hidden)
  return [body.length, body.length, 0, Math.max(0, at), at + hidden.length, body.length + 5, 4, 1]
}

function bodyOf(hidden: string, pick: Pick, random: () => number, isOdd: boolean): string {
  const shape = random()
  if (shape < 0.15) return hidden
  if (shape < 0.4) return `0\r\n\r\n${hidden}`
  if (shape < 0.55) return `${hidden.length.toString(16)}\r\n${hidden}\r\n0\r\n\r\n`
  const size = isOdd ? pick(CHUNK_SIZES) : (n: number): string => n.toString(16)
  const ended = isOdd ? pick(CHUNK_ENDS) : '\r\n'
  if (shape < 0.75) return `${size(3)}\r\nabc${ended}0\r\n\r\n${hidden}`
  if (shape < 0.85) return `${size(hidden.length)}${ended}${hidden}\r\n0\r\n\r\n`
  const last = isOdd ? pick(['0', '00', '0;x', '0 ', '-0', '0x0']) : '0'
  const trailer = pick([
    'X: y',
    'X: y',
    'Content-Length: 50',
    'Transfer-Encoding: chunked',
    'X : y',
    'x',
    ' y',
    'X: y\n',
  ])
  return `3\r\nabc\r\n${last}${ended}${trailer}\r\n\r\n${hidden}`
}

import type { RequestFacts } from './facts.ts'

/** What bytes that may be no HTTP say, read as leniently as a careless server would. */
export interface RawReading {
  readonly method: string
  readonly target: string
  readonly protocol: string
  readonly requestLine: string
  /** Flat list: name, value. */
  readonly headers: readonly string[]
  /** Undefined where the head announces none. */
  readonly body: string | undefined
}

/** Reads a request from a byte string. Nothing is refused: rules say what is wrong with it. */
export function readRawRequest(bytes: string): RawReading {
  const end = bytes.indexOf('\r\n\r\n')
  const [line = '', ...fields] = (end < 0 ? bytes : bytes.slice(0, end)).split('\r\n')
  const first = line.indexOf(' ')
  const last = line.lastIndexOf(' ')
  const headers = fields.flatMap((field) => {
    const at = field.indexOf(':')
    // A lone CR is a blank, RFC 9112 2.2.
    return at < 0
      ? []
      : [
          field.slice(0, at),
          field
            .slice(at + 1)
            .replaceAll('\r', ' ')
            .trim(),
        ]
  })
  const hasField = (lowerName: string, value = ''): boolean =>
    headers.some(
      (text, i) =>
        i % 2 === 0 &&
        text.toLowerCase() === lowerName &&
        headers[i + 1]?.toLowerCase().includes(value) === true,
    )
  const rest = end < 0 ? '' : bytes.slice(end + 4)
  const isChunked = hasField('transfer-encoding', 'chunked')
  const hasBody = rest !== '' && (isChunked || hasField('content-length'))
  return {
    method: first < 0 ? line : line.slice(0, first),
    target: first < 0 ? '' : first === last ? line.slice(first + 1) : line.slice(first + 1, last),
    // A line without a version is of HTTP/0.9 (RFC 1945 4.1).
    protocol: first === last || last === line.length - 1 ? 'HTTP/0.9' : line.slice(last + 1),
    requestLine: line,
    headers,
    body: !hasBody ? undefined : isChunked ? joinChunks(rest) : rest,
  }
}

/** The same as facts for the engine. */
export function rawFacts(
  { body: _body, ...reading }: RawReading,
  whence: Pick<RequestFacts, 'id' | 'startedMs' | 'clientIp' | 'clientPort' | 'serverPort'>,
): RequestFacts {
  return { ...reading, ...whence, serverName: '' }
}

/** The data of chunks (RFC 9112 7.1), up to what is none. */
function joinChunks(text: string): string {
  let body = ''
  for (let at = 0; at < text.length;) {
    const end = text.indexOf('\r\n', at)
    const size = end < 0 ? Number.NaN : parseInt(text.slice(at, end), 16)
    if (Number.isNaN(size) || size <= 0) break
    body += text.slice(end + 2, end + 2 + size)
    at = end + 2 + size + 2
  }
  return body
}

import type { Engine } from '../../src/perimeter/engine/engine.ts'
import type { RequestFacts, ResponseFacts } from '../../src/perimeter/engine/facts.ts'
import type { StageResult } from './judge.ts'

/** Runs one request through the engine alone: no socket, no HTTP parser but a lenient one. */
export function runInProcess(engine: Engine, bytes: string): StageResult {
  const { facts, body } = readRequest(bytes)
  const t = engine.begin(facts)
  engine.judgeHead(t)
  engine.judgeBody(t, body === undefined ? undefined : { text: body, complete: true })
  const { response, text } = respond(facts, body ?? '')
  engine.judgeResponse(t, response)
  engine.judgeResponseBody(t, engine.wantedResponse(t) > 0 ? { text, complete: true } : undefined)
  engine.close(t)
  return { status: response.status, matches: t.matches }
}

function readRequest(bytes: string): { readonly facts: RequestFacts; readonly body: string | undefined } {
  const end = bytes.indexOf('\r\n\r\n')
  const head = end < 0 ? bytes : bytes.slice(0, end)
  const rest = end < 0 ? '' : bytes.slice(end + 4)
  const [line = '', ...fields] = head.split('\r\n')
  const last = line.lastIndexOf(' ')
  const first = line.indexOf(' ')
  const headers = fields.flatMap((field) => {
    const at = field.indexOf(':')
    return at < 0 ? [] : [field.slice(0, at), field.slice(at + 1).trim()]
  })
  const isChunked = headers.some(
    (text, i) =>
      i % 2 === 0 && text.toLowerCase() === 'transfer-encoding' && /chunked/i.test(headers[i + 1] as string),
  )
  const hasLength = headers.some((text, i) => i % 2 === 0 && text.toLowerCase() === 'content-length')
  return {
    facts: {
      id: `${Math.random()}`,
      startedMs: Date.now(),
      method: line.slice(0, first),
      target: first === last ? line.slice(first + 1) : line.slice(first + 1, last),
      protocol: first === last ? '' : line.slice(last + 1),
      requestLine: line,
      headers,
      clientIp: '127.0.0.1',
      clientPort: 40000,
      serverPort: 80,
      serverName: 'localhost',
    },
    body: rest === '' || !(isChunked || hasLength) ? undefined : isChunked ? unchunk(rest) : rest,
  }
}

function unchunk(text: string): string {
  let body = ''
  for (let at = 0; at < text.length;) {
    const end = text.indexOf('\r\n', at)
    const size = end < 0 ? NaN : parseInt(text.slice(at, end), 16)
    if (Number.isNaN(size) || size === 0) break
    body += text.slice(end + 2, end + 2 + size)
    at = end + 2 + size + 2
  }
  return body
}

/** The suite's backend: an empty 200 for everything, but `/reflect` answers what it is told to. */
export function respond(
  facts: RequestFacts,
  body: string,
): { readonly response: ResponseFacts; readonly text: string } {
  const ordinary = { response: { status: 200, protocol: 'HTTP/1.1', headers: [] }, text: '' }
  if (!/^(?:https?:\/\/[^/]*)?\/reflect(?:$|[?/])/.test(facts.target)) return ordinary
  try {
    const wanted = JSON.parse(Buffer.from(body, 'latin1').toString('utf8')) as {
      readonly status?: number
      readonly headers?: Readonly<Record<string, string>>
      readonly body?: string
      readonly encodedBody?: string
    }
    const text =
      wanted.encodedBody !== undefined
        ? Buffer.from(wanted.encodedBody, 'base64').toString('latin1')
        : Buffer.from(wanted.body ?? '', 'utf8').toString('latin1')
    return {
      response: {
        status: wanted.status ?? 200,
        protocol: 'HTTP/1.1',
        headers: [
          'Content-Type',
          'text/plain; charset=utf-8',
          ...Object.entries(wanted.headers ?? {}).flat(),
        ],
      },
      text,
    }
  } catch {
    return ordinary
  }
}

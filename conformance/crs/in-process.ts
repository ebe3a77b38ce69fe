import type { Engine } from '../../src/perimeter/engine/engine.ts'
import type { ResponseFacts } from '../../src/perimeter/engine/facts.ts'
import { rawFacts, readRawRequest } from '../../src/perimeter/engine/raw-request.ts'
import type { StageResult } from './judge.ts'

/** Runs one request through the engine alone: no socket, and no HTTP parser but a lenient one. */
export function runInProcess(engine: Engine, bytes: string): StageResult {
  const raw = readRawRequest(bytes)
  const whence = { clientIp: '127.0.0.1', clientPort: 40_000, serverPort: 80, startedMs: Date.now() }
  const t = engine.begin(rawFacts(raw, { id: String(Math.random()), ...whence }))
  engine.judgeHead(t)
  engine.judgeBody(t, raw.body === undefined ? undefined : { text: raw.body, complete: true })
  const { response, text } = respond(raw.target, raw.body ?? '')
  engine.judgeResponse(t, response)
  engine.judgeResponseBody(t, engine.wantedResponse(t) > 0 ? { text, complete: true } : undefined)
  engine.close(t)
  return { status: response.status, matches: t.matches }
}

/** The suite's backend: an empty 200 for everything, but `/reflect` answers what it is told to. */
export function respond(
  target: string,
  body: string,
): { readonly response: ResponseFacts; readonly text: string } {
  const ordinary = { response: { status: 200, protocol: 'HTTP/1.1', headers: [] }, text: '' }
  if (!/^(?:https?:\/\/[^/]*)?\/reflect(?:$|[?/])/.test(target)) return ordinary
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

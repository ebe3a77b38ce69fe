import { lookup } from 'node:dns/promises'
import { request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import { BlockList } from 'node:net'

/** One request of the drill. */
export interface Shot {
  readonly method?: string
  /** Goes out exactly as it stands here: no client-side normalisation of dots or percent signs. */
  readonly target: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
}

/** What came back. */
export interface Echo {
  readonly status: number
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly text: string
  /** The code of a problem+json body (RFC 9457), where there is one. */
  readonly code: string | undefined
  readonly elapsedMs: number
}

/** A target of the drill, already known to be on this machine. */
export interface Range {
  readonly base: URL
  /** The address that the name stood for when it was checked; every request goes there. */
  readonly address: string
}

/** How long one request of the drill may take. */
export const TIMEOUT_MS = 5_000
const MAX_REPLY_BYTES = 4_000_000

const loopback = new BlockList()
loopback.addSubnet('127.0.0.0', 8, 'ipv4')
loopback.addAddress('::1', 'ipv6')

/** Takes a base URL, or says why it is not one for this drill: it attacks this machine only. */
export async function parseRange(rawUrl: string): Promise<Range | { readonly reason: string }> {
  const base = URL.parse(rawUrl)
  if (!base || !/^https?:$/.test(base.protocol))
    return { reason: `\`${rawUrl}\` is not an http or https URL` }
  const name = base.hostname.replace(/^\[|\]$/g, '')
  const found = await lookup(name, { all: true }).catch(() => [])
  const isHere = found.every(({ address, family }) => loopback.check(address, family === 6 ? 'ipv6' : 'ipv4'))
  const address = (found.find(({ family }) => family === 4) ?? found[0])?.address
  if (!isHere || address === undefined) {
    return { reason: `\`${name}\` is not this machine; the drill attacks loopback addresses only` }
  }
  return { base, address }
}

/** Sends one request. Rejects only when nothing came back: refused, cut off, or silence. */
export async function shoot(range: Range, shot: Shot, timeoutMs = TIMEOUT_MS): Promise<Echo> {
  const { base } = range
  const isTls = base.protocol === 'https:'
  const method = shot.method ?? (shot.body === undefined ? 'GET' : 'POST')
  const started = performance.now()
  const sameSite: Record<string, string> =
    method === 'GET' || method === 'TRACE' ? {} : { Origin: base.origin, 'Sec-Fetch-Site': 'same-origin' }
  return await new Promise((resolve, reject) => {
    const request = (isTls ? requestHttps : requestHttp)({
      host: range.address,
      port: base.port || (isTls ? 443 : 80),
      path: shot.target,
      method,
      agent: false,
      // A gateway on loopback shows its own development certificate.
      ...(isTls ? { rejectUnauthorized: false, servername: base.hostname } : {}),
      headers: {
        Host: base.host,
        'User-Agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
        // A browser would be shown a page; a program is told the code of the refusal.
        Accept: 'application/json, */*;q=0.8',
        'Accept-Language': 'en',
        ...sameSite,
        ...(shot.body === undefined ? {} : { 'Content-Length': String(Buffer.byteLength(shot.body)) }),
        ...shot.headers,
      },
      signal: AbortSignal.timeout(timeoutMs),
    })
    let isAnswered = false
    request.on('error', (error) => {
      if (!isAnswered) reject(error)
    })
    request.on('response', (response) => {
      isAnswered = true
      const chunks: Buffer[] = []
      let size = 0
      const finish = (): void => {
        request.destroy()
        const text = Buffer.concat(chunks).toString('utf8')
        const type = response.headers['content-type'] ?? ''
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          text,
          code: type.includes('problem+json') ? parseCode(text) : undefined,
          elapsedMs: performance.now() - started,
        })
      }
      response.on('data', (chunk: Buffer) => {
        size += chunk.length
        if (size <= MAX_REPLY_BYTES) chunks.push(chunk)
        else response.destroy()
      })
      response.on('close', finish)
      response.on('error', finish)
    })
    request.end(shot.body)
  })
}

const CLOSED: ReadonlySet<string> = new Set(['ECONNRESET', 'EPIPE', 'HPE_INVALID_CONSTANT'])

/** Whether an error of `shoot` says that the other side closed the connection rather than answer. */
export function isClosed(error: unknown): boolean {
  return error instanceof Error && 'code' in error && CLOSED.has(String(error.code))
}

function parseCode(text: string): string | undefined {
  try {
    const problem = JSON.parse(text) as { code?: unknown }
    return typeof problem.code === 'string' ? problem.code : undefined
  } catch {
    return undefined
  }
}

/** A form, as a browser posts it. */
export function form(
  target: string,
  fields: Readonly<Record<string, string>>,
  headers: Shot['headers'] = {},
): Shot {
  return {
    target,
    headers: { 'Content-Type': 'application/x-www-form-urlencoded', ...headers },
    body: new URLSearchParams(fields).toString(),
  }
}

/** A JSON body; `raw` text goes out as it stands. */
export function jsonBody(
  method: string,
  target: string,
  value: unknown,
  headers: Shot['headers'] = {},
): Shot {
  const body = typeof value === 'string' ? value : JSON.stringify(value)
  return { method, target, headers: { 'Content-Type': 'application/json', ...headers }, body }
}

/** The cookie of one of the shop's customers. */
export function as(userId: number): { readonly Cookie: string } {
  return { Cookie: `shop_user=${userId}` }
}

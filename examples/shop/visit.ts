import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'

/** One request as the shop sees it. */
export interface Visit {
  readonly method: string
  /** As it came, without the query. */
  readonly rawPath: string
  readonly query: URLSearchParams
  readonly headers: IncomingHttpHeaders
  /** Flat list: name, value; for those who want to see what really came. */
  readonly rawHeaders: readonly string[]
  readonly cookies: Readonly<Record<string, string>>
  readonly body: Buffer
  /** Values of the `{name}` parts of the route's pattern, decoded. */
  readonly params: Readonly<Record<string, string>>
}

/** What the shop says to it. */
export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Uint8Array | AsyncIterable<string>
}

/** A file that came in a form. */
export interface UploadedFile {
  readonly name: string
  readonly type: string
  readonly bytes: Buffer
}

/** Reads a request to its end. HOLE no-limits (Layer 3: API Gateway Security): of any size, and all of it in memory. */
export async function readVisit(request: IncomingMessage): Promise<Visit> {
  const [rawPath = '/', rawQuery = ''] = splitOnce(request.url ?? '/', '?')
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return {
    method: request.method ?? 'GET',
    rawPath,
    query: new URLSearchParams(rawQuery),
    headers: request.headers,
    rawHeaders: request.rawHeaders,
    cookies: parseCookies(request.headers.cookie ?? ''),
    body: Buffer.concat(chunks),
    params: {},
  }
}

function splitOnce(text: string, separator: string): string[] {
  const at = text.indexOf(separator)
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + separator.length)]
}

function parseCookies(header: string): Record<string, string> {
  const cookies: Record<string, string> = {}
  for (const part of header.split(';')) {
    const [name = '', value = ''] = splitOnce(part.trim(), '=')
    if (name) cookies[name] = decodeURIComponent(value)
  }
  return cookies
}

/** The fields of a form or of a JSON object, whichever came. */
export function readFields(visit: Visit): Record<string, unknown> {
  if (visit.body.length === 0) return {}
  const type = visit.headers['content-type'] ?? ''
  if (type.includes('json')) {
    const value: unknown = JSON.parse(visit.body.toString('utf8'))
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : { value }
  }
  return Object.fromEntries(new URLSearchParams(visit.body.toString('utf8')))
}

/** One field as text; empty where there is none. */
export function textOf(fields: Readonly<Record<string, unknown>>, name: string): string {
  const value = fields[name]
  if (typeof value === 'string') return value
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : ''
}

/** The first file of a multipart form (RFC 7578), or a raw body taken as a file. */
export function readFile(visit: Visit): UploadedFile | undefined {
  const type = visit.headers['content-type'] ?? ''
  const boundary = /boundary="?([^";]+)"?/.exec(type)?.[1]
  if (!type.startsWith('multipart/form-data') || boundary === undefined) {
    return visit.body.length === 0
      ? undefined
      : { name: visit.query.get('name') ?? 'file', type, bytes: visit.body }
  }
  const text = visit.body.toString('latin1')
  for (const part of text.split(`--${boundary}`)) {
    const [head = '', content] = splitOnce(part, '\r\n\r\n')
    const name = /filename="([^"]*)"/i.exec(head)?.[1]
    if (name === undefined || name === '' || content === undefined) continue
    return {
      name: Buffer.from(name, 'latin1').toString('utf8'),
      // HOLE upload (Common Mistakes 3: Missing Input Validation): the sender says what the file is.
      type: /^content-type:\s*(.+)$/im.exec(head)?.[1]?.trim() ?? 'application/octet-stream',
      bytes: Buffer.from(content.replace(/\r\n$/, ''), 'latin1'),
    }
  }
  return undefined
}

/** An answer in HTML. */
export function page(html: string, status = 200, headers: Record<string, string> = {}): Answer {
  return { status, headers: { 'Content-Type': 'text/html; charset=utf-8', ...headers }, body: html }
}

/** An answer in JSON. */
export function json(value: unknown, status = 200, headers: Record<string, string> = {}): Answer {
  return {
    status,
    headers: { 'Content-Type': 'application/json', ...headers },
    body: `${JSON.stringify(value, undefined, 2)}\n`,
  }
}

/** Sends the visitor on. */
export function redirect(location: string, headers: Record<string, string> = {}): Answer {
  return { status: 303, headers: { Location: location, ...headers }, body: '' }
}

import { RingwallError } from '../core/errors.ts'
import type { ExplainRequest } from '../index.ts'

/** One request as it was recorded. */
export interface RecordedRequest {
  readonly request: ExplainRequest
  /** `access.log:12`, or `site.har entry 3`. */
  readonly at: string
}

/** What a recording holds, and how much of it could not be read. */
export interface RecordedTraffic {
  readonly requests: readonly RecordedRequest[]
  readonly unread: number
}

/** Fields of one connection, and those that are made again from the body. */
const LEFT_OUT =
  /^(:.*|host|content-length|transfer-encoding|connection|keep-alive|upgrade|te|trailer|expect)$/i
/** Common and combined log format (Apache mod_log_config; nginx `combined`), each part bounded by its delimiter. */
const LOG_LINE =
  /^(\S{1,64}) \S+ \S+ \[[^\]]{1,64}\] "([A-Z]{1,20}) ([^" ]{1,8192}) HTTP\/[\d.]{1,3}" \d{3} \S+(?: "((?:[^"\\]|\\.)*)" "((?:[^"\\]|\\.)*)")?/

/** Reads a HAR file (HTTP Archive 1.2) or an access log in the common or combined format; which one, its first character says. */
export function readTraffic(text: string, file: string): RecordedTraffic {
  return text.trimStart().startsWith('{') ? readHar(text, file) : readLog(text, file)
}

function readLog(text: string, file: string): RecordedTraffic {
  const lines = text.split('\n')
  const requests = lines.flatMap((line, i): RecordedRequest[] => {
    const match = LOG_LINE.exec(line)
    if (!match) return []
    const [, ip = '', method = '', target = '', referer = '-', agent = '-'] = match
    const headers = [
      ...(referer === '-' || referer === '' ? [] : ['Referer', unescapeLog(referer)]),
      ...(agent === '-' || agent === '' ? [] : ['User-Agent', unescapeLog(agent)]),
    ]
    return [{ at: `${file}:${i + 1}`, request: { method, target, ip, headers } }]
  })
  const filled = lines.filter((line) => line.trim() !== '').length
  if (requests.length === 0)
    throw new RingwallError(
      'cli.recording',
      `${file} is neither a HAR file nor an access log in the common or combined format`,
    )
  return { requests, unread: filled - requests.length }
}

/** Servers write what is not printable as \xHH, and quotes with a backslash. */
function unescapeLog(text: string): string {
  return text.replace(/\\(?:x([0-9a-fA-F]{2})|(.))/g, (_, hex: string | undefined, char: string) =>
    hex === undefined ? char : String.fromCharCode(Number.parseInt(hex, 16)),
  )
}

function readHar(text: string, file: string): RecordedTraffic {
  let entries: unknown
  try {
    entries = (JSON.parse(text) as { readonly log?: { readonly entries?: unknown } }).log?.entries
  } catch (cause) {
    throw new RingwallError('cli.recording', `${file} is no JSON`, { cause })
  }
  if (!Array.isArray(entries))
    throw new RingwallError('cli.recording', `${file} has no log.entries; it is no HAR file`)
  const requests = entries.flatMap((entry: unknown, i): RecordedRequest[] => {
    const request = requestOf(entry)
    return request ? [{ at: `${file} entry ${i + 1}`, request }] : []
  })
  return { requests, unread: entries.length - requests.length }
}

interface HarRequest {
  readonly method?: unknown
  readonly url?: unknown
  readonly headers?: unknown
  readonly postData?: { readonly text?: unknown; readonly mimeType?: unknown }
}

function requestOf(entry: unknown): ExplainRequest | undefined {
  const { method, url, headers, postData } =
    (entry as { readonly request?: HarRequest } | null)?.request ?? {}
  const parsed = typeof url === 'string' ? URL.parse(url) : null
  if (typeof method !== 'string' || !parsed || !/^https?:$/.test(parsed.protocol)) return undefined
  const fields = (Array.isArray(headers) ? headers : []) as readonly { name?: unknown; value?: unknown }[]
  const flat = fields.flatMap(({ name, value }) =>
    typeof name === 'string' && typeof value === 'string' && !LEFT_OUT.test(name) ? [name, value] : [],
  )
  const hasType = flat.some((name, i) => i % 2 === 0 && name.toLowerCase() === 'content-type')
  const type = postData?.mimeType
  return {
    method,
    target: parsed.pathname + parsed.search,
    host: parsed.host,
    https: parsed.protocol === 'https:',
    headers: [...flat, ...(hasType || typeof type !== 'string' ? [] : ['Content-Type', type])],
    ...(typeof postData?.text === 'string' && { body: postData.text }),
  }
}

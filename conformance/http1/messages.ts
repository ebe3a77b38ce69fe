/** One message as it was on the wire (latin1). */
export interface Message {
  /** The start line. */
  readonly start: string
  readonly fields: readonly (readonly [string, string])[]
  readonly body: string
  readonly trailers: readonly (readonly [string, string])[]
}

/** What was read: whole messages, what is left, and why what is left can be no message. */
export interface Reading {
  readonly messages: readonly Message[]
  readonly rest: string
  readonly fault: string | undefined
}

const START = { request: /^[A-Z-]+ \S+ HTTP\/1\.1$/, answer: /^HTTP\/1\.1 \d{3}(?: [\x20-\x7e]*)?$/ }
const FIELD = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+): ?([\t\x20-\x7e\x80-\xff]*)$/

/**
 * Reads what the gateway wrote, towards either side, by the narrowest form that RFC 9112 has for it: anything wider would be
 * the gateway's mistake. Shares no code with what it judges.
 */
export function readMessages(
  text: string,
  kind: 'request' | 'answer',
  /** Methods of the requests that are answered, in order: an answer to HEAD has no body. */
  methods: readonly string[] = [],
): Reading {
  const messages: Message[] = []
  let rest = text
  let finals = 0
  for (;;) {
    const end = rest.indexOf('\r\n\r\n')
    if (end < 0) return { messages, rest, fault: undefined }
    const [start = '', ...lines] = rest.slice(0, end).split('\r\n')
    if (!START[kind].test(start)) return { messages, rest, fault: `start line ${JSON.stringify(start)}` }
    const fields = fieldsOf(lines)
    if (typeof fields === 'string') return { messages, rest, fault: fields }
    const status = kind === 'answer' ? Number(start.slice(9, 12)) : 0
    const isBodyless =
      kind === 'answer' && (status < 200 || status === 204 || status === 304 || methods[finals] === 'HEAD')
    const body = isBodyless
      ? { text: '', trailers: [], rest: rest.slice(end + 4) }
      : bodyOf(rest.slice(end + 4), fields, kind)
    if (body === undefined) return { messages, rest, fault: undefined }
    if (typeof body === 'string') return { messages, rest, fault: body }
    messages.push({ start, fields, body: body.text, trailers: body.trailers })
    if (status >= 200) finals++
    rest = body.rest
    if (status === 101) return { messages, rest, fault: undefined }
  }
}

type Fields = readonly (readonly [string, string])[]

function fieldsOf(lines: readonly string[]): Fields | string {
  const fields: [string, string][] = []
  for (const line of lines) {
    const match = FIELD.exec(line)
    if (!match) return `field line ${JSON.stringify(line)}`
    fields.push([match[1] as string, match[2] as string])
  }
  return fields
}

interface Body {
  readonly text: string
  readonly trailers: Fields
  readonly rest: string
}

/** The body; undefined when more must come; a text when it is framed wrongly. */
function bodyOf(text: string, fields: Fields, kind: 'request' | 'answer'): Body | string | undefined {
  const all = (wanted: string): string[] =>
    fields.filter(([name]) => name.toLowerCase() === wanted).map(([, value]) => value)
  const [length, ...lengths] = all('content-length')
  const [coding, ...codings] = all('transfer-encoding')
  if (lengths.length > 0 || codings.length > 0) return 'framed twice'
  if (length !== undefined && coding !== undefined) return 'a length and a coding'
  if (coding !== undefined) return coding === 'chunked' ? chunksOf(text) : `the coding ${coding}`
  if (length === undefined)
    return kind === 'request' ? { text: '', trailers: [], rest: text } : 'an answer without a length'
  if (!/^\d+$/.test(length)) return `the length ${length}`
  const size = Number(length)
  return text.length < size ? undefined : { text: text.slice(0, size), trailers: [], rest: text.slice(size) }
}

function chunksOf(text: string): Body | string | undefined {
  let body = ''
  let rest = text
  for (;;) {
    const end = rest.indexOf('\r\n')
    if (end < 0) return undefined
    const line = rest.slice(0, end)
    if (!/^[0-9a-f]+$/i.test(line)) return `the chunk size ${JSON.stringify(line)}`
    const size = Number.parseInt(line, 16)
    rest = rest.slice(end + 2)
    if (size === 0) break
    if (rest.length < size + 2) return undefined
    if (rest.slice(size, size + 2) !== '\r\n') return 'a chunk that does not end'
    body += rest.slice(0, size)
    rest = rest.slice(size + 2)
  }
  if (rest.startsWith('\r\n')) return { text: body, trailers: [], rest: rest.slice(2) }
  const end = rest.indexOf('\r\n\r\n')
  if (end < 0) return undefined
  const trailers = fieldsOf(rest.slice(0, end).split('\r\n'))
  return typeof trailers === 'string' ? trailers : { text: body, trailers, rest: rest.slice(end + 4) }
}

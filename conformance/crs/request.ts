import type { Stage } from './cases.ts'

const FORM = 'application/x-www-form-urlencoded'

/** The bytes that the suite's own runner, go-ftw, would send for a stage; as a byte string. */
export function requestBytes({ input }: Stage): string {
  if (input.encoded_request !== undefined)
    return Buffer.from(input.encoded_request, 'base64').toString('latin1')
  const headers = new Map<string, string>()
  for (const [name, value] of Object.entries(input.headers ?? {})) headers.set(name, toBytes(String(value)))
  const find = (lowerName: string): string | undefined =>
    [...headers].find(([name]) => name.toLowerCase() === lowerName)?.[1]
  const isCompleted = input.autocomplete_headers !== false
  let data = toBytes(expand(input.data ?? ''))
  if (data !== '' && isCompleted) {
    if (find('content-type') === undefined) headers.set('Content-Type', FORM)
    if (find('content-type') === FORM) data = encodeForm(data)
  }
  if (find('content-type')?.includes('multipart/form-data;') === true) data = data.replaceAll('\n', '\r\n')
  if (isCompleted) {
    if (find('connection') === undefined) headers.set('Connection', 'close')
    const hasBody = data !== '' || ['POST', 'PUT', 'PATCH'].includes(input.method ?? 'GET')
    if (hasBody && find('content-length') === undefined) headers.set('Content-Length', String(data.length))
  }
  const lines = [...headers]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}: ${expand(value)}\r\n`)
    .join('')
  const { method = 'GET', uri = '/', version = 'HTTP/1.1' } = input
  return `${toBytes(method)} ${toBytes(expand(uri))} ${version}\r\n${lines}\r\n${data}`
}

/** `{{ "1" | repeat 34 }}` is the one template that the suite uses. */
function expand(text: string): string {
  return text.replaceAll(/\{\{ *"([^"]*)" *\| *repeat +(\d+) *\}\}/g, (_, unit: string, count: string) =>
    unit.repeat(Number(count)),
  )
}

function toBytes(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1')
}

/** Pairs that are not escaped yet are escaped, name and value apart. */
function encodeForm(data: string): string {
  if (unescape(data) !== data) return data
  return data
    .split('&')
    .map((pair) => {
      const at = pair.indexOf('=')
      return at < 0 ? escape(pair) : `${escape(pair.slice(0, at))}=${escape(pair.slice(at + 1))}`
    })
    .join('&')
}

/** Go's url.QueryUnescape; undefined for what it refuses. */
function unescape(text: string): string | undefined {
  if (/%(?![0-9A-Fa-f]{2})/.test(text)) return undefined
  return text
    .replaceAll('+', ' ')
    .replaceAll(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)))
}

/** Go's url.QueryEscape, on bytes. */
function escape(text: string): string {
  return text.replaceAll(/[^A-Za-z0-9\-_.~]/g, (char) =>
    char === ' ' ? '+' : `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  )
}

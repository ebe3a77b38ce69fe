/** The names that SecLang gives its body processors (REQBODY_PROCESSOR). */
export type BodyProcessor = 'URLENCODED' | 'MULTIPART' | 'JSON' | 'XML'

const PROCESSORS: ReadonlyMap<string, BodyProcessor> = new Map([
  ['application/x-www-form-urlencoded', 'URLENCODED'],
  ['application/json', 'JSON'],
  ['application/x-json', 'JSON'],
  ['application/csp-report', 'JSON'],
  ['text/json', 'JSON'],
  ['text/x-json', 'JSON'],
  ['application/xml', 'XML'],
  ['application/xml-dtd', 'XML'],
  ['application/xml-external-parsed-entity', 'XML'],
  ['text/xml', 'XML'],
  ['text/xml-external-parsed-entity', 'XML'],
])

const MAX_TYPE_LENGTH = 256

/**
 * Who reads a body of this Content-Type. As lenient as applications are: case, parameters, blanks around and structured
 * suffixes (RFC 6839) do not matter, and the type ends where a parameter, a list or a blank begins.
 */
export function bodyProcessor(contentType: string | undefined): BodyProcessor | undefined {
  if (contentType === undefined) return undefined
  const type = mediaType(contentType)
  if (type.startsWith('multipart/')) return 'MULTIPART'
  const known = PROCESSORS.get(type)
  if (known !== undefined || !type.includes('/')) return known
  if (type.endsWith('+json')) return 'JSON'
  return type.endsWith('+xml') ? 'XML' : undefined
}

/** The media type of a Content-Type value in lower case, without parameters. */
export function mediaType(contentType: string): string {
  let start = 0
  while (start < contentType.length && isBlank(contentType.charCodeAt(start))) start++
  let end = start
  while (end < contentType.length && !endsType(contentType.charCodeAt(end))) end++
  return contentType.slice(start, Math.min(end, start + MAX_TYPE_LENGTH)).toLowerCase()
}

function isBlank(code: number): boolean {
  return code <= 0x20
}

function endsType(code: number): boolean {
  return code === 0x3b || code === 0x2c || isBlank(code)
}

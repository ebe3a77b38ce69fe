import { mediaType } from './body-kind.ts'

/** The delimiter that a Content-Type announces, with everything about it that readers could take differently. */
export interface Boundary {
  /** Undefined when there is none to go by. */
  readonly value: string | undefined
  readonly isFormData: boolean
  readonly flags: readonly string[]
  readonly error: string | undefined
}

const MAX_TYPE_BYTES = 1024
// RFC 2046 5.1.1
const MAX_BOUNDARY_BYTES = 70

/**
 * The boundary of a multipart Content-Type (RFC 2046 5.1.1). Strict about what is written, lenient in what is used: a
 * boundary that is wrong sets the error and still divides the body, as it would in a lenient application.
 */
export function multipartBoundary(contentType: string): Boundary {
  const type = mediaType(contentType)
  const isFormData = type === 'multipart/form-data'
  const flags: string[] = []
  let error: string | undefined
  const fail = (what: string): void => {
    error ??= `Multipart: Invalid boundary in C-T (${what}).`
  }
  if (contentType.length > MAX_TYPE_BYTES) fail('length')
  if (!type.startsWith('multipart/')) error ??= 'Multipart: Invalid MIME type.'
  const text = contentType.slice(0, MAX_TYPE_BYTES).trim()
  const rest = text.slice(type.length)
  if (rest.trimStart() !== '' && !rest.trimStart().startsWith(';')) flags.push('MULTIPART_MISSING_SEMICOLON')

  const values: string[] = []
  for (const { name, value, isSpaced, isQuoted } of parameters(rest)) {
    if (!name.toLowerCase().startsWith('boundary')) continue
    if (name !== 'boundary') fail(name.toLowerCase() === 'boundary' ? 'case sensitivity' : 'parameter name')
    if (isSpaced) flags.push('MULTIPART_BOUNDARY_WHITESPACE')
    if (isQuoted) flags.push('MULTIPART_BOUNDARY_QUOTED')
    else if (value.startsWith('"') || value.endsWith('"')) fail('quote')
    values.push(value)
  }
  const value = values[0]
  if (value === undefined) error ??= 'Multipart: Boundary not found in C-T.'
  else if (values.length > 1) error ??= 'Multipart: Multiple boundary parameters in C-T.'
  else if (value === '') fail('empty')
  else if (value.length > MAX_BOUNDARY_BYTES) fail('length')
  else if (!hasBoundaryCharacters(value)) fail('characters')
  else if (namesBoundary(value)) fail('content')
  return { value: value === '' ? undefined : value, isFormData, flags, error }
}

interface Parameter {
  readonly name: string
  readonly value: string
  readonly isSpaced: boolean
  readonly isQuoted: boolean
}

function* parameters(text: string): Generator<Parameter> {
  for (const piece of splitOutsideQuotes(text)) {
    const equals = piece.indexOf('=')
    if (equals < 0) continue
    const before = piece.slice(0, equals)
    const after = piece.slice(equals + 1)
    const value = after.trim()
    const isQuoted = value.length >= 2 && value.startsWith('"') && value.endsWith('"')
    yield {
      name: before.trim(),
      value: isQuoted ? value.slice(1, -1) : value,
      isSpaced: before.trimEnd() !== before || after.trimStart() !== after,
      isQuoted,
    }
  }
}

function splitOutsideQuotes(text: string): readonly string[] {
  const pieces: string[] = []
  let start = 0
  let inQuotes = false
  for (let i = 0; i < text.length; i++) {
    const char = text[i]
    if (char === '"') inQuotes = !inQuotes
    else if (char === ';' && !inQuotes) {
      pieces.push(text.slice(start, i))
      start = i + 1
    }
  }
  pieces.push(text.slice(start))
  return pieces
}

function hasBoundaryCharacters(value: string): boolean {
  return /^[0-9A-Za-z'()+_,\-./:=? ]*$/.test(value) && !value.endsWith(' ')
}

function namesBoundary(value: string): boolean {
  const at = value.toLowerCase().indexOf('boundary')
  return at >= 0 && value.includes('=', at)
}

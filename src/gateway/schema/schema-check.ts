import type { MediaType, Operation } from './document.ts'
import type { JsonValue } from './json-value.ts'
import {
  mismatchOfParameter,
  objectOf,
  type Pairs,
  type Parameter,
  type ParameterRead,
  readFromPairs,
  readPairs,
  readText,
} from './parameters.ts'
import type { Mismatch } from './validator.ts'

/** What of a request its parameters are in. */
export interface RequestParts {
  /** With or without its question mark. */
  readonly rawQuery: string
  readonly params: Readonly<Record<string, string>>
  readonly header: (name: string) => readonly string[]
}

/** The first parameter that does not fit. */
export function checkParameters(
  { parameters }: Operation,
  { rawQuery, params, header }: RequestParts,
  refuseUnknown: boolean,
): Mismatch | undefined {
  const query = readPairs(rawQuery.replace(/^\?/, ''))
  if (!query) return { in: 'query', field: '', rule: 'escapes that are no UTF-8' }
  const cookies = header('cookie').flatMap(cookiePairs)
  const used = new Set<string>()
  for (const parameter of parameters) {
    const read = readOne(parameter, { query, cookies, params, header }, used)
    if (read.kind === 'wrong') return mismatchOfParameter(parameter, read.rule)
    if (read.kind === 'absent') {
      if (parameter.isRequired) return mismatchOfParameter(parameter, 'required')
      continue
    }
    const wrong = parameter.check(read.value)
    if (wrong) return mismatchOfParameter(parameter, wrong.rule, wrong.field)
  }
  const unknown = refuseUnknown ? query.find(([name]) => !used.has(name)) : undefined
  return unknown && { in: 'query', field: unknown[0].slice(0, 64), rule: 'unknown parameter' }
}

function readOne(
  parameter: Parameter,
  from: Omit<RequestParts, 'rawQuery'> & { readonly query: Pairs; readonly cookies: Pairs },
  used: Set<string>,
): ParameterRead {
  const { name } = parameter
  if (parameter.in === 'query') return readFromPairs(parameter, from.query, used)
  if (parameter.in === 'cookie') return readFromPairs(parameter, from.cookies, new Set())
  if (parameter.in === 'path') {
    const text = from.params[name]
    if (text === undefined) return { kind: 'absent' }
    try {
      return readText(parameter, decodeURIComponent(text))
    } catch {
      return { kind: 'wrong', rule: 'escapes that are no UTF-8' }
    }
  }
  const values = from.header(name)
  if (values.length === 0) return { kind: 'absent' }
  return values.length > 1 && !parameter.shape.types.has('array')
    ? { kind: 'wrong', rule: 'given more than once' }
    : readText(parameter, values.join(','))
}

function cookiePairs(field: string): Pairs {
  return field.split(';').flatMap((pair): [string, string][] => {
    const at = pair.indexOf('=')
    return at < 0 ? [] : [[pair.slice(0, at).trim(), pair.slice(at + 1).trim()]]
  })
}

/** Reads JSON in one way only; undefined where two readers could read it differently, or it is none. */
export type ReadJson = (bytes: Uint8Array) => { readonly value: unknown } | undefined

/** Which media type of an operation a body is of; the most specific range counts (OpenAPI 3.1 4.8.13). */
export function mediaFor(
  media: readonly MediaType[],
  contentType: string | undefined,
): MediaType | undefined {
  const type = contentType?.split(';', 1)[0]?.trim().toLowerCase() ?? ''
  const ranges = [type, `${type.split('/', 1)[0]}/*`, '*/*']
  return ranges.flatMap((range) => media.find((one) => one.range === range) ?? [])[0]
}

/** What is known of a body once it was held against its schema. */
export type BodyCheck =
  | { readonly kind: 'fits' }
  | { readonly kind: 'mismatch'; readonly mismatch: Mismatch }
  /** Of a type whose contents are not looked at. */
  | { readonly kind: 'not-checked'; readonly why: string }

/** Holds a body against its schema. */
export function checkBody(
  media: MediaType,
  contentType: string,
  bytes: Uint8Array,
  readJson: ReadJson,
): BodyCheck {
  if (!media.check) return { kind: 'not-checked', why: 'the document has no schema for it' }
  const type = contentType.split(';', 1)[0]?.trim().toLowerCase() ?? ''
  const wrong = (rule: string, field = ''): BodyCheck => ({
    kind: 'mismatch',
    mismatch: { in: 'body', field, rule },
  })
  let value: JsonValue
  if (type === 'application/json' || type.endsWith('+json')) {
    const read = readJson(bytes)
    if (!read) return wrong('JSON with one reading')
    value = read.value as JsonValue
  } else if (type === 'application/x-www-form-urlencoded') {
    const pairs = readPairs(Buffer.from(bytes).toString('latin1'))
    const read = pairs ? objectOf(pairs, media.shape) : undefined
    if (read?.kind !== 'value') return wrong(read?.kind === 'wrong' ? read.rule : 'escapes that are no UTF-8')
    value = read.value
  } else if (type.startsWith('text/')) {
    value = Buffer.from(bytes).toString('utf8')
  } else return { kind: 'not-checked', why: `${type} is not looked into` }
  const mismatch = media.check(value)
  return mismatch ? wrong(mismatch.rule, mismatch.field) : { kind: 'fits' }
}

/** The media types of an answer with this status. */
export function responseMedia({ responses }: Operation, status: number): readonly MediaType[] | undefined {
  return (
    responses.get(String(status)) ??
    responses.get(`${Math.floor(status / 100)}XX`) ??
    responses.get('default')
  )
}

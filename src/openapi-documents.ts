import { readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'

import { readDocument } from './config/index.ts'
import { RingwallError } from './core/errors.ts'
import { type JsonValue, OpenApiDocument, type SchemaConfig } from './gateway/index.ts'

/** Documents that are compiled, by what their files say: a reload that changes none of them compiles none. */
const compiled = new Map<
  string,
  { readonly texts: ReadonlyMap<string, string>; readonly document: OpenApiDocument }
>()
const MAX_COMPILED = 64

/** The OpenAPI document of a route, with the files that it names. Throws RingwallError where one cannot be read or compiled. */
export function openDocument({
  document: path,
  base,
  unknown_fields: unknown,
}: SchemaConfig): OpenApiDocument {
  const folder = dirname(path)
  const key = JSON.stringify([path, base, unknown])
  const known = compiled.get(key)
  if (known && [...known.texts].every(([file, text]) => readText(join(folder, file)) === text))
    return known.document
  const texts = new Map<string, string>()
  const read = (file: string): JsonValue => {
    const text = readText(join(folder, file))
    texts.set(file, text)
    return readDocument(text, join(folder, file)).value as JsonValue
  }
  const document = new OpenApiDocument(basename(path), read, { refuseUnknown: unknown === 'refuse', base })
  if (compiled.size >= MAX_COMPILED) compiled.clear()
  compiled.set(key, { texts, document })
  return document
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    throw new RingwallError('gateway.openapi', `\`${file}\` cannot be read`, { cause, at: { file } })
  }
}

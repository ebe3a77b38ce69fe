import { readFileSync } from 'node:fs'

import { describeError, RingwallError } from '../core/errors.ts'
import { z } from '../core/schema.ts'
import { isFieldType, type FieldType } from './canonical-value.ts'
import type { Declaration } from './columns.ts'
import { isNormalization, type Normalization } from './normalization.ts'

const name = z.string().min(1).max(63)
const indexSchema = z.strictObject({
  kind: z.enum(['equality', 'prefix', 'ngram']),
  normalize: z
    .array(
      z.custom<Normalization>(
        (text) => typeof text === 'string' && isNormalization(text),
        'is no normalisation',
      ),
    )
    .optional(),
  bits: z.number().int().optional(),
  length: z.number().int().optional(),
})
const columnSchema = z.strictObject({
  type: z.custom<FieldType>(
    (text) => typeof text === 'string' && isFieldType(text),
    'is no type of a column',
  ),
  form: z.enum(['text', 'bytes']).optional(),
  padBytes: z.number().int().optional(),
  maxBytes: z.number().int().optional(),
  binding: z.enum(['row', 'column']).optional(),
  indexes: z.record(name, indexSchema).optional(),
})
const tableSchema = z.strictObject({
  key: z.union([name, z.array(name).min(1)]),
  columns: z.record(name, columnSchema),
  shredBy: z.strictObject({ column: name, prefix: name }).optional(),
})
const mappingSchema = z.strictObject({
  /** `table`, or a file beside the keyring. */
  keys: z.union([z.literal('table'), z.string().endsWith('.json')]).default('table'),
  /** `keyring`, or `env:NAME` with 32 bytes in base64. */
  wrapper: z.union([z.literal('keyring'), z.templateLiteral(['env:', z.string()])]).default('keyring'),
  tables: z.record(name, tableSchema),
})

/** A file that says which columns are encrypted, for commands beside the application. */
export interface Mapping {
  /** `table` (in the database itself) or the path of a file. */
  readonly keys: string
  /** `keyring` or `env:NAME`. */
  readonly wrapper: string
  readonly tables: Declaration
}

/** Reads a mapping; the application can read the same file, so that both agree. */
export function readMapping(file: string): Mapping {
  let json: unknown
  try {
    json = JSON.parse(readFileSync(file, 'utf8'))
  } catch (cause) {
    throw new RingwallError('data.mapping', `cannot read the mapping: ${describeError(cause)}`, {
      at: { file },
      cause,
    })
  }
  const parsed = mappingSchema.safeParse(json)
  if (parsed.success) return parsed.data as Mapping
  const mistakes = parsed.error.issues.map(
    (issue) => `${issue.path.join('.') || 'the file'}: ${issue.message}`,
  )
  throw new RingwallError('data.mapping', mistakes.join('; '), { at: { file } })
}

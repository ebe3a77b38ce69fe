import { z } from '../core/schema.ts'
import { createFieldNames, type FieldMask, foldFieldName } from './mask-fields.ts'
import { createJsonMask, type JsonMask, type JsonPiece } from './mask-json.ts'
import { DEFAULT_KINDS, isMaskKind } from './mask-kinds.ts'
import type { SecretRegistry } from './mask-secrets.ts'
import { createMasker, type Masker } from './masker.ts'

/** `mask` of a route: which fields of answers are masked, and for whom they are not. */
export const replyMaskSchema = z.strictObject({
  mode: z
    .enum(['mask', 'report'])
    .default('mask')
    .describe(
      '`mask`: fields are masked, and an answer that cannot be masked is withheld. `report`: answers go out as they are, and the audit log says what would have happened.',
    ),
  fields: z
    .array(z.string().min(1).max(128))
    .max(256)
    .describe(
      'Fields of answers in JSON, lines of JSON and event streams to mask, at any depth, in any case and with any separator. The name tells how: e-mail, phone, card and social security numbers in part, everything else whole.',
    ),
  text: z
    .boolean()
    .default(false)
    .describe(
      'Also mask personal data and secrets that are found in the text of other fields, and in plain text, if each of `fields` is of a kind that can be found there.',
    ),
  csv: z
    .boolean()
    .default(false)
    .describe('Answers in CSV begin with a row of names: columns of these names are masked.'),
  pass_types: z
    .array(
      z
        .string()
        .regex(/^[a-z0-9.+-]+\/([a-z0-9.+-]+|\*)$/, 'must be a media type such as text/html or image/*'),
    )
    .max(64)
    .default([])
    .describe(
      'Media types of answers that hold none of these fields and go out as they are. Others that cannot be masked are withheld.',
    ),
  reveal: z
    .record(z.string(), z.array(z.string()).max(256))
    .default({})
    .describe('Fields that a role sees unmasked, by role.'),
})

/** `mask` of a route, parsed. */
export type ReplyMaskConfig = z.output<typeof replyMaskSchema>

/** Deeper JSON than answers have; what is deeper is not sent. */
const MAX_DEPTH = 64
/** Longest string of an answer, in characters as written. */
const MAX_STRING = 1_048_576

/** The masking of one route's answers, compiled once. */
export interface ReplyMask {
  readonly masker: Masker
  readonly scansText: boolean
  /** Whether plain text can be masked: detectors were asked for, and there is no field that only its name tells. */
  readonly takesText: boolean
}

/** Compiles the masking of a route. */
export function compileReplyMask(config: ReplyMaskConfig, secrets?: SecretRegistry): ReplyMask {
  const catalogue = createFieldNames()
  const fields = config.fields.map((name): readonly [string, FieldMask] => {
    const mask = isMaskKind(name) ? name : catalogue.maskOf(name)
    return [name, mask ?? 'hidden']
  })
  const masker = createMasker({
    fields: Object.fromEntries(fields),
    fieldCatalogue: false,
    kinds: config.text ? DEFAULT_KINDS : [],
    reveal: config.reveal,
    ...(secrets && { secrets }),
  })
  return {
    masker,
    scansText: config.text || secrets !== undefined,
    takesText: config.text && fields.every(([, mask]) => isMaskKind(mask)),
  }
}

/** How often a mask changed something, by the name of the field. `(text)` is what was found in the text of others. */
export type MaskCounts = Map<string, number>

const MAX_COUNTED = 32

/** One more of this name; the names are the application's, so that only so many are told apart. */
export function countMasked(counts: MaskCounts, name: string): void {
  const folded = name === TEXT ? TEXT : foldFieldName(name)
  const key = counts.has(folded) || counts.size < MAX_COUNTED ? folded : '(others)'
  counts.set(key, (counts.get(key) ?? 0) + 1)
}

/** The name under which findings in text are counted. */
export const TEXT = '(text)'

/** A mask for one answer, in pieces, for somebody with these roles. */
export function createReplyMaskStream(
  mask: ReplyMask,
  roles: readonly string[],
  counts?: MaskCounts,
): JsonMask {
  const masker = mask.masker.unmaskFor(roles)
  return createJsonMask({
    fieldMask(name) {
      const found = masker.fieldMask(name)
      if (found !== undefined && counts) countMasked(counts, name)
      return found
    },
    render: masker.render,
    text: mask.scansText ? countingText(masker.text, counts) : undefined,
    maxDepth: MAX_DEPTH,
    maxString: MAX_STRING,
  })
}

/** A mask of text that counts what it changed. */
export function countingText(
  text: (text: string) => string,
  counts: MaskCounts | undefined,
): (text: string) => string {
  if (!counts) return text
  return (value) => {
    const masked = text(value)
    if (masked !== value) countMasked(counts, TEXT)
    return masked
  }
}

/** A whole JSON answer, masked for somebody with these roles. What cannot be read is not to be sent: it was not masked. */
export function maskJsonReply(body: string, mask: ReplyMask, roles: readonly string[]): JsonPiece {
  const stream = createReplyMaskStream(mask, roles)
  const most = stream.write(body)
  if (!most.ok) return most
  const rest = stream.end()
  return rest.ok ? { ok: true, text: most.text + rest.text } : rest
}

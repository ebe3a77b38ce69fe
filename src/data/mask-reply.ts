import { z } from '../core/schema.ts'
import { createFieldNames, type FieldMask } from './mask-fields.ts'
import { createJsonMask, type JsonMask, type JsonPiece } from './mask-json.ts'
import { DEFAULT_KINDS, isMaskKind } from './mask-kinds.ts'
import type { SecretRegistry } from './mask-secrets.ts'
import { createMasker, type Masker } from './masker.ts'

/** `mask` of a route: which fields of JSON answers are masked, and for whom they are not. */
export const replyMaskSchema = z.strictObject({
  fields: z
    .array(z.string().min(1).max(128))
    .max(256)
    .describe(
      'Fields of JSON answers to mask, at any depth, in any case and with any separator. The name tells how: e-mail, phone, card and social security numbers in part, everything else whole.',
    ),
  text: z
    .boolean()
    .default(false)
    .describe('Also mask personal data and secrets that are found in the text of other fields.'),
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
  return { masker, scansText: config.text || secrets !== undefined }
}

/** A mask for one answer, in pieces, for somebody with these roles. */
export function createReplyMaskStream(mask: ReplyMask, roles: readonly string[]): JsonMask {
  const masker = mask.masker.unmaskFor(roles)
  return createJsonMask({
    fieldMask: (name) => masker.fieldMask(name),
    render: masker.render,
    text: mask.scansText ? masker.text : undefined,
    maxDepth: MAX_DEPTH,
    maxString: MAX_STRING,
  })
}

/** A whole JSON answer, masked for somebody with these roles. What cannot be read is not to be sent: it was not masked. */
export function maskJsonReply(body: string, mask: ReplyMask, roles: readonly string[]): JsonPiece {
  const stream = createReplyMaskStream(mask, roles)
  const most = stream.write(body)
  if (!most.ok) return most
  const rest = stream.end()
  return rest.ok ? { ok: true, text: most.text + rest.text } : rest
}

import { createCsvMask, type CsvFault } from './mask-csv.ts'
import type { JsonFault } from './mask-json.ts'
import { createLinesMask } from './mask-lines.ts'
import { countMasked, createReplyMaskStream, type MaskCounts, type ReplyMask, TEXT } from './mask-reply.ts'
import { createMaskStream } from './mask-stream.ts'

/** How an answer is read to be masked. */
export type AnswerForm = 'json' | 'lines' | 'events' | 'csv' | 'text'

/** Why an answer was not masked. */
export type AnswerFault = JsonFault | CsvFault | 'not-utf8'

/** What comes out of an answer. */
export type AnswerPiece =
  | { readonly ok: true; readonly bytes: Uint8Array }
  | { readonly ok: false; readonly fault: AnswerFault }

/** Masks the bytes of one answer as they come. */
export interface AnswerMask {
  write(bytes: Uint8Array): AnswerPiece
  end(): AnswerPiece
  /** What was masked until now. */
  readonly counts: ReadonlyMap<string, number>
}

interface TextMask {
  write(piece: string): { readonly ok: true; readonly text: string } | { ok: false; fault: AnswerFault }
  end(): { readonly ok: true; readonly text: string } | { ok: false; fault: AnswerFault }
}

/** The form of an answer of this Content-Type; undefined where it is none that can be masked. */
export function answerForm(rawType: string, mask: ReplyMask, takesCsv: boolean): AnswerForm | undefined {
  const [first = '', ...parameters] = rawType.split(';').map((part) => part.trim().toLowerCase())
  for (const parameter of parameters) {
    // Bytes that would be read in another encoding are not what was masked.
    if (parameter.startsWith('charset') && !/^charset="?(utf-8|us-ascii)"?$/.test(parameter)) return undefined
    if (parameter === 'header=absent') return undefined
  }
  if (/^application\/(json|[a-z0-9.-]{1,80}\+json)$/.test(first) || first === 'text/json') return 'json'
  if (/^application\/(x-)?(ndjson|jsonl|jsonlines|json-lines)$/.test(first)) return 'lines'
  if (first === 'text/event-stream') return 'events'
  if (first === 'text/csv' || first === 'text/tab-separated-values') return takesCsv ? 'csv' : undefined
  return first === 'text/plain' && mask.takesText ? 'text' : undefined
}

/** A mask for one answer, for somebody with these roles. Memory is bounded, however long the answer is. */
export function createAnswerMask(form: AnswerForm, mask: ReplyMask, roles: readonly string[]): AnswerMask {
  const counts: MaskCounts = new Map()
  const masking = textMask(form, mask, roles, counts)
  const decoder = new TextDecoder('utf-8', { fatal: true })
  const encoder = new TextEncoder()
  const written = (piece: ReturnType<TextMask['write']>): AnswerPiece =>
    piece.ok ? { ok: true, bytes: encoder.encode(piece.text) } : piece
  const decode = (bytes?: Uint8Array): string | undefined => {
    try {
      return bytes ? decoder.decode(bytes, { stream: true }) : decoder.decode()
    } catch {
      return undefined
    }
  }
  return {
    counts,
    write(bytes) {
      const text = decode(bytes)
      return text === undefined ? { ok: false, fault: 'not-utf8' } : written(masking.write(text))
    },
    end() {
      if (decode() !== '') return { ok: false, fault: 'not-utf8' }
      return written(masking.end())
    },
  }
}

function textMask(form: AnswerForm, mask: ReplyMask, roles: readonly string[], counts: MaskCounts): TextMask {
  if (form === 'json') return createReplyMaskStream(mask, roles, counts)
  if (form === 'lines' || form === 'events') return createLinesMask(form, mask, roles, counts)
  if (form === 'csv') return createCsvMask(mask, roles, counts)
  const masker = mask.masker.unmaskFor(roles)
  const stream = createMaskStream({
    ...masker,
    render(kind, value) {
      countMasked(counts, TEXT)
      return masker.render(kind, value)
    },
  })
  return {
    write: (piece) => ({ ok: true, text: stream.write(piece) }),
    end: () => ({ ok: true, text: stream.end() }),
  }
}

/** What was masked, in words: `email 3, ssn 1`. */
export function describeCounts(counts: ReadonlyMap<string, number>): string {
  return [...counts].map(([name, count]) => `${name} ${count}`).join(', ')
}

import type { JsonFault, JsonMask, JsonPiece } from './mask-json.ts'
import { countingText, createReplyMaskStream, type MaskCounts, type ReplyMask } from './mask-reply.ts'

const MAX_FIELD = 1024

/**
 * Masks lines that are a JSON text each: `lines` (NDJSON, JSON Lines), or `events`, the `data` lines of an event stream (HTML 9.2).
 * A line comes out as it goes in; it is never held whole.
 */
export function createLinesMask(
  form: 'lines' | 'events',
  mask: ReplyMask,
  roles: readonly string[],
  counts?: MaskCounts,
): JsonMask {
  const scan = mask.scansText ? countingText(mask.masker.unmaskFor(roles).text, counts) : undefined
  let json: JsonMask | undefined
  /** The beginning of a line of an event stream, up to its colon, or the whole of one that is no data. */
  let head = ''
  let isOther = false

  function line(part: string): JsonPiece {
    if (form === 'events' && json === undefined) return eventLine(part)
    if (part.trim() === '' && json === undefined) return { ok: true, text: part }
    json ??= createReplyMaskStream(mask, roles, counts)
    return json.write(part)
  }

  function eventLine(part: string): JsonPiece {
    head += part
    const colon = head.indexOf(':')
    if (!isOther && colon < 0 && head.length <= MAX_FIELD) return { ok: true, text: '' }
    // Comments, `event`, `id` and `retry` hold no field. What is longer than such lines are is not passed on unseen.
    if (isOther || head.slice(0, colon) !== 'data') {
      isOther = true
      return head.length > MAX_FIELD ? { ok: false, fault: 'too-long' } : { ok: true, text: '' }
    }
    const [prefix, rest] = [head.slice(0, colon + 1), head.slice(colon + 1)]
    head = ''
    json = createReplyMaskStream(mask, roles, counts)
    const piece = json.write(rest)
    return piece.ok ? { ok: true, text: prefix + piece.text } : piece
  }

  function endLine(): JsonPiece {
    const other = head
    const open = json
    head = ''
    isOther = false
    json = undefined
    if (open) return open.end()
    // A `data` line without a colon is an empty one.
    return { ok: true, text: scan?.(other) ?? other }
  }

  function take(piece: string): JsonPiece {
    let out = ''
    let at = 0
    while (at < piece.length) {
      const end = lineEnd(piece, at)
      const said = line(piece.slice(at, end))
      if (!said.ok) return said
      out += said.text
      at = end
      if (at >= piece.length) break
      const ended = endLine()
      if (!ended.ok) return ended
      out += ended.text + piece.charAt(at)
      at++
    }
    return { ok: true, text: out }
  }

  /** Event streams end lines by CR as well; for JSON it is a blank. */
  function lineEnd(text: string, from: number): number {
    for (let at = from; at < text.length; at++) {
      const code = text.charCodeAt(at)
      if (code === 10 || (code === 13 && form === 'events')) return at
    }
    return text.length
  }

  let fault: JsonFault | undefined
  const kept = (piece: JsonPiece): JsonPiece => {
    if (!piece.ok) fault ??= piece.fault
    return fault === undefined ? piece : { ok: false, fault }
  }
  return {
    write(piece) {
      if (fault !== undefined) return { ok: false, fault }
      return kept(take(piece))
    },
    end: () => kept(endLine()),
  }
}

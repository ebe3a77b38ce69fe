import type { MaskKind } from '../mask-kinds.ts'
import { DOT, isWordAt, runEnd } from './characters.ts'
import type { Finding } from './finding.ts'
import { createShapeDetector } from './token-shapes.ts'
import { TOKEN_FORMS, type TokenForm } from './tokens.ts'

const SLOTS = 4096
const NONE: readonly TokenForm[] = []

/** What of these kinds begins at the start of a word. */
type TokenDetector = (text: string, start: number, end: number) => Finding | undefined

/** A slot of a table for the first two characters: every prefix has two at least. */
function slotOf(first: number, second: number): number {
  return ((first << 5) ^ second) & (SLOTS - 1)
}

/** Compiles the forms. A word whose first two characters begin no prefix costs one look-up. */
export function createTokenDetector(kinds: ReadonlySet<MaskKind>): TokenDetector {
  const slots: (TokenForm[] | undefined)[] = Array.from({ length: SLOTS })
  for (const form of TOKEN_FORMS) {
    if (!kinds.has(form.kind)) continue
    const list = (slots[slotOf(form.prefix.charCodeAt(0), form.prefix.charCodeAt(1))] ??= [])
    list.push(form)
  }
  // Where one prefix begins another, the longer counts.
  for (const list of slots) list?.sort((a, b) => b.prefix.length - a.prefix.length)
  const shapes = createShapeDetector(kinds)
  return (text, start, end) => {
    const forms = slots[slotOf(text.charCodeAt(start), text.charCodeAt(start + 1))] ?? NONE
    for (let i = 0; i < forms.length; i++) {
      const form = forms[i] as TokenForm
      if (!text.startsWith(form.prefix, start)) continue
      const from = start + form.prefix.length
      const to = bodyEnd(text, from, form)
      if (to - from < form.min || to - from > form.max) continue
      if (form.holds !== undefined && !text.slice(from, to).includes(form.holds)) continue
      if (form.max === form.min && isWordAt(text, to)) continue
      return { kind: form.kind, from: start, to }
    }
    return shapes(text, start, end)
  }
}

/** A full stop at the end belongs to the sentence. */
function bodyEnd(text: string, from: number, { body, max }: TokenForm): number {
  let to = runEnd(text, from, body, Math.min(max, text.length) + 1)
  if ((body & DOT) !== 0) while (text.charCodeAt(to - 1) === 46) to--
  return to
}

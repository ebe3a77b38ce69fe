import type { MaskKind } from '../mask-kinds.ts'
import { ALNUM, classAt, DIGIT, isWordAt, LOWER, UPPER } from './characters.ts'
import type { Weighing } from './context.ts'
import type { Finding } from './finding.ts'
import { LETTER_FORMS, type LetterForm } from './letter-forms.ts'

/** Longer first words than any form has. */
const MAX_WORD = 18

/** What of these kinds begins with the word from `start` to `end`, whose characters have the classes `classes`. */
export type LetterDetector = (text: string, start: number, end: number, classes: number) => Finding | undefined

/** Compiles the forms, by length of the first word: one look-up for each word. */
export function createLetterDetector(kinds: ReadonlySet<MaskKind>, weighing: Weighing): LetterDetector {
  const byLength: (LetterForm[] | undefined)[] = Array.from({ length: MAX_WORD + 1 })
  for (const form of LETTER_FORMS) {
    if (!kinds.has(form.kind)) continue
    const length = form.form.search(/[^A9X]|$/)
    const list = (byLength[length] ??= [])
    list.push(form)
  }
  return (text, start, end, classes) => {
    const length = end - start
    const forms = length > MAX_WORD ? undefined : byLength[length]
    if (!forms) return undefined
    const first = classAt(text, start)
    for (const form of forms) {
      const wanted = form.form.charCodeAt(0)
      if (wanted === 57 ? (first & DIGIT) === 0 : wanted === 65 && (first & DIGIT) !== 0) continue
      if ((classes & LOWER) !== 0 && !form.isAnyCase) continue
      if (!hasForm(text, start, form) || !form.check(letters(text, start, form.form.length))) continue
      if (!form.isWeak || weighing(text, start, form.kind))
        return { kind: form.kind, from: start, to: start + form.form.length }
    }
    return undefined
  }
}

function hasForm(text: string, start: number, { form, isAnyCase }: LetterForm): boolean {
  for (let i = 0; i < form.length; i++) {
    const wanted = form.charCodeAt(i)
    const classes = classAt(text, start + i)
    const isLetter = (classes & (isAnyCase ? LOWER | UPPER : UPPER)) !== 0
    if (wanted === 57) {
      if ((classes & DIGIT) === 0) return false
    } else if (wanted === 65) {
      if (!isLetter) return false
    } else if (wanted === 88) {
      if (!isLetter && (classes & DIGIT) === 0) return false
    } else if (text.charCodeAt(start + i) !== wanted) return false
  }
  return !isWordAt(text, start + form.length)
}

function letters(text: string, start: number, length: number): string {
  let out = ''
  for (let i = start; i < start + length; i++) if ((classAt(text, i) & ALNUM) !== 0) out += text.charAt(i)
  return out.toUpperCase()
}

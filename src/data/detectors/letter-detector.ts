import type { MaskKind } from '../mask-kinds.ts'
import { ALNUM, classAt, DIGIT, isWordAt, LOWER, UPPER } from './characters.ts'
import type { Weighing } from './context.ts'
import type { Finding } from './finding.ts'
import { LETTER_FORMS, type LetterForm } from './letter-forms.ts'

/** Longer first words than any form has. */
const MAX_WORD = 18

/** What of these kinds begins with the word from `start` to `end`, whose characters have the classes `classes`. */
export type LetterDetector = (
  text: string,
  start: number,
  end: number,
  classes: number,
) => Finding | undefined

/** Compiles the forms, by length of the first word: one look-up for each word. */
export function createLetterDetector(kinds: ReadonlySet<MaskKind>, weighing: Weighing): LetterDetector {
  // By the length of the first word and by whether a digit begins it; those that take small letters apart, as they are few.
  const capitals = createTable()
  const anyCase = createTable()
  for (const form of LETTER_FORMS) {
    if (!kinds.has(form.kind)) continue
    const length = form.form.search(/[^A9X]|$/)
    for (const isDigit of form.form.startsWith('X') ? [0, 1] : [form.form.startsWith('9') ? 1 : 0]) {
      put(capitals, length * 2 + isDigit, form)
      if (form.isAnyCase) put(anyCase, length * 2 + isDigit, form)
    }
  }
  return (text, start, end, classes) => {
    const length = end - start
    if (length > MAX_WORD) return undefined
    const table = (classes & LOWER) === 0 ? capitals : anyCase
    const forms = table[length * 2 + (classAt(text, start) & DIGIT)]
    if (!forms) return undefined
    for (let i = 0; i < forms.length; i++) {
      const form = forms[i] as LetterForm
      if (!hasForm(text, start, form) || !form.check(letters(text, start, form.form.length))) continue
      if (!form.isWeak || weighing(text, start, form.kind))
        return { kind: form.kind, from: start, to: start + form.form.length }
    }
    return undefined
  }
}

type Table = (LetterForm[] | undefined)[]

function createTable(): Table {
  return Array.from({ length: MAX_WORD * 2 + 2 }, () => undefined)
}

function put(table: Table, at: number, form: LetterForm): void {
  const list = (table[at] ??= [])
  list.push(form)
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

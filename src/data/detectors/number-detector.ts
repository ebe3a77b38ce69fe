import type { MaskKind } from '../mask-kinds.ts'
import { isDigitCode, isWordAt } from './characters.ts'
import type { Weighing } from './context.ts'
import type { Finding } from './finding.ts'
import { NUMBER_FORMS, type NumberForm } from './number-forms.ts'

/** More runs of digits than any form has. */
const MAX_RUNS = 7
const MAX_RUN = 19
const MIN_BARE = 7
const MIN_BARE_IN_CHAIN = 13
const SPACE = 32

interface CompiledForm extends NumberForm {
  /** What stands between the runs of digits; undefined where one of space and hyphen stands throughout. */
  readonly separators: string | undefined
}

/** What begins at `start`, where a digit stands and no word before it. */
export type NumberDetector = (text: string, start: number) => Finding | undefined

/** Compiles the forms of these kinds. Forms are found by the lengths of their runs: one look-up for each run. */
export function createNumberDetector(kinds: ReadonlySet<MaskKind>, weighing: Weighing): NumberDetector {
  const forms = compileForms(kinds)
  const findsIp = kinds.has('ip')
  const ends = new Int32Array(MAX_RUNS)
  const keys = new Float64Array(MAX_RUNS)
  let runs = 0
  let firstEnd = 0

  /** Reads runs of digits with one separator between each two; a run that a letter follows does not count. */
  function readRuns(text: string, start: number): void {
    let at = start
    let key = 0
    runs = 0
    while (runs < MAX_RUNS) {
      const from = at
      while (isDigitCode(text.charCodeAt(at))) at++
      if (runs === 0) firstEnd = at
      if (at - from > MAX_RUN || isWordAt(text, at)) return
      key = key * 32 + at - from
      keys[runs] = key
      ends[runs++] = at
      if (!isSeparator(text.charCodeAt(at)) || !isDigitCode(text.charCodeAt(at + 1))) return
      at++
    }
  }

  function match(text: string, start: number, run: number): Finding | undefined {
    const candidates = forms.get(keys[run] as number)
    if (!candidates) return undefined
    const end = ends[run] as number
    let digits = ''
    for (const form of candidates) {
      if (!hasSeparators(text, run, form.separators)) continue
      // Groups that go on are of something longer, such as a UUID.
      if (run > 0 && form.kind !== 'card' && text.charCodeAt(end) === 45 && isWordAt(text, end + 1)) continue
      if (digits === '') digits = run === 0 ? text.slice(start, end) : digitsOf(text, start, end)
      if (form.check(digits) && (!form.isWeak || weighing(text, start, form.kind)))
        return { kind: form.kind, from: start, to: end }
    }
    return undefined
  }

  function hasSeparators(text: string, run: number, wanted: string | undefined): boolean {
    if (run === 0) return true
    const first = text.charCodeAt(ends[0] as number)
    if (wanted === undefined && first !== SPACE && first !== 45) return false
    for (let i = 0; i < run; i++) {
      const code = text.charCodeAt(ends[i] as number)
      if (code !== (wanted === undefined ? first : wanted.charCodeAt(i))) return false
    }
    return true
  }

  return (text, start) => {
    readRuns(text, start)
    if (runs === 0 || (runs === 1 && firstEnd - start < MIN_BARE)) return undefined
    const isInside =
      start > 1 && isTight(text.charCodeAt(start - 1)) && isDigitCode(text.charCodeAt(start - 2))
    if (isInside) {
      // The tail of a longer chain of digits, such as a date or a version: only a whole number of its own counts.
      const isFraction = text.charCodeAt(start - 1) === 46
      return isFraction || firstEnd - start < MIN_BARE_IN_CHAIN ? undefined : match(text, start, 0)
    }
    if (findsIp && isIpv4(text, start)) return { kind: 'ip', from: start, to: ends[3] as number }
    for (let run = runs - 1; run >= 0; run--) {
      const found = match(text, start, run)
      if (found) return found
    }
    return undefined
  }

  /** Four runs up to 255 with dots between, and no fifth. */
  function isIpv4(text: string, start: number): boolean {
    if (runs < 4 || (runs > 4 && text.charCodeAt(ends[3] as number) === 46)) return false
    if (start > 1 && text.charCodeAt(start - 1) === 46 && isWordAt(text, start - 2)) return false
    let from = start
    for (let run = 0; run < 4; run++) {
      const end = ends[run] as number
      if (end - from > 3 || Number(text.slice(from, end)) > 255) return false
      if (run < 3 && text.charCodeAt(end) !== 46) return false
      from = end + 1
    }
    return true
  }
}

function compileForms(kinds: ReadonlySet<MaskKind>): ReadonlyMap<number, readonly CompiledForm[]> {
  const forms = new Map<number, CompiledForm[]>()
  for (const one of NUMBER_FORMS) {
    if (!kinds.has(one.kind)) continue
    let key = 0
    for (const run of one.form.split(/[^9]/)) key = key * 32 + run.length
    const separators = one.form.includes('*') ? undefined : one.form.replaceAll('9', '')
    const list = forms.get(key) ?? []
    list.push({ ...one, separators })
    forms.set(key, list)
  }
  // What needs no word near it is asked first.
  for (const list of forms.values()) list.sort((a, b) => Number(a.isWeak) - Number(b.isWeak))
  return forms
}

function isSeparator(code: number): boolean {
  return code === SPACE || code === 45 || code === 46 || code === 47
}

/** Joins digits to one thing, as a space does not. */
function isTight(code: number): boolean {
  return code === 45 || code === 46 || code === 47
}

function digitsOf(text: string, start: number, end: number): string {
  let digits = ''
  for (let at = start; at < end; at++) {
    const code = text.charCodeAt(at)
    if (isDigitCode(code)) digits += text.charAt(at)
  }
  return digits
}

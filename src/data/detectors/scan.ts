import type { MaskKind } from '../mask-kinds.ts'
import { CLASSES, classAt, HEX, isDigitCode, isWordAt, LOWER, NUMBER, TRIGGER, WORD } from './characters.ts'
import { createWeighing, type WeakFindings } from './context.ts'
import type { Finding } from './finding.ts'
import { readJwt } from './jwt.ts'
import { createMarkDetector, mayTell } from './mark-detector.ts'
import { createWordDetector } from './word-detector.ts'

/** Everything of the compiled kinds in a text, in order and without overlap. Text before `from` is looked at, never found in. */
export type Scan = (text: string, from?: number) => readonly Finding[]

const NONE: readonly Finding[] = []

/**
 * Compiles the detectors of these kinds into one pass. A word costs its characters and, by their classes and the character after it,
 * no or few look-ups: a word of small letters alone is done with; digits go to the numbers; capitals and mixtures to identity numbers
 * and tokens. Every detector reads a bounded number of characters, or steps over what it has read: linear on any input.
 */
export function createScan(kinds: ReadonlySet<MaskKind>, weak: WeakFindings): Scan {
  const words = createWordDetector(kinds, weak, createWeighing(weak))
  const marks = createMarkDetector(kinds, weak)
  const jwt = kinds.has('jwt')
  const colons = kinds.has('ip') || kinds.has('mac')

  return (text, from = 0) => {
    const { length } = text
    let findings: Finding[] | undefined
    let first = from
    let at = from
    // A word that began before `from` is not read from its middle.
    if (from > 0 && isWordAt(text, from - 1)) while (at < length && isWordAt(text, at)) at++
    while (at < length) {
      const code = text.charCodeAt(at)
      let classes = CLASSES[code] as number
      let found: Finding | undefined
      if ((classes & WORD) !== 0) {
        const start = at++
        let next = 32
        for (; at < length; at++) {
          next = text.charCodeAt(at)
          const more = CLASSES[next] as number
          if ((more & WORD) === 0) break
          classes |= more
        }
        if ((classes & ~(LOWER | HEX)) === 0) {
          if (!mayFollowLetters(next, text, start, at) && !(colons && next === 58)) continue
        } else if (classes === NUMBER && at - start < MIN_NUMBER) {
          if (!mayFollowDigits(next, text, at) && !(colons && next === 58)) continue
        }
        if (jwt && code === 101 && text.startsWith('eyJ', start)) {
          const { to, isToken } = readJwt(text, start)
          found = isToken ? { kind: 'jwt', from: start, to } : words(text, start, at, classes)
          if (!found && to > at) at = to
        } else found = words(text, start, at, classes)
      } else {
        if ((classes & TRIGGER) === 0) {
          at++
          continue
        }
        found = mayTell(text, at, code) || (colons && code === 58) ? marks(text, at, code, first) : undefined
        if (!found) at += escapeLength(text, at, code)
      }
      if (!found) continue
      ;(findings ??= []).push(found)
      first = found.to
      at = found.to
    }
    return findings ?? NONE
  }
}

/** Shorter numbers are only parts of what is found. */
const MIN_NUMBER = 7

/** Whether a short number goes on behind the mark that follows it. */
function mayFollowDigits(next: number, text: string, end: number): boolean {
  const isMark = next === 32 || (next >= 43 && next <= 47)
  return isMark && isDigitCode(text.charCodeAt(end + 1))
}

/** Whether a word of small letters alone may begin something: a mark of tokens follows, or it is a scheme of credentials. */
function mayFollowLetters(next: number, text: string, start: number, end: number): boolean {
  if (next === 32) return (end - start === 5 || end - start === 6) && text.charCodeAt(start) === 98
  return next === 45 || next === 46 || next === 126 || next === 36
}

/** How far to go on: what an escape stands for is no letter of the next word (`\nAKIA...`, `%20AKIA...`). */
function escapeLength(text: string, at: number, code: number): number {
  if (code === 92) return (classAt(text, at + 1) & LOWER) === 0 ? 1 : 2
  const isHex = code === 37 && (classAt(text, at + 1) & classAt(text, at + 2) & HEX) !== 0
  return isHex ? 3 : 1
}

import { contextOf, type MaskKind } from '../mask-kinds.ts'
import { ALNUM, classAt } from './characters.ts'

/** How findings count whose form alone proves too little. */
export type WeakFindings = 'context' | 'always' | 'never'

/** Whether a weak finding counts that begins at `start`. */
export type Weighing = (text: string, start: number, kind: MaskKind) => boolean

/** How far back on the line a word may stand. */
export const CONTEXT_CHARACTERS = 64

/** `context` looks for a word of the kind before the finding, on its line. */
export function createWeighing(weak: WeakFindings): Weighing {
  if (weak !== 'context') return () => weak === 'always'
  return (text, start, kind) => {
    const words = contextOf(kind)
    if (words.length === 0) return false
    const near = text.slice(Math.max(0, start - CONTEXT_CHARACTERS), start)
    const before = near.slice(near.lastIndexOf('\n') + 1).toLowerCase()
    return words.some((word) => hasWord(before, word))
  }
}

/** Whether a word stands in lower-case text with neither letter nor digit on either side. */
function hasWord(text: string, word: string): boolean {
  for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + 1)) {
    const isWithin = (place: number): boolean => (classAt(text, place) & ALNUM) !== 0
    if (!isWithin(at - 1) && !isWithin(at + word.length)) return true
  }
  return false
}

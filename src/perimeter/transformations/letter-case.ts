import { isAscii } from './ascii.ts'
import { scratchFor, textOf } from './scratch.ts'

/** The letters A to Z as a to z; other bytes stay. */
export function lowercase(value: string): string {
  const lower = value.toLowerCase()
  if (lower === value) return value
  return isAscii(value) ? lower : shifted(value, 65, 32)
}

/** The letters a to z as A to Z; other bytes stay. */
export function uppercase(value: string): string {
  if (isAscii(value)) {
    const upper = value.toUpperCase()
    return upper === value ? value : upper
  }
  return shifted(value, 97, -32)
}

function shifted(value: string, first: number, by: number): string {
  const { length } = value
  const out = scratchFor(length)
  let isChanged = false
  for (let i = 0; i < length; i++) {
    const code = value.charCodeAt(i)
    const isLetter = code >= first && code < first + 26
    if (isLetter) isChanged = true
    out[i] = isLetter ? code + by : code
  }
  return isChanged ? textOf(out, length) : value
}

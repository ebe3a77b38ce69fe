import type { Scanner } from './scanner.ts'
import type { Text } from './text.ts'
import type { Entry, Transaction } from './transaction.ts'
import type { View } from './views.ts'

/** Values that may match, by the number that the scanner has for a rule's operator. */
export type Hits = ReadonlyMap<number, readonly Hit[]>

/** A value that may match, and what the rule's transformations made of it. */
export interface Hit {
  readonly entry: Entry
  readonly text: Text
}

/**
 * The rules of one scanner that look at one variable through the same transformations. Their question to the exchange is
 * asked once for all of them: most requests have nothing for any, and then each of the rules costs a glance.
 */
export interface Unit {
  readonly number: number
  readonly view: View
  /** Only the entry of this key. */
  readonly key: string | undefined
  readonly steps: readonly number[]
  readonly scanner: Scanner
  readonly scannerNumber: number
  /** The operators of its rules, as bits. */
  mask: Uint32Array
}

/** What a unit has for its rules; undefined for nothing. */
export function hitsOf(unit: Unit, transaction: Transaction): Hits | undefined {
  let hits = transaction.hits[unit.number]
  if (hits === undefined) {
    hits = findHits(unit, transaction) ?? null
    transaction.hits[unit.number] = hits
  }
  return hits ?? undefined
}

function findHits(unit: Unit, transaction: Transaction): Hits | undefined {
  const { steps, scanner, scannerNumber, mask, key } = unit
  let hits: Map<number, Hit[]> | undefined
  for (const entry of transaction.entries(unit.view)) {
    if (key !== undefined && entry.key !== key) continue
    const text = entry.text.through(steps, transaction.pool)
    const bits = text.scan(scannerNumber, scanner)
    if (!bits) continue
    for (let word = 0; word < mask.length; word++) {
      let common = (bits[word] as number) & (mask[word] as number)
      while (common !== 0) {
        const lowest = 31 - Math.clz32(common & -common)
        common &= common - 1
        hits ??= new Map()
        const id = word * 32 + lowest
        const list = hits.get(id)
        if (list) list.push({ entry, text })
        else hits.set(id, [{ entry, text }])
      }
    }
  }
  return hits
}

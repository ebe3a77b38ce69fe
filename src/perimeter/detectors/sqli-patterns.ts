import type { SqliReading } from './sqli-folding.ts'

/** What must hold beside the types of the tokens. */
export type Condition = (reading: SqliReading) => boolean

/** A set of fingerprints: per place the types that may stand there, and what else must hold. */
export interface Pattern {
  readonly places: readonly string[]
  /** Nothing may follow. */
  readonly isWhole: boolean
  readonly holds: Condition | undefined
}

/** The patterns by the type that they begin with. */
export type PatternTable = ReadonlyMap<string, readonly Pattern[]>

/**
 * Reads patterns as they are written in the rules: a type stands for itself, `[1s]` for one of several, `$` for the end;
 * where there is no `$`, anything may follow. Several are separated by blanks.
 */
export function patternsOf(rows: readonly (readonly [patterns: string, holds?: Condition])[]): PatternTable {
  const table = new Map<string, Pattern[]>()
  for (const [texts, holds] of rows) {
    for (const text of texts.split(' ')) {
      const pattern = { ...parse(text), holds }
      for (const first of pattern.places[0] as string)
        table.set(first, [...(table.get(first) ?? []), pattern])
    }
  }
  return table
}

/** Whether one of the patterns fits the reading. */
export function fits(table: PatternTable, reading: SqliReading): boolean {
  const patterns = table.get(reading.types[0] ?? '')
  return patterns?.some((pattern) => fitsOne(pattern, reading)) ?? false
}

function fitsOne({ places, isWhole, holds }: Pattern, reading: SqliReading): boolean {
  const { types } = reading
  if (types.length < places.length || (isWhole && types.length > places.length)) return false
  for (let i = 1; i < places.length; i++) {
    if (!(places[i] as string).includes(types[i] as string)) return false
  }
  return holds?.(reading) ?? true
}

function parse(text: string): { readonly places: readonly string[]; readonly isWhole: boolean } {
  const places: string[] = []
  const isWhole = text.endsWith('$')
  const end = isWhole ? text.length - 1 : text.length
  for (let i = 0; i < end; i++) {
    const close = text[i] === '[' ? text.indexOf(']', i) : i
    places.push(close > i ? text.slice(i + 1, close) : (text[i] as string))
    i = close
  }
  return { places, isWhole }
}

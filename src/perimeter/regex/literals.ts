import { members } from './byte-set.ts'
import type { Node } from './syntax.ts'

/** Bounds on what is worked out; past them a part of the pattern counts as anything. */
const MAX_EXACT = 600
const MAX_REQUIRED = 2000
const MAX_BYTES = 24
const MAX_CLASS = 12

interface Facts {
  /** Every string that the node matches, in lower case, if they are few. */
  readonly exact: ReadonlySet<string> | undefined
  /** Strings in lower case of which every match holds at least one. */
  readonly required: ReadonlySet<string> | undefined
}

const ANYTHING: Facts = { exact: undefined, required: undefined }
const NOTHING: Facts = { exact: new Set(['']), required: undefined }

/**
 * Strings, in lower case, of which every match of the pattern holds at least one: what a value must be searched for before
 * the pattern is tried at all. Undefined where there are none, or only such as are in too many values: `minBits` is how rare
 * they must be, as the negative logarithm (base 2) of how often one of them is at a place of ordinary text.
 */
export function requiredLiterals(node: Node, minBits: number): readonly string[] | undefined {
  const { exact, required } = factsOf(node)
  const best = better(exact, required)
  if (!best || rarity(best) < minBits) return undefined
  return withoutLonger(best)
}

function factsOf(node: Node): Facts {
  switch (node.kind) {
    case 'empty':
    case 'assert':
      return NOTHING
    case 'bytes': {
      const found = members(node.set)
      if (found.length > MAX_CLASS * 2) return ANYTHING
      const lower = new Set(
        found.map((byte) => String.fromCharCode(byte >= 65 && byte <= 90 ? byte + 32 : byte)),
      )
      return lower.size > MAX_CLASS ? ANYTHING : { exact: lower, required: undefined }
    }
    case 'capture':
      return factsOf(node.item)
    case 'alternate':
      return alternateFacts(node.items.map(factsOf))
    case 'concat':
      return concatFacts(node.items.map(factsOf))
    case 'repeat':
      break
  }
  return repeatFacts(node)
}

function repeatFacts(node: Extract<Node, { kind: 'repeat' }>): Facts {
  const { min, max } = node
  const item = factsOf(node.item)
  if (max === 0) return NOTHING
  if (min === 0) {
    if (max !== 1 || !item.exact || item.exact.size >= MAX_EXACT) return ANYTHING
    return { exact: new Set(['', ...item.exact]), required: undefined }
  }
  if (min === max && min <= MAX_BYTES) return concatFacts(Array.from({ length: min }, () => item))
  // At least `min` in a row, then more: the row is a substring of every match.
  const row = min <= MAX_BYTES ? concatFacts(Array.from({ length: min }, () => item)) : item
  return { exact: undefined, required: better(row.exact, row.required) }
}

function alternateFacts(items: readonly Facts[]): Facts {
  const exact = new Set<string>()
  const required = new Set<string>()
  let isExact = true
  let isRequired = true
  for (const item of items) {
    if (item.exact && isExact) for (const text of item.exact) exact.add(text)
    else isExact = false
    const best = better(item.exact, item.required)
    if (best && isRequired) for (const text of best) required.add(text)
    else isRequired = false
  }
  return {
    exact: isExact && exact.size <= MAX_REQUIRED ? exact : undefined,
    required: isRequired && required.size <= MAX_REQUIRED ? required : undefined,
  }
}

function concatFacts(items: readonly Facts[]): Facts {
  let best: ReadonlySet<string> | undefined
  let run: ReadonlySet<string> = new Set([''])
  let isWhole = true
  const endRun = (): void => {
    best = better(run, best)
    run = new Set([''])
    isWhole = false
  }
  for (const item of items) {
    if (item.exact) {
      const joined = product(run, item.exact)
      if (joined) run = joined
      else {
        endRun()
        run = item.exact
      }
    } else {
      endRun()
      best = better(item.required, best)
    }
  }
  return isWhole ? { exact: run, required: undefined } : { exact: undefined, required: better(run, best) }
}

/** Every string of the first with every string of the second behind it, if they stay few and short. */
function product(left: ReadonlySet<string>, right: ReadonlySet<string>): ReadonlySet<string> | undefined {
  if (left.size * right.size > MAX_EXACT && left.size > 1 && right.size > 1) return undefined
  if (left.size * right.size > MAX_REQUIRED) return undefined
  const joined = new Set<string>()
  for (const a of left)
    for (const b of right) {
      if (a.length + b.length > MAX_BYTES) return undefined
      joined.add(a + b)
    }
  return joined
}

/** The set that is rarer in ordinary text. A set with the empty string says nothing. */
function better(
  a: ReadonlySet<string> | undefined,
  b: ReadonlySet<string> | undefined,
): ReadonlySet<string> | undefined {
  const bitsA = a ? rarity(a) : 0
  const bitsB = b ? rarity(b) : 0
  if (bitsA <= 0 && bitsB <= 0) return undefined
  return bitsA >= bitsB ? a : b
}

/** How rare it is that one of the strings stands at a place, in bits. */
function rarity(set: ReadonlySet<string>): number {
  let probability = set.size === 0 ? 1 : 0
  for (const text of set) {
    let bits = 0
    for (let i = 0; i < text.length && bits < 60; i++) bits += BITS[text.charCodeAt(i)] as number
    probability += 2 ** -bits
  }
  return -Math.log2(probability)
}

/** About how rare each byte is in the values of ordinary requests, in bits. */
const BITS = new Float64Array(256).fill(8)
for (const [bytes, bits] of [
  ['etaoinsr', 4],
  ['dhlcumfpgwybvk', 5.5],
  ['0123456789', 4.5],
  [' ', 3.5],
  ['.-_/', 5.5],
  ['=&:;,+%"', 6.5],
  ["()'", 7],
] as const)
  for (const byte of bytes) BITS[byte.charCodeAt(0)] = bits

/** A string that holds another of the set adds nothing. */
function withoutLonger(set: ReadonlySet<string>): readonly string[] {
  const kept: string[] = []
  for (const text of [...set].sort((a, b) => a.length - b.length))
    if (kept.length > 400 || !kept.some((short) => text.includes(short))) kept.push(text)
  return kept
}

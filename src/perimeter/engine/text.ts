import { TRANSFORMATIONS } from '../transformations/table.ts'
import type { Scanner } from './scanner.ts'

const FUNCTIONS = [...TRANSFORMATIONS.values()]
const NUMBERS = new Map([...TRANSFORMATIONS.keys()].map((name, index) => [name, index]))

/** The number of a transformation, by its name in lower case. */
export function transformationNumber(name: string): number {
  const number = NUMBERS.get(name)
  if (number === undefined) throw new Error(`no transformation ${name}`)
  return number
}

/** A distinct value of one exchange, with everything that is worked out about it once. */
export class Text {
  readonly value: string
  /** By the number of the transformation. */
  #transformed: (Text | undefined)[] | undefined
  /** By the number of the scanner. */
  #scans: (Uint32Array | null | undefined)[] | undefined

  #answers: (boolean | undefined)[] | undefined

  constructor(value: string) {
    this.value = value
  }

  /** The value after some transformations, by number. */
  through(steps: readonly number[], pool: TextPool): Text {
    // oxlint-disable-next-line typescript/no-this-alias -- the way begins at this value
    let text: Text = this
    for (const step of steps) text = text.#transformed?.[step] ?? text.#transform(step, pool)
    return text
  }

  #transform(step: number, pool: TextPool): Text {
    const value = (FUNCTIONS[step] as (value: string) => string)(this.value)
    const text = value === this.value ? this : pool.of(value)
    this.#transformed ??= []
    this.#transformed[step] = text
    return text
  }

  /** The answer of an operator that costs more than a look-up, worked out once. */
  answer(number: number, ask: (value: string) => boolean): boolean {
    this.#answers ??= []
    const known = this.#answers[number]
    if (known !== undefined) return known
    const answer = ask(this.value)
    this.#answers[number] = answer
    return answer
  }

  /** What a scanner says of the value; undefined for nothing. */
  scan(number: number, scanner: Scanner): Uint32Array | undefined {
    this.#scans ??= []
    let bits = this.#scans[number]
    if (bits === undefined) {
      bits = scanner.scan(this.value) ?? null
      this.#scans[number] = bits
    }
    return bits ?? undefined
  }
}

/** Fields that come with every request are short; others are not kept between exchanges. */
const MAX_SHARED_BYTES = 300
const MAX_SHARED = 2000

/**
 * What was worked out about strings that come again with the next request, in two generations: what is not asked for while
 * the younger one fills is forgotten. It is given the fields that browsers send alike, and nothing that could be a secret;
 * what it keeps are results of pure functions, no decision.
 */
export class SharedTexts {
  #young = new Map<string, Text>()
  #old = new Map<string, Text>()

  of(value: string): Text {
    if (value.length > MAX_SHARED_BYTES) return new Text(value)
    let text = this.#young.get(value)
    if (text) return text
    text = this.#old.get(value) ?? new Text(value)
    if (this.#young.size >= MAX_SHARED) {
      this.#old = this.#young
      this.#young = new Map()
    }
    this.#young.set(value, text)
    return text
  }
}

/** The distinct values of one exchange: equal strings share what was worked out. */
export class TextPool {
  readonly #texts = new Map<string, Text>()

  of(value: string): Text {
    let text = this.#texts.get(value)
    if (!text) {
      text = new Text(value)
      this.#texts.set(value, text)
    }
    return text
  }
}

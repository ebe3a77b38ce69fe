import { Automaton } from './automaton.ts'
import { captureGroups } from './captures.ts'
import { parsePattern } from './parse.ts'
import { compileProgram, countInstructions, type Program } from './program.ts'
import type { Node } from './syntax.ts'

/** A compiled regular expression over byte strings. Matching takes time linear in the value, whatever it holds. */
export class Pattern {
  readonly source: string
  readonly node: Node
  readonly captures: number
  #program: Program | undefined
  #automaton: Automaton | undefined

  /** Throws PatternError for a pattern that is damaged or cannot be matched in linear time. */
  constructor(source: string, ignoreCase = false) {
    const { node, captures } = parsePattern(source, ignoreCase)
    this.source = source
    this.node = node
    this.captures = captures
    // Compiled on first use: most patterns of a rule set never see a value that has what they need.
  }

  /** `^.*$`, which rules write to capture a value whole. */
  get #isWhole(): boolean {
    return this.source === '^.*$'
  }

  /** About how many instructions it has. */
  get size(): number {
    return countInstructions(this.node)
  }

  /** Whether it matches anywhere. */
  test(value: string): boolean {
    return this.#isWhole || this.#lazy().test(value)
  }

  /** The groups of the leftmost match, 0 the whole of it; undefined for no match. */
  exec(value: string): readonly (string | undefined)[] | undefined {
    if (this.#isWhole) return [value]
    const place = this.#lazy().locate(value)
    if (!place) return undefined
    return captureGroups(this.#program as Program, value, place.from) ?? [value.slice(place.from, place.end)]
  }

  #lazy(): Automaton {
    if (!this.#automaton) {
      this.#program = compileProgram([this.node], this.captures)
      this.#automaton = new Automaton(this.#program)
    }
    return this.#automaton
  }
}

import { Automaton } from '../regex/automaton.ts'
import { requiredLiterals } from '../regex/literals.ts'
import type { Pattern } from '../regex/pattern.ts'
import { compileProgram } from '../regex/program.ts'
import { type Phrase, PhraseAutomaton } from './phrases.ts'

/** Literals that are less rare are in too many values to tell anything. */
const MIN_LITERAL_BITS = 5
/** Patterns without such literals are put together in automata of at most so many instructions. */
const MAX_SET_INSTRUCTIONS = 30_000

/** Patterns in one automaton. */
interface PatternSet {
  readonly automaton: Automaton
  readonly ids: readonly number[]
  /** Room for an answer; zero between scans. */
  readonly matched: Uint32Array
}

/** One pass over a value for all patterns and phrases of a group of rules, which says who could match. */
export class Scanner {
  readonly #patterns: (Pattern | undefined)[] = []
  readonly #phrases: Phrase[] = []
  #automaton: PhraseAutomaton | undefined
  #sets: readonly PatternSet[] = []
  #scratch = new Uint32Array(0)

  /** A number for a pattern. */
  addPattern(pattern: Pattern): number {
    this.#patterns.push(pattern)
    return this.#patterns.length - 1
  }

  /** A number for a list of phrases, in lower case. */
  addPhrases(phrases: readonly string[]): number {
    const owner = this.#patterns.push(undefined) - 1
    for (const text of phrases) if (text !== '') this.#phrases.push({ text, owner })
    return owner
  }

  get size(): number {
    return this.#patterns.length
  }

  /** How many words of 32 bits an answer has. */
  get words(): number {
    return (this.#patterns.length + 31) >> 5
  }

  /**
   * The numbers that could match, as bits; undefined for none. A phrase list whose bit is set does match; a pattern must
   * still be asked.
   */
  scan(value: string): Uint32Array | undefined {
    if (!this.#automaton) this.#build()
    const bits = this.#scratch.fill(0)
    let found = (this.#automaton as PhraseAutomaton).find(value, bits)
    for (const { automaton, ids, matched } of this.#sets) {
      const answer = automaton.testAll(value, matched)
      if (answer === 'none') continue
      found = true
      for (let i = 0; i < ids.length; i++) {
        if (answer === 'some' && ((matched[i >> 5] as number) & (1 << (i & 31))) === 0) continue
        const id = ids[i] as number
        bits[id >> 5]! |= 1 << (id & 31)
      }
      matched.fill(0)
    }
    return found ? bits.slice() : undefined
  }

  #build(): void {
    const weak: number[] = []
    const phrases = [...this.#phrases]
    for (const [owner, pattern] of this.#patterns.entries()) {
      if (!pattern) continue
      const literals = requiredLiterals(pattern.node, MIN_LITERAL_BITS)
      if (literals) for (const text of literals) phrases.push({ text, owner })
      else weak.push(owner)
    }
    this.#scratch = new Uint32Array(this.words)
    this.#automaton = new PhraseAutomaton(phrases, this.#patterns.length)
    this.#sets = this.#group(weak)
  }

  #group(weak: readonly number[]): readonly PatternSet[] {
    const sets: PatternSet[] = []
    let ids: number[] = []
    let size = 0
    const close = (): void => {
      if (ids.length === 0) return
      const nodes = ids.map((id) => (this.#patterns[id] as Pattern).node)
      sets.push({
        automaton: new Automaton(compileProgram(nodes, 0), true),
        ids,
        matched: new Uint32Array((ids.length + 31) >> 5),
      })
      ids = []
      size = 0
    }
    for (const id of weak) {
      const { size: own } = this.#patterns[id] as Pattern
      if (size + own > MAX_SET_INSTRUCTIONS) close()
      ids.push(id)
      size += own
    }
    close()
    return sets
  }
}

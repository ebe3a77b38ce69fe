import type { ScriptSource } from './html-injector.ts'

/** A change of the learned policy that somebody must agree to. */
export interface CspProposal {
  /** Seen, and not known. The most often seen first. */
  readonly add: readonly (ScriptSource & { readonly times: number })[]
  /** Known, and not seen. */
  readonly remove: readonly string[]
  /** Sources that were not counted since there were too many. */
  readonly uncounted: number
}

/**
 * Which scripts and styles pages hold. It proposes and never decides: what an attacker gets into a page is seen as well, so only what
 * a person has put on the list of the known gets a nonce.
 */
export class CspLearning {
  readonly #known: ReadonlySet<string>
  readonly #maxSources: number
  readonly #seen = new Map<string, { source: ScriptSource; times: number }>()
  #uncounted = 0

  constructor(known: Iterable<string>, maxSources = 1000) {
    this.#known = new Set(known)
    this.#maxSources = maxSources
  }

  /** Counts what a page holds; says whether it is known. */
  see(source: ScriptSource): boolean {
    const key = `${source.kind} ${source.source}`
    const entry = this.#seen.get(key)
    if (entry) entry.times++
    else if (this.#seen.size < this.#maxSources) this.#seen.set(key, { source, times: 1 })
    else this.#uncounted++
    return this.#known.has(source.source)
  }

  /** What the list of the known lacks, and what it has too much, by what was seen. */
  proposal(): CspProposal {
    const seen = [...this.#seen.values()]
    const names = new Set(seen.map(({ source }) => source.source))
    return {
      add: seen
        .filter(({ source }) => !this.#known.has(source.source))
        .map(({ source, times }) => ({ ...source, times }))
        .toSorted((a, b) => b.times - a.times),
      remove: [...this.#known].filter((source) => !names.has(source)).toSorted(),
      uncounted: this.#uncounted,
    }
  }
}

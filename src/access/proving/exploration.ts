import type { Policy } from '../cedar/ast.ts'
import type { Schema } from '../cedar/schema.ts'
import type { RequestType } from '../cedar/validation.ts'
import { EntityUid } from '../cedar/value.ts'
import { CandidateSource, nameFor, others } from './candidates.ts'
import { type Literals, literalsOf } from './literals.ts'
import { type Cast, type Choice, type Choices, type Place, Situation } from './situation.ts'

/** How much work one search may be: situations that are looked at. */
export interface Effort {
  /** In the order of the candidates, before chance is tried. */
  readonly steps: number
  /** How often the search starts again in a random order, and how long each lasts. */
  readonly restarts: number
  readonly stepsPerRestart: number
}

/** Enough for policies as people write them. */
export const DEFAULT_EFFORT: Effort = { steps: 3000, restarts: 6, stepsPerRestart: 500 }

/** A request that was looked for. */
export interface Witness {
  readonly cast: Cast
  readonly choices: Choices
}

/** What a search came to. */
export interface Search {
  readonly witness: Witness | undefined
  /** Every situation that the candidates make was looked at, and each stands for all that are like it. */
  readonly isExhausted: boolean
}

/** What is asked of a situation; the answer counts only where nothing open was looked at. */
export type Question = (situation: Situation) => boolean

/** A supply of numbers from 0 up to 1. */
export type Random = () => number

/** The same numbers in every run, so that what is generated does not change by itself. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/**
 * Looks for requests by evaluating policies on situations that are open: what a policy asks for is chosen, and
 * nothing else. So a search sees only what matters, and may see all of it.
 */
export class Explorer {
  readonly schema: Schema
  readonly #own: Literals
  readonly #all: Literals
  readonly #random: Random
  readonly #effort: Effort
  readonly #casts = new Map<RequestType, readonly Cast[]>()
  readonly #sources = new Map<Literals, Map<Cast, CandidateSource>>()
  readonly #places = new Map<string, Place>()

  /** `policies` are what is asked about: their literals are tried first, alone, and then those of `others` too. */
  constructor(
    schema: Schema,
    policies: readonly Policy[],
    {
      others = [],
      random = seededRandom(1),
      effort = DEFAULT_EFFORT,
    }: { others?: readonly Policy[]; random?: Random; effort?: Effort } = {},
  ) {
    this.schema = schema
    this.#own = literalsOf(policies)
    this.#all = others.length === 0 ? this.#own : literalsOf([...policies, ...others])
    this.#random = random
    this.#effort = effort
  }

  /**
   * A request of this type for which the question is answered with yes. `isSettled` is asked when everything that
   * the policies' own literals tell apart was looked at: whether the others can matter at all.
   */
  find(
    type: RequestType,
    question: Question,
    effort: Effort = this.#effort,
    isSettled: () => boolean = () => false,
  ): Search {
    let search = this.#findWith(this.#own, type, question, effort)
    if (search.witness !== undefined || this.#own === this.#all) return search
    if (search.isExhausted && isSettled()) return search
    search = this.#findWith(this.#all, type, question, effort)
    return search
  }

  #findWith(literals: Literals, type: RequestType, question: Question, effort: Effort): Search {
    const casts = this.castsOf(type)
    let isExhausted = casts.length < MAX_CASTS
    for (const cast of casts) {
      const source = this.#sourceOf(literals, cast)
      const { witness, isExhausted: isDone } = this.#findIn(cast, source, question, effort)
      if (witness !== undefined) return { witness, isExhausted: false }
      isExhausted &&= isDone
    }
    return { witness: undefined, isExhausted }
  }

  #findIn(
    cast: Cast,
    source: CandidateSource,
    question: Question,
    { steps, restarts, stepsPerRestart }: Effort,
  ): Search {
    const first = new Descent(this, cast, source, question, steps, undefined)
    const witness = first.run()
    if (witness !== undefined || !first.isCut)
      return { witness, isExhausted: witness === undefined && first.isWhole }
    for (let round = 0; round < restarts; round++) {
      const found = new Descent(this, cast, source, question, stepsPerRestart, this.#random).run()
      if (found !== undefined) return { witness: found, isExhausted: false }
    }
    return { witness: undefined, isExhausted: false }
  }

  /** Who can ask for what in requests of a type: somebody, and everybody whom the policies name. */
  castsOf(type: RequestType): readonly Cast[] {
    return this.#casts.getOrInsertComputed(type, () => {
      const named = [...this.#all.entities.values()]
      const principals = this.#uidsOf(type.principal, named)
      const resources = this.#uidsOf(type.resource, [...named, ...principals.slice(0, 1)])
      const pairs = principals.flatMap((principal) =>
        resources.map((resource) => ({ type, principal, resource })),
      )
      return pairs.slice(0, MAX_CASTS)
    })
  }

  #uidsOf(type: string, taken: readonly EntityUid[]): readonly EntityUid[] {
    const ids = this.schema.entities.get(type)?.ids
    const own = taken.filter((uid) => uid.type === type)
    if (ids !== undefined) return [...others(this.schema, type, taken), ...own]
    return [
      new EntityUid(
        type,
        nameFor(type, '', (id) => !own.some((uid) => uid.id === id)),
      ),
      ...own,
    ]
  }

  candidatesOf(cast: Cast): CandidateSource {
    return this.#sourceOf(this.#all, cast)
  }

  #sourceOf(literals: Literals, cast: Cast): CandidateSource {
    return this.#sources
      .getOrInsertComputed(literals, () => new Map())
      .getOrInsertComputed(cast, () => new CandidateSource(this.schema, literals, cast))
  }

  /** With `read`, the places that are asked for are noted there. */
  situation(cast: Cast, choices: Choices, read = this.#places): Situation {
    return new Situation(this.schema, cast, choices, this.#all.tagNames, read)
  }

  /** The place of a key that a search chose something for. */
  placeOf(key: string): Place | undefined {
    return this.#places.get(key)
  }

  /** Answers a question about a witness; what is still open is chosen, the first candidate each time. */
  complete(cast: Cast, given: Choices, question: (situation: Situation) => void): Choices {
    const choices = new Map(given)
    const source = this.candidatesOf(cast)
    for (;;) {
      const situation = this.situation(cast, choices)
      question(situation)
      if (situation.open === undefined) return choices
      choices.set(situation.open.key, source.of(situation.open).choices[0] as Choice)
    }
  }
}

/** How many pairs of principal and resource are tried. */
const MAX_CASTS = 40

/** One walk down the tree of choices. */
class Descent {
  readonly #explorer: Explorer
  readonly #cast: Cast
  readonly #source: CandidateSource
  readonly #question: Question
  readonly #random: Random | undefined
  readonly #choices = new Map<string, Choice>()
  #steps: number
  isCut = false
  isWhole = true

  constructor(
    explorer: Explorer,
    cast: Cast,
    source: CandidateSource,
    question: Question,
    steps: number,
    random: Random | undefined,
  ) {
    this.#explorer = explorer
    this.#cast = cast
    this.#source = source
    this.#question = question
    this.#steps = steps
    this.#random = random
  }

  run(): Witness | undefined {
    return this.#step() ? { cast: this.#cast, choices: new Map(this.#choices) } : undefined
  }

  #step(): boolean {
    if (this.#steps-- <= 0) {
      this.isCut = true
      return false
    }
    const situation = this.#explorer.situation(this.#cast, this.#choices)
    const answer = this.#question(situation)
    const { open } = situation
    if (open === undefined) return answer
    const { choices, isComplete } = this.#source.of(open)
    this.isWhole &&= isComplete
    for (const choice of this.#ordered(choices)) {
      this.#choices.set(open.key, choice)
      if (this.#step()) return true
      if (this.isCut) break
    }
    this.#choices.delete(open.key)
    return false
  }

  #ordered(choices: readonly Choice[]): readonly Choice[] {
    const random = this.#random
    if (random === undefined) return choices
    return choices
      .map((choice): { choice: Choice; rank: number } => ({ choice, rank: random() }))
      .sort((a, b) => a.rank - b.rank)
      .map(({ choice }) => choice)
  }
}

import type { Clock } from './clock.ts'
import type { ResourceRef } from './holding.ts'
import type { RefusalCode } from './refusals.ts'

/** The moments of a walk: four at which walls are asked, and the visit to the application between them. */
export type Moment = 'connection' | 'head' | 'body' | 'upstream' | 'response'

/** A rule that matched, for `ringwall why`: what it is, where it stands, and on which part of the message. */
export interface MatchedRule {
  readonly id: number
  readonly phase: number
  readonly msg: string
  /** The matched part, cut and masked. */
  readonly data: string
  readonly variables: readonly string[]
  readonly tags: readonly string[]
  /** What the value went through before it was judged. */
  readonly transformations: readonly string[]
  /** `file:line`. */
  readonly at: string
}

/** A decision about access and what it rested on: enough to make it again, for `ringwall access review`. */
export interface AccessDecision {
  readonly permission: string
  readonly resource?: ResourceRef
  readonly allowed: boolean
  /** Ids of what the subject held (`Holding`). */
  readonly held: readonly string[]
  /** There was more than is kept here. */
  readonly isCut?: true
}

const MAX_DECISIONS = 16
const MAX_HELD = 64
const MAX_LINES = 40

/** One question to one wall, and what it said. */
export interface Step {
  readonly wall: string
  /** The guide's layer, 1 to 6; 0 for the application itself. */
  readonly layer: number
  readonly moment: Moment
  said: 'pass' | 'refuse' | 'answer' | 'fault'
  code?: RefusalCode
  /** What the wall saw, for people. Never a secret. */
  saw?: string
  /** The rules of the perimeter that matched. */
  rules?: readonly MatchedRule[]
  /** Why a policy decided as it did, in lines for people; values are masked. */
  because?: readonly string[]
  /** What was decided about access. */
  decisions?: readonly AccessDecision[]
  /** How long it took, in microseconds. */
  micros: number
}

/** The walk of one exchange: each wall, what it saw, what it said, how long it took. */
export class Trace {
  readonly steps: Step[] = []
  readonly #clock: Clock
  #open: Step | undefined
  #openedAt = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** A wall is about to be asked. */
  begin(wall: string, layer: number, moment: Moment): Step {
    const step: Step = { wall, layer, moment, said: 'pass', micros: 0 }
    this.steps.push(step)
    this.#open = step
    this.#openedAt = this.#clock.elapsed()
    return step
  }

  /** The wall has answered. */
  end(step: Step, said: Step['said'], code?: RefusalCode): void {
    step.micros = Math.round((this.#clock.elapsed() - this.#openedAt) * 10_000) / 10
    step.said = said
    if (code !== undefined) step.code = code
    this.#open = undefined
  }

  /** The rules that matched while the wall is being asked. */
  matched(rules: readonly MatchedRule[]): void {
    const step = this.#open
    if (step && rules.length > 0) step.rules = [...(step.rules ?? []), ...rules]
  }

  /** The wall that is being asked decided about access. What is kept is bounded, and says so. */
  decided(decision: AccessDecision): void {
    const step = this.#open
    const known = step?.decisions ?? []
    if (!step) return
    const held = decision.held.slice(0, MAX_HELD)
    const isCut = held.length < decision.held.length || known.length >= MAX_DECISIONS
    const kept = isCut ? { ...decision, held, isCut: true as const } : decision
    step.decisions = [...known.slice(0, MAX_DECISIONS - 1), kept]
  }

  /** Why the wall that is being asked refuses, in lines. */
  explained(lines: readonly string[]): void {
    if (this.#open) this.#open.because = lines.slice(0, MAX_LINES)
  }

  /** What the wall that is being asked saw. Several notes are joined. */
  note(text: string): void {
    if (this.#open) addNote(this.#open, text)
  }

  /** Notes for the wall that is being asked which it makes later, while the answer streams. */
  noteLater(): (text: string) => void {
    const step = this.#open
    return (text) => step && addNote(step, text)
  }
}

function addNote(step: Step, text: string): void {
  step.saw = step.saw === undefined ? text : `${step.saw}; ${text}`
}

import { holds, OP, type Program } from './program.ts'

/** Transitions that are no state: not built yet, and the value cannot match any more. */
const UNKNOWN = -1
const DEAD = -2
/** States with matches are written as `MATCHING - offset`, so that the hot loop needs one comparison. */
const MATCHING = -3

/** The most memory that one automaton's transitions take, in entries of four bytes. */
const MAX_ENTRIES = 65_536
/** The same for an automaton of many patterns. */
const MAX_SET_ENTRIES = 262_144
/** How often the states may be thrown away while one value is read before it goes on without keeping any. */
const MAX_RESETS = 2

interface State {
  /** Instructions that wait: `bytes`, `assert` and `match`, sorted. */
  readonly pending: Int32Array
  readonly hasAssertions: boolean
  /** The class of the byte before, where an assertion may ask; otherwise -2. */
  readonly before: number
  /** Patterns whose match is complete here. */
  readonly matched: readonly number[]
  /** Whether a match may have begun before this place. */
  readonly inProgress: boolean
}

/**
 * A lazily built deterministic automaton over a program (RE2's design): each state is a set of instructions, built the first
 * time that a value leads to it. Time is linear in the value whatever it holds; memory is bounded: past the bound the states
 * are thrown away, and a value that keeps making new ones is read without keeping them.
 */
export class Automaton {
  readonly #program: Program
  /** Classes of bytes, and one for the end of the value. */
  readonly #stride: number
  readonly #maxEntries: number
  readonly #states: State[] = []
  readonly #index = new Map<string, number>()
  #table: Int32Array
  #start = 0
  readonly #marks: Int32Array
  #mark = 0
  readonly #stack: Int32Array

  /** `isSet`: for `testAll`, with room for more states. */
  constructor(program: Program, isSet = false) {
    this.#program = program
    this.#maxEntries = isSet ? MAX_SET_ENTRIES : MAX_ENTRIES
    this.#stride = program.classes + 1
    this.#table = new Int32Array(this.#stride * 8)
    this.#marks = new Int32Array(program.op.length)
    this.#stack = new Int32Array(program.op.length + 1)
    this.#reset()
  }

  /** Whether any pattern matches anywhere in the value. */
  test(value: string): boolean {
    return this.#run(value, undefined, 0) >= 0
  }

  /**
   * Where the earliest match ends, and a place at or before which no match begins that is still open there: so the leftmost
   * match begins at or after `from`. Undefined for no match.
   */
  locate(value: string): { readonly from: number; readonly end: number } | undefined {
    this.#lastStart = 0
    const end = this.#run(value, undefined, 1)
    return end < 0 ? undefined : { from: this.#lastStart, end }
  }

  #lastStart = 0

  /**
   * Sets the bit of every pattern that matches. `unknown` where the value made more states than are kept: then the bits are
   * not complete, and the caller asks each pattern by itself.
   */
  testAll(value: string, bits: Uint32Array): 'none' | 'some' | 'unknown' {
    const said = this.#run(value, bits, 0)
    return said === GAVE_UP ? 'unknown' : said === FOUND ? 'some' : 'none'
  }

  /** The offset of the earliest end of a match, -1 for none; with `bits` it reads to the end. */
  #run(value: string, bits: Uint32Array | undefined, noteStart: 0 | 1): number {
    const { classOf } = this.#program
    const length = value.length
    let resets = 0
    /** What is said at the end of the value. */
    let none = -1
    let state = this.#start
    const first = this.#states[state / this.#stride] as State
    if (first.matched.length > 0) {
      if (!bits) return 0
      setBits(bits, first.matched)
      none = FOUND
    }
    let table = this.#table
    for (let i = 0; i <= length; i++) {
      const symbol = i < length ? (classOf[value.charCodeAt(i) & 255] as number) : this.#program.classes
      if (noteStart === 1 && !(this.#states[state / this.#stride] as State).inProgress) this.#lastStart = i
      let next = table[state + symbol] as number
      if (next < 0) {
        if (next === UNKNOWN) {
          const here = this.#states[state / this.#stride] as State
          const isFull = this.#isFull()
          if (isFull) this.#reset()
          if (isFull && bits) return GAVE_UP
          if (isFull && ++resets > MAX_RESETS) return this.#runWithoutStates(value, i, here)
          if (isFull) state = this.#intern(here)
          next = this.#build(state, symbol)
          table = this.#table
        }
        if (next === DEAD) return none
        if (next <= MATCHING) {
          next = MATCHING - next
          if (!bits) return i
          none = FOUND
          setBits(bits, (this.#states[next / this.#stride] as State).matched)
        }
      }
      state = next
    }
    return none
  }

  /** The nondeterministic automaton underneath: one set of instructions at a time. */
  #runWithoutStates(value: string, from: number, begin: State): number {
    const { classOf, classes } = this.#program
    let state = begin
    for (let i = from; i <= value.length; i++) {
      const symbol = i < value.length ? (classOf[value.charCodeAt(i) & 255] as number) : classes
      state = this.#step(state, symbol)
      if (state.matched.length > 0) return i
      if (state.pending.length === 0) return -1
    }
    return -1
  }

  #isFull(): boolean {
    return (this.#states.length + 1) * this.#stride > Math.max(this.#maxEntries, this.#stride * 64)
  }

  #reset(): void {
    this.#states.length = 0
    this.#index.clear()
    const before = -1
    this.#start = this.#intern(this.#close([this.#program.start], before, [], false))
  }

  /** The table offset of a state. */
  #intern(state: State): number {
    const key = keyOf(state)
    const known = this.#index.get(key)
    if (known !== undefined) return known
    const offset = this.#states.length * this.#stride
    if (offset + this.#stride > this.#table.length) {
      const grown = new Int32Array(this.#table.length * 2)
      grown.set(this.#table)
      this.#table = grown
    }
    this.#table.fill(UNKNOWN, offset, offset + this.#stride)
    this.#states.push(state)
    this.#index.set(key, offset)
    return offset
  }

  #build(offset: number, symbol: number): number {
    const next = this.#step(this.#states[offset / this.#stride] as State, symbol)
    const to =
      next.pending.length === 0 && next.matched.length === 0
        ? DEAD
        : next.matched.length > 0
          ? MATCHING - this.#intern(next)
          : this.#intern(next)
    this.#table[offset + symbol] = to
    return to
  }

  /** One byte, or the end, from a state to the next. */
  #step(state: State, symbol: number): State {
    const { op, x, y, has, classes, anchored, start } = this.#program
    const isEnd = symbol === classes
    const targets: number[] = []
    const matched: number[] = []
    const pending = state.hasAssertions
      ? this.#resolve(state.pending, state.before, isEnd ? -1 : symbol)
      : state.pending
    for (const at of pending) {
      if (op[at] === OP.match) matched.push(x[at] as number)
      else if (!isEnd && has[(x[at] as number) * classes + symbol] === 1) targets.push(y[at] as number)
    }
    const inProgress = targets.length > 0
    if (!isEnd && !anchored) targets.push(start)
    return this.#close(targets, isEnd ? -1 : symbol, state.hasAssertions ? matched : [], inProgress)
  }

  /** Everything that can be reached without a byte; assertions wait for what comes after them. */
  #close(
    targets: readonly number[],
    before: number,
    matchedEarlier: readonly number[],
    inProgress: boolean,
  ): State {
    const { op, x } = this.#program
    const pending: number[] = []
    const matched = [...matchedEarlier]
    let hasAssertions = false
    for (const at of this.#reach(targets)) {
      if (op[at] === OP.match) {
        matched.push(x[at] as number)
        continue
      }
      hasAssertions ||= op[at] === OP.assert
      pending.push(at)
    }
    return {
      pending: Int32Array.from(pending).sort(),
      hasAssertions,
      before: hasAssertions ? before : -2,
      matched,
      inProgress,
    }
  }

  /** Follows the assertions that hold between two bytes; those that do not are dropped. */
  #resolve(pending: Int32Array, before: number, after: number): readonly number[] {
    return this.#reach(pending, (place) => holds(this.#program, place, before, after))
  }

  /** What can be reached without a byte. An assertion waits, or is followed where it is known to hold. */
  #reach(firsts: Iterable<number>, isTrue?: (place: number) => boolean): number[] {
    const { op, x, y } = this.#program
    const mark = ++this.#mark
    const found: number[] = []
    for (const first of firsts) {
      let top = 0
      this.#stack[top++] = first
      while (top > 0) {
        const at = this.#stack[--top] as number
        if (this.#marks[at] === mark) continue
        this.#marks[at] = mark
        const code = op[at] as number
        if (code === OP.split) {
          this.#stack[top++] = y[at] as number
          this.#stack[top++] = x[at] as number
        } else if (code === OP.save) this.#stack[top++] = y[at] as number
        else if (code !== OP.assert || !isTrue) found.push(at)
        else if (isTrue(x[at] as number)) this.#stack[top++] = y[at] as number
      }
    }
    return found
  }
}

/** What a run over a set says besides -1. */
const GAVE_UP = -2
const FOUND = -3

function setBits(bits: Uint32Array, ids: readonly number[]): void {
  for (const id of ids) bits[id >> 5]! |= 1 << (id & 31)
}

function keyOf({ pending, before, matched, inProgress }: State): string {
  let key = String.fromCharCode((before + 2) * 2 + (inProgress ? 1 : 0))
  for (const at of pending) key += String.fromCharCode(at)
  if (matched.length > 0) key += `|${matched.join(',')}`
  return key
}

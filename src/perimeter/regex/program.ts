import { type ByteSet, NEWLINE, WORD } from './byte-set.ts'
import { type Assertion, type Node, PatternError } from './syntax.ts'

/** Instructions, as RE2 and Thompson have them. `x` and `y` are what each needs. */
export const OP = { bytes: 0, split: 1, assert: 2, save: 3, match: 4, jump: 5 } as const

/** The bits by which `assert` instructions name their place. */
export const AT: Readonly<Record<Assertion, number>> = {
  start: 0,
  end: 1,
  'line-start': 2,
  'line-end': 3,
  'word-boundary': 4,
  'not-word-boundary': 5,
}

/** More would make the states of its automaton large; the largest of the Core Rule Set has about 12,000. */
const MAX_INSTRUCTIONS = 60_000

/** Patterns as one nondeterministic automaton over classes of bytes that no pattern tells apart. */
export interface Program {
  readonly op: Uint8Array
  /** `bytes`: the set. `split`: preferred way. `assert`: the place. `save`: the slot. `match`: the pattern. `jump`: the target. */
  readonly x: Int32Array
  /** `bytes`, `assert`, `save`: the next instruction. `split`: the other way. */
  readonly y: Int32Array
  readonly start: number
  /** Which class a byte is in. */
  readonly classOf: Uint8Array
  readonly classes: number
  /** `has[set * classes + class]`: whether the set of a `bytes` instruction has that class. */
  readonly has: Uint8Array
  readonly isWord: Uint8Array
  readonly isNewline: Uint8Array
  readonly captures: number
  /** Whether every match begins at the start of the value. */
  readonly anchored: boolean
}

/** Compiles patterns into one program; the match of pattern n is number n. */
export function compileProgram(nodes: readonly Node[], captures: number): Program {
  const builder = new Builder()
  const starts = nodes.map((node, id) => {
    const end = builder.add(OP.match, id, 0)
    return builder.compile(node, end)
  })
  let start = starts.at(-1) as number
  for (let i = starts.length - 2; i >= 0; i--) start = builder.add(OP.split, starts[i] as number, start)
  return builder.finish(start, captures, nodes.every(isAnchored))
}

/** How many instructions a node becomes, about. */
export function countInstructions(node: Node): number {
  switch (node.kind) {
    case 'empty':
      return 0
    case 'bytes':
    case 'assert':
      return 1
    case 'capture':
      return countInstructions(node.item) + 2
    case 'repeat':
      return (countInstructions(node.item) + 1) * Math.max(1, node.max === Infinity ? node.min : node.max)
    case 'concat':
    case 'alternate':
      break
  }
  return node.items.reduce((sum, item) => sum + countInstructions(item) + 1, 0)
}

class Builder {
  readonly #op: number[] = []
  readonly #x: number[] = []
  readonly #y: number[] = []
  readonly #sets: ByteSet[] = []
  readonly #setIds = new Map<string, number>()
  #asserts = 0

  add(op: number, x: number, y: number): number {
    if (this.#op.length >= MAX_INSTRUCTIONS)
      throw new PatternError('too large once its bounded repeats are written out', 0)
    this.#op.push(op)
    this.#x.push(x)
    this.#y.push(y)
    return this.#op.length - 1
  }

  /** Instructions for a node that go on at `next`; gives where they begin. Built from the end to the front. */
  compile(node: Node, next: number): number {
    switch (node.kind) {
      case 'empty':
        return next
      case 'bytes':
        return this.add(OP.bytes, this.#setId(node.set), next)
      case 'assert':
        this.#asserts |= 1 << AT[node.assertion]
        return this.add(OP.assert, AT[node.assertion], next)
      case 'concat':
        return node.items.reduceRight((after, item) => this.compile(item, after), next)
      case 'alternate':
        return node.items
          .map((item) => this.compile(item, next))
          .reduceRight((other, way) => this.add(OP.split, way, other))
      case 'capture': {
        const close = this.add(OP.save, node.index * 2 + 1, next)
        return this.add(OP.save, node.index * 2, this.compile(node.item, close))
      }
      case 'repeat':
        break
    }
    return this.#repeat(node, next)
  }

  #repeat(node: Extract<Node, { kind: 'repeat' }>, next: number): number {
    const { item, min, max, greedy } = node
    const split = (way: number, out: number): number =>
      greedy ? this.add(OP.split, way, out) : this.add(OP.split, out, way)
    let at = next
    if (max === Infinity) {
      const loop = this.add(OP.split, 0, 0)
      const body = this.compile(item, loop)
      this.#x[loop] = greedy ? body : next
      this.#y[loop] = greedy ? next : body
      at = loop
      // x+ is the body with the loop behind it; x* enters at the loop.
      if (min === 0) return loop
      at = body
      for (let i = 1; i < min; i++) at = this.compile(item, at)
      return at
    }
    for (let i = min; i < max; i++) at = split(this.compile(item, at), next)
    for (let i = 0; i < min; i++) at = this.compile(item, at)
    return at
  }

  #setId(set: ByteSet): number {
    const key = String.fromCharCode(...set)
    let id = this.#setIds.get(key)
    if (id === undefined) {
      id = this.#sets.length
      this.#sets.push(set)
      this.#setIds.set(key, id)
    }
    return id
  }

  finish(start: number, captures: number, anchored: boolean): Program {
    const told: ByteSet[] = [...this.#sets]
    if ((this.#asserts & ((1 << AT['word-boundary']) | (1 << AT['not-word-boundary']))) !== 0) told.push(WORD)
    if ((this.#asserts & ((1 << AT['line-start']) | (1 << AT['line-end']))) !== 0) told.push(NEWLINE)
    const { classOf, classes } = classify(told)
    const has = new Uint8Array(this.#sets.length * classes)
    for (const [id, set] of this.#sets.entries())
      for (let byte = 0; byte < 256; byte++)
        if (set[byte] === 1) has[id * classes + (classOf[byte] as number)] = 1
    const isWord = new Uint8Array(classes)
    const isNewline = new Uint8Array(classes)
    for (let byte = 0; byte < 256; byte++) {
      if (WORD[byte] === 1) isWord[classOf[byte] as number] = 1
      if (byte === 10) isNewline[classOf[byte] as number] = 1
    }
    return {
      op: Uint8Array.from(this.#op),
      x: Int32Array.from(this.#x),
      y: Int32Array.from(this.#y),
      start,
      classOf,
      classes,
      has,
      isWord,
      isNewline,
      captures,
      anchored,
    }
  }
}

/** Bytes that no set tells apart share a class. */
function classify(sets: readonly ByteSet[]): { classOf: Uint8Array; classes: number } {
  let classOf = new Uint8Array(256)
  let classes = 1
  for (const set of sets) {
    const next = new Uint8Array(256)
    const seen = new Map<number, number>()
    for (let byte = 0; byte < 256; byte++) {
      const key = (classOf[byte] as number) * 2 + (set[byte] as number)
      let id = seen.get(key)
      if (id === undefined) {
        id = seen.size
        seen.set(key, id)
      }
      next[byte] = id
    }
    classOf = next
    classes = seen.size
  }
  return { classOf, classes }
}

function isAnchored(node: Node): boolean {
  switch (node.kind) {
    case 'assert':
      return node.assertion === 'start'
    case 'concat':
      return node.items.length > 0 && isAnchored(node.items[0] as Node)
    case 'alternate':
      return node.items.every(isAnchored)
    case 'capture':
      return isAnchored(node.item)
    case 'repeat':
      return node.min > 0 && isAnchored(node.item)
    case 'bytes':
    case 'empty':
      break
  }
  return false
}

/** Whether a place holds, given what is before and after. The bytes are classes; -1 is the edge of the value. */
export function holds(program: Program, place: number, before: number, after: number): boolean {
  switch (place) {
    case 0:
      return before === -1
    case 1:
      return after === -1
    case 2:
      return before === -1 || program.isNewline[before] === 1
    case 3:
      return after === -1 || program.isNewline[after] === 1
    default: {
      const isBoundary =
        (before !== -1 && program.isWord[before] === 1) !== (after !== -1 && program.isWord[after] === 1)
      return (place === 4) === isBoundary
    }
  }
}

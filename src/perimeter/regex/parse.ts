import { ANY, type ByteSet, complement, foldCase, NEWLINE, VERTICAL_SPACE } from './byte-set.ts'
import { bracket, byteInRange, CLASSES, Cursor, escapedByte } from './byte-escapes.ts'
import { type Node, PatternError } from './syntax.ts'

const MAX_REPEAT = 1000
const MAX_DEPTH = 200
const MAX_LENGTH = 65_536

interface Flags {
  readonly ignoreCase: boolean
  readonly dotAll: boolean
  readonly multiline: boolean
  readonly extended: boolean
  readonly ungreedy: boolean
}

/** A pattern as a tree, and how many groups it captures. */
export interface ParsedPattern {
  readonly node: Node
  readonly captures: number
  /** Names of `(?<name>...)` groups. */
  readonly names: ReadonlyMap<string, number>
}

const EMPTY: Node = { kind: 'empty' }

const FLAG_NAMES: Readonly<Record<string, keyof Flags>> = {
  i: 'ignoreCase',
  s: 'dotAll',
  m: 'multiline',
  x: 'extended',
  U: 'ungreedy',
}

/**
 * Reads a PCRE pattern over bytes with the options that ModSecurity 2 sets: the dot takes newlines, `$` is the very end.
 * Throws PatternError for damage, and for what has no linear-time matching (lookaround, backreferences, recursion).
 */
export function parsePattern(source: string, ignoreCase = false): ParsedPattern {
  if (source.length > MAX_LENGTH) throw new PatternError(`longer than ${MAX_LENGTH} bytes`, 0)
  return new Parser(source, {
    ignoreCase,
    dotAll: true,
    multiline: false,
    extended: false,
    ungreedy: false,
  }).parse()
}

class Parser {
  readonly #in: Cursor
  readonly #names = new Map<string, number>()
  #depth = 0
  #captures = 0
  #flags: Flags

  constructor(source: string, flags: Flags) {
    this.#in = new Cursor(source)
    this.#flags = flags
  }

  parse(): ParsedPattern {
    const node = this.#alternation()
    if (this.#in.at < this.#in.source.length) this.#in.fail('a closing parenthesis without an opening one')
    return { node, captures: this.#captures, names: this.#names }
  }

  #alternation(): Node {
    if (++this.#depth > MAX_DEPTH) this.#in.fail(`groups are nested more than ${MAX_DEPTH} deep`)
    const flags = this.#flags
    const items = [this.#sequence()]
    while (this.#in.eat('|')) items.push(this.#sequence())
    // Flags that were set inside a group end with it.
    this.#flags = flags
    this.#depth--
    return items.length === 1 ? (items[0] as Node) : { kind: 'alternate', items }
  }

  #sequence(): Node {
    const items: Node[] = []
    while (this.#in.at < this.#in.source.length) {
      const char = this.#in.source[this.#in.at] as string
      if (char === '|' || char === ')') break
      if (this.#flags.extended && this.#skipExtended()) continue
      if (this.#in.source.startsWith('\\Q', this.#in.at)) {
        items.push(...this.#quoted())
        continue
      }
      const item = this.#atom()
      if (item !== undefined) items.push(this.#quantified(item))
    }
    if (items.length === 0) return EMPTY
    return items.length === 1 ? (items[0] as Node) : { kind: 'concat', items }
  }

  /** Undefined where only flags were set. */
  #atom(): Node | undefined {
    const char = this.#in.source[this.#in.at++] as string
    switch (char) {
      case '(':
        return this.#group()
      case '[':
        return this.#bytes(bracket(this.#in, this.#flags.ignoreCase))
      case '.':
        return this.#bytes(this.#flags.dotAll ? ANY : complement(NEWLINE))
      case '^':
        return { kind: 'assert', assertion: this.#flags.multiline ? 'line-start' : 'start' }
      case '$':
        return { kind: 'assert', assertion: this.#flags.multiline ? 'line-end' : 'end' }
      case '\\':
        return this.#escape()
      case '*':
      case '+':
      case '?':
        this.#in.at--
        return this.#in.fail('a quantifier with nothing before it')
      default:
        return this.#byte(char.charCodeAt(0))
    }
  }

  #group(): Node | undefined {
    const start = this.#in.at - 1
    if (!this.#in.eat('?')) {
      if (this.#in.source[this.#in.at] === '*')
        this.#in.fail('control verbs such as (*SKIP) are not supported')
      return this.#capture(undefined, start)
    }
    const char = this.#in.source[this.#in.at++]
    switch (char ?? '') {
      case ':':
        return this.#closed(start)
      case '#': {
        const end = this.#in.source.indexOf(')', this.#in.at)
        if (end < 0) this.#in.fail('a comment without an end')
        this.#in.at = end + 1
        return undefined
      }
      case 'P':
      case '<':
      case "'": {
        if (char === 'P' && !this.#in.eat('<'))
          this.#in.fail('recursion and named backreferences are not linear')
        if (char === '<' && (this.#in.source[this.#in.at] === '=' || this.#in.source[this.#in.at] === '!'))
          this.#in.fail(NO_LOOKAROUND, start)
        const end = this.#in.source.indexOf(char === "'" ? "'" : '>', this.#in.at)
        if (end < 0) this.#in.fail('a group name without an end', start)
        const name = this.#in.source.slice(this.#in.at, end)
        this.#in.at = end + 1
        return this.#capture(name, start)
      }
      case '=':
      case '!':
        return this.#in.fail(NO_LOOKAROUND, start)
      case '>':
        return this.#in.fail('atomic groups change what matches only when backtracking; use (?:', start)
      default:
        this.#in.at--
        return this.#inlineFlags(start)
    }
  }

  #capture(name: string | undefined, start: number): Node {
    const index = ++this.#captures
    if (name !== undefined) this.#names.set(name, index)
    return { kind: 'capture', index, item: this.#closed(start) }
  }

  #closed(start: number): Node {
    const item = this.#alternation()
    if (!this.#in.eat(')')) this.#in.fail('this group is not closed', start)
    return item
  }

  /** `(?i)` holds to the end of the enclosing group, `(?i:...)` inside. */
  #inlineFlags(start: number): Node | undefined {
    const outer = this.#flags
    const flags: Record<keyof Flags, boolean> = { ...outer }
    let on = true
    for (;;) {
      const char = this.#in.source[this.#in.at++]
      if (char === '-') on = false
      else if (char === ')') {
        this.#flags = flags
        return undefined
      } else if (char === ':') {
        this.#flags = flags
        const item = this.#closed(start)
        this.#flags = outer
        return item
      } else {
        const name = char === undefined ? undefined : FLAG_NAMES[char]
        if (name === undefined) return this.#in.fail('this kind of group is not supported', start)
        flags[name] = on
      }
    }
  }

  #quantified(item: Node): Node {
    let node = item
    for (;;) {
      if (this.#flags.extended) while (this.#skipExtended());
      const bounds = this.#quantifier()
      if (!bounds) return node
      const lazy = this.#in.eat('?')
      if (!lazy && this.#in.source[this.#in.at] === '+')
        this.#in.fail('possessive quantifiers change what matches only when backtracking; drop the `+`')
      const [min, max] = bounds
      node = { kind: 'repeat', item: node, min, max, greedy: lazy === this.#flags.ungreedy }
    }
  }

  #quantifier(): readonly [number, number] | undefined {
    const char = this.#in.source[this.#in.at]
    if (char === '*' || char === '+' || char === '?') {
      this.#in.at++
      return char === '*' ? [0, Infinity] : char === '+' ? [1, Infinity] : [0, 1]
    }
    if (char !== '{') return undefined
    const bounds = /^\{(\d{1,6})?(,)?(\d{1,6})?\}/.exec(this.#in.source.slice(this.#in.at, this.#in.at + 16))
    // A brace that opens no bounds is itself, as in PCRE.
    if (!bounds || (bounds[1] === undefined && bounds[3] === undefined)) return undefined
    const min = Number(bounds[1] ?? 0)
    const max = bounds[2] === undefined ? min : bounds[3] === undefined ? Infinity : Number(bounds[3])
    if (max < min) this.#in.fail('a quantifier whose bounds are the wrong way round')
    if (min > MAX_REPEAT || (max !== Infinity && max > MAX_REPEAT))
      this.#in.fail(`a quantifier above ${MAX_REPEAT}`)
    this.#in.at += bounds[0].length
    return [min, max]
  }

  #escape(): Node | undefined {
    const start = this.#in.at - 1
    const char = this.#in.source[this.#in.at++]
    if (char === undefined) return this.#in.fail('a backslash at the end', start)
    const set = CLASSES[char]
    if (set) return this.#bytes(set)
    switch (char) {
      case 'b':
        return { kind: 'assert', assertion: 'word-boundary' }
      case 'B':
        return { kind: 'assert', assertion: 'not-word-boundary' }
      case 'A':
        return { kind: 'assert', assertion: 'start' }
      case 'z':
        return { kind: 'assert', assertion: 'end' }
      case 'Z': {
        const newline: Node = { kind: 'repeat', item: this.#byte(10), min: 0, max: 1, greedy: false }
        return { kind: 'concat', items: [newline, { kind: 'assert', assertion: 'end' }] }
      }
      case 'R': {
        const pair: Node = { kind: 'concat', items: [this.#byte(13), this.#byte(10)] }
        return { kind: 'alternate', items: [pair, this.#bytes(VERTICAL_SPACE)] }
      }
      case 'E':
        return undefined
      case 'G':
      case 'K':
      case 'X':
      case 'C':
      case 'p':
      case 'P':
      case 'k':
      case 'g':
        return this.#in.fail(`\\${char} is not supported`, start)
      default:
        this.#in.at--
        return this.#byte(escapedByte(this.#in, start))
    }
  }

  /** `\Q...\E`: the last byte may be quantified. */
  #quoted(): Node[] {
    const end = this.#in.source.indexOf('\\E', this.#in.at)
    const text = this.#in.source.slice(this.#in.at + 2, end < 0 ? undefined : end)
    this.#in.at = end < 0 ? this.#in.source.length : end + 2
    const items = [...text].map((char) => this.#byte(char.charCodeAt(0)))
    const last = items.pop()
    return last ? [...items, this.#quantified(last)] : items
  }

  /** White space and comments under `(?x)`. */
  #skipExtended(): boolean {
    const char = this.#in.source[this.#in.at]
    if (char === '#') {
      const end = this.#in.source.indexOf('\n', this.#in.at)
      this.#in.at = end < 0 ? this.#in.source.length : end + 1
      return true
    }
    if (char === undefined || !/\s/.test(char)) return false
    this.#in.at++
    return true
  }

  #byte(byte: number): Node {
    const set = new Uint8Array(256)
    set[byteInRange(this.#in, byte, this.#in.at)] = 1
    return this.#bytes(this.#flags.ignoreCase ? foldCase(set) : set)
  }

  #bytes(set: ByteSet): Node {
    return { kind: 'bytes', set }
  }
}

const NO_LOOKAROUND =
  'lookaround has no linear-time matching; use a chained rule or a negated operator in its place'

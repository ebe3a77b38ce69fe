import {
  Composer,
  type CST,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  Parser,
} from 'yaml'

import { isExactNumber } from './exact-number.ts'
import { FORBIDDEN_NAMES, type StrictJson } from './strict-json.ts'

/** How much a document may ask for. */
export interface YamlBounds {
  /** Default: 256 KB. */
  readonly maxBytes?: number
  /** Mappings and sequences within each other. Default: 32. */
  readonly maxDepth?: number
  /** Values of all kinds, aliases counted as what they stand for. Default: 20,000. */
  readonly maxValues?: number
  /** Default: 100. 0 refuses aliases. */
  readonly maxAliases?: number
}

/** Why a document is refused. */
export type YamlFault =
  | 'too-large'
  | 'too-deep'
  | 'too-many-values'
  | 'too-many-aliases'
  | 'alias'
  | 'not-utf8'
  | 'syntax'
  | 'several-documents'
  | 'tag'
  | 'merge-key'
  | 'duplicate-name'
  | 'forbidden-name'
  | 'key-not-text'
  | 'number-range'
  | 'number-imprecise'

/** What the reader answers. The message says where and why, never what stood there. */
export type ReadYaml =
  | { readonly ok: true; readonly value: StrictJson }
  | {
      readonly ok: false
      readonly fault: YamlFault
      readonly message: string
      readonly line: number
      readonly column: number
    }

const MAX_DEPTH = 200

class Unreadable extends Error {
  readonly fault: YamlFault
  readonly offset: number

  constructor(fault: YamlFault, message: string, offset: number) {
    super(message)
    this.fault = fault
    this.offset = offset
  }
}

/**
 * Reads YAML of somebody whom we do not trust: the core schema of YAML 1.2.2 (10.3) and nothing else. No tag makes an object, a
 * key is a text and is there once, `<<` does not merge, and aliases are counted as what they expand to before anything expands.
 */
export function readStrictYaml(bytes: Uint8Array | string, bounds: YamlBounds = {}): ReadYaml {
  const maxBytes = bounds.maxBytes ?? 256 * 1024
  const size = typeof bytes === 'string' ? Buffer.byteLength(bytes) : bytes.byteLength
  if (size > maxBytes) return refused('too-large', `the document is larger than ${maxBytes} bytes`)
  const lines = new LineCounter()
  try {
    const text = typeof bytes === 'string' ? bytes : new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    return { ok: true, value: readText(text, lines, bounds) }
  } catch (thrown) {
    if (
      thrown instanceof TypeError &&
      'code' in thrown &&
      thrown.code === 'ERR_ENCODING_INVALID_ENCODED_DATA'
    )
      return refused('not-utf8', 'the document is not UTF-8')
    if (!(thrown instanceof Unreadable)) throw thrown
    const { line, col } = lines.linePos(thrown.offset)
    return refused(thrown.fault, thrown.message, line, col)
  }
}

function refused(fault: YamlFault, what: string, line = 0, column = 0): ReadYaml {
  const where = line === 0 ? '' : ` at line ${line}, column ${column}`
  return { ok: false, fault, message: `${what}${where}`, line, column }
}

function readText(text: string, lines: LineCounter, bounds: YamlBounds): StrictJson {
  const maxDepth = Math.min(bounds.maxDepth ?? 32, MAX_DEPTH)
  const tokens = [...new Parser(lines.addNewLine).parse(text)]
  // INVARIANT: the tokens come from a parser without recursion; what is composed of them recursively was measured before.
  for (const token of tokens) checkDepth(token, maxDepth)
  const documents = [
    ...new Composer({
      schema: 'core',
      version: '1.2',
      merge: false,
      customTags: [],
      strict: true,
      // The library compares each key with each other one: 32,000 keys take it 44 s. We look them up in a set.
      uniqueKeys: false,
      prettyErrors: false,
      logLevel: 'silent',
    }).compose(tokens),
  ]
  const [document, second] = documents
  if (!document) return null
  if (second) throw new Unreadable('several-documents', 'a second document', second.range[0])
  const [problem] = [...document.errors, ...document.warnings]
  if (problem) {
    const isTag = problem.code === 'TAG_RESOLVE_FAILED'
    throw new Unreadable(isTag ? 'tag' : 'syntax', isTag ? 'a tag' : 'this is no YAML', problem.pos[0])
  }
  return new Builder(document, bounds).build()
}

/** The depth of the tree of tokens, without recursion. */
function checkDepth(root: CST.Token, maxDepth: number): void {
  const open: { readonly token: CST.Token; readonly depth: number }[] = [{ token: root, depth: 0 }]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { token, depth } = next
    if (depth > maxDepth)
      throw new Unreadable('too-deep', `nests deeper than ${maxDepth} levels`, token.offset)
    if (token.type === 'document' && token.value) open.push({ token: token.value, depth })
    if (!('items' in token)) continue
    for (const item of token.items) {
      for (const inner of [item.key, item.value]) if (inner) open.push({ token: inner, depth: depth + 1 })
    }
  }
}

/** Makes plain values of nodes. Anchors are looked up in order of the text, as aliases may only point back. */
class Builder {
  readonly #document: Document.Parsed
  readonly #maxValues: number
  readonly #maxAliases: number
  readonly #anchors = new Map<string, { readonly value: StrictJson; readonly size: number }>()
  #values = 0
  #aliases = 0

  constructor(document: Document.Parsed, bounds: YamlBounds) {
    this.#document = document
    this.#maxValues = bounds.maxValues ?? 20_000
    this.#maxAliases = bounds.maxAliases ?? 100
  }

  build(): StrictJson {
    return this.#value(this.#document.contents)
  }

  #count(values: number, offset: number): void {
    this.#values += values
    if (this.#values > this.#maxValues) throw new Unreadable('too-many-values', 'too many values', offset)
  }

  #value(node: Node | null | undefined): StrictJson {
    if (!node) {
      this.#count(1, 0)
      return null
    }
    const offset = node.range?.[0] ?? 0
    if (isAlias(node)) return this.#alias(node.source, offset)
    if ('tag' in node && node.tag !== undefined && !isCoreTag(node.tag))
      throw new Unreadable('tag', 'a tag', offset)
    const before = this.#values
    this.#count(1, offset)
    if ('anchor' in node && node.anchor !== undefined) this.#anchors.delete(node.anchor)
    const value = this.#made(node, offset)
    if ('anchor' in node && node.anchor !== undefined)
      this.#anchors.set(node.anchor, { value, size: this.#values - before })
    return value
  }

  #made(node: Node, offset: number): StrictJson {
    if (isScalar(node)) return scalarValue(node.value, node.source, offset)
    if (isSeq(node)) return node.items.map((item) => this.#value(item as Node))
    if (!isMap(node)) throw new Unreadable('syntax', 'this is no YAML', offset)
    const object: Record<string, StrictJson> = {}
    for (const { key, value } of node.items) {
      const at = (key as Node | null)?.range?.[0] ?? offset
      const name = keyText(key, at)
      if (Object.hasOwn(object, name)) throw new Unreadable('duplicate-name', 'a key that is there twice', at)
      object[name] = this.#value(value as Node | null)
    }
    return object
  }

  /** An anchor that is not closed yet is not known yet: what points at it would hold itself. */
  #alias(name: string, offset: number): StrictJson {
    if (++this.#aliases > this.#maxAliases)
      throw new Unreadable('too-many-aliases', 'too many aliases', offset)
    const anchor = this.#anchors.get(name)
    if (!anchor) throw new Unreadable('alias', 'an alias of nothing, or of what it stands in', offset)
    this.#count(anchor.size, offset)
    return anchor.value
  }
}

/** Of the core schema, and `!` for a text. */
function isCoreTag(tag: string): boolean {
  return /^tag:yaml\.org,2002:(map|seq|str|null|bool|int|float)$/.test(tag)
}

function keyText(key: unknown, offset: number): string {
  if (!isScalar(key)) throw new Unreadable('key-not-text', 'a key that is not a text', offset)
  if (key.source === '<<' && key.type === 'PLAIN') throw new Unreadable('merge-key', 'a merge key', offset)
  const name = typeof key.value === 'string' ? key.value : (key.source ?? '')
  if (FORBIDDEN_NAMES.has(name))
    throw new Unreadable('forbidden-name', 'a key that reaches the prototype', offset)
  return name
}

function scalarValue(value: unknown, source: string | undefined, offset: number): StrictJson {
  if (value === null || typeof value === 'boolean') return value
  if (typeof value === 'string') {
    if (!value.isWellFormed()) throw new Unreadable('syntax', 'half of a surrogate pair', offset)
    return value
  }
  if (typeof value !== 'number') throw new Unreadable('syntax', 'a value of no JSON type', offset)
  if (!Number.isFinite(value))
    throw new Unreadable('number-range', 'a number beyond the range of doubles', offset)
  const written = source ?? ''
  const isExact = /^0[xo]/.test(written)
    ? Number.isSafeInteger(value)
    : isExactNumber(written.replace(/^\+/, ''), value)
  if (!isExact) throw new Unreadable('number-imprecise', 'a number that a double cannot hold', offset)
  return value
}

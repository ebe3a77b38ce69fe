import { type Group, groupTokens, type Leaf, type Piece } from './formatter-pieces.ts'
import { parsePolicies } from './parser.ts'
import type { Parsed } from './syntax.ts'

/** How policies are to be laid out. */
export interface FormatOptions {
  /** Lines are broken to fit; 80 is the default. */
  readonly width?: number
}

const INDENT = 2

/**
 * Writes policies in one style: the head on one line if it fits, each condition on its own, broken at `||` and
 * `&&`. Comments stay where they are, parentheses too; to format twice changes nothing more.
 */
export function formatPolicies(text: string, { width = 80 }: FormatOptions = {}): Parsed<string> {
  const parsed = parsePolicies(text)
  if (!parsed.ok) return parsed
  const { pieces, rest } = groupTokens(text)
  const writer = new Writer(width)
  for (const policy of splitAfter(pieces, ';')) {
    if (writer.hasText) writer.blankLine()
    writePolicy(writer, policy)
  }
  if (rest.length > 0 && writer.hasText) writer.blankLine()
  for (const comment of rest) writer.comment(comment, 0)
  return { ok: true, value: writer.finish() }
}

/** Collects lines; knows where on the present line it is. */
class Writer {
  readonly #width: number
  readonly #lines: string[] = []
  #line = ''
  #mustBreak = false

  constructor(width: number) {
    this.#width = width
  }

  get hasText(): boolean {
    return this.#lines.length > 0 || this.#line !== ''
  }

  /** Whether a text can follow on the present line. */
  fits(text: string): boolean {
    return !this.#mustBreak && this.#line.length + text.length <= this.#width
  }

  newLine(indent: number): void {
    if (this.#line.trim() !== '') this.#lines.push(this.#line.trimEnd())
    this.#line = ' '.repeat(indent)
    this.#mustBreak = false
  }

  blankLine(): void {
    this.newLine(0)
    this.#lines.push('')
  }

  /** Nothing can follow a comment on its line. */
  comment(text: string, indent: number): void {
    this.newLine(indent)
    this.#line += text
    this.newLine(indent)
  }

  space(): void {
    if (this.#line.trim() !== '' && !this.#line.endsWith(' ')) this.#line += ' '
  }

  text(text: string): void {
    this.#line += text
  }

  leaf(leaf: Leaf, indent: number): void {
    if (this.#mustBreak) this.newLine(indent)
    for (const comment of leaf.leading) this.comment(comment, indent)
    this.#line += leaf.text
    if (leaf.trailing === undefined) return
    this.#line += ` ${leaf.trailing}`
    this.#mustBreak = true
  }

  finish(): string {
    this.newLine(0)
    return this.#lines.length === 0 ? '' : `${this.#lines.join('\n')}\n`
  }
}

function splitAfter(pieces: readonly Piece[], end: string): Piece[][] {
  const parts: Piece[][] = [[]]
  for (const piece of pieces) {
    parts.at(-1)?.push(piece)
    if (isLeaf(piece, end)) parts.push([])
  }
  return parts.filter((part) => part.length > 0)
}

function isLeaf(piece: Piece | undefined, text: string): boolean {
  return piece?.kind === 'leaf' && piece.text === text
}

/** Annotations, head, conditions: each begins a line. */
function writePolicy(writer: Writer, pieces: readonly Piece[]): void {
  for (const [at, piece] of pieces.entries()) {
    const previous = pieces[at - 1]
    if (piece.kind === 'group') {
      const isBody = piece.open.text === '{'
      if (isBody || isLeaf(previous, 'permit') || isLeaf(previous, 'forbid')) writer.space()
      writeGroup(writer, piece, 0, isBody)
      continue
    }
    const isAnnotationName = isLeaf(previous, '@')
    const begins = ['@', 'permit', 'forbid', 'when', 'unless'].includes(piece.text) && !isAnnotationName
    if (begins) writer.newLine(0)
    writer.leaf(piece, 0)
  }
}

function writeGroup(writer: Writer, group: Group, indent: number, isBody = false): void {
  const flat = flatten({ ...group, close: { ...group.close, trailing: undefined } }, isBody)
  if (flat !== undefined && writer.fits(flat)) {
    writer.text(flat.slice(0, -1))
    writer.leaf(group.close, indent)
    return
  }
  writer.leaf(group.open, indent)
  for (const { pieces, comma } of group.items) {
    writer.newLine(indent + INDENT)
    writeSequence(writer, pieces, indent + INDENT)
    if (comma !== undefined) writer.leaf(comma, indent + INDENT)
  }
  writer.newLine(indent)
  writer.leaf(group.close, indent)
}

function writeSequence(writer: Writer, pieces: readonly Piece[], indent: number): void {
  const flat = flattenAll(pieces)
  if (flat !== undefined && writer.fits(`${flat},`)) {
    writer.text(flat)
    return
  }
  for (const operator of ['if', '||', '&&']) {
    const parts = operator === 'if' ? splitCondition(pieces) : splitAfter(pieces, operator)
    if (parts.length < 2) continue
    for (const [at, part] of parts.entries()) {
      if (at > 0) writer.newLine(indent)
      const last = part.at(-1)
      const hasOperator = operator !== 'if' && last?.kind === 'leaf' && last.text === operator
      if (operator === 'if') writeKeyword(writer, part, indent)
      else writeSequence(writer, hasOperator ? part.slice(0, -1) : part, indent)
      if (!hasOperator) continue
      writer.space()
      writer.leaf(last, indent)
    }
    return
  }
  writeInOrder(writer, pieces, indent)
}

/** `if`, `then` or `else` and what belongs to it. */
function writeKeyword(writer: Writer, part: readonly Piece[], indent: number): void {
  const [keyword, ...rest] = part
  if (keyword?.kind === 'leaf') writer.leaf(keyword, indent)
  writer.space()
  writeSequence(writer, rest, indent + INDENT)
}

function writeInOrder(writer: Writer, pieces: readonly Piece[], indent: number): void {
  for (const [at, piece] of pieces.entries()) {
    if (needsSpace(pieces, at)) writer.space()
    if (piece.kind === 'group') writeGroup(writer, piece, indent)
    else writer.leaf(piece, indent + (at === 0 ? 0 : INDENT))
  }
}

/** The parts of `if ... then ... else ...`, or the whole where it is none. */
function splitCondition(pieces: readonly Piece[]): Piece[][] {
  if (!isLeaf(pieces[0], 'if') || isLeaf(pieces[1], '::')) return [[...pieces]]
  const parts: Piece[][] = [[]]
  let open = 0
  for (const [at, piece] of pieces.entries()) {
    const isWord = isKeywordAt(pieces, at)
    if (isWord && isLeaf(piece, 'if')) open++
    if (isWord && open === 1 && (isLeaf(piece, 'then') || isLeaf(piece, 'else'))) parts.push([])
    if (isWord && open > 1 && isLeaf(piece, 'else')) open--
    parts.at(-1)?.push(piece)
  }
  return parts
}

/** Text on one line, or undefined where a comment forbids it. */
function flatten(piece: Piece, isBody = false): string | undefined {
  if (piece.kind === 'leaf')
    return piece.leading.length > 0 || piece.trailing !== undefined ? undefined : piece.text
  const { open, close, items } = piece
  const inner: string[] = []
  for (const { pieces, comma } of items) {
    const text = flattenAll(pieces)
    if (text === undefined || (comma !== undefined && flatten(comma) === undefined)) return undefined
    inner.push(text)
  }
  if (flatten(open) === undefined || flatten(close) === undefined) return undefined
  const padding = isBody ? ' ' : ''
  const end = items.at(-1)?.comma === undefined ? '' : ','
  return `${open.text}${padding}${inner.join(', ')}${end}${padding}${close.text}`
}

function flattenAll(pieces: readonly Piece[]): string | undefined {
  let text = ''
  for (const [at, piece] of pieces.entries()) {
    const flat = flatten(piece)
    if (flat === undefined) return undefined
    text += needsSpace(pieces, at) ? ` ${flat}` : flat
  }
  return text
}

const KEYWORDS: ReadonlySet<string> = new Set(['if', 'then', 'else', 'in', 'is', 'has', 'like'])
const TIGHT_BEFORE: ReadonlySet<string> = new Set(['.', '::', ':', ',', ';'])
const TIGHT_AFTER: ReadonlySet<string> = new Set(['.', '::', '@', '?', '!'])

/** A word of the language, not the name of an attribute or a type. */
function isKeywordAt(pieces: readonly Piece[], at: number): boolean {
  const piece = pieces[at]
  return piece?.kind === 'leaf' && KEYWORDS.has(piece.text) && !isLeaf(pieces[at - 1], '.')
}

function needsSpace(pieces: readonly Piece[], at: number): boolean {
  const piece = pieces[at]
  const previous = pieces[at - 1]
  if (piece === undefined || previous === undefined) return false
  if (piece.kind === 'leaf' && TIGHT_BEFORE.has(piece.text)) return false
  if (previous.kind === 'leaf' && (TIGHT_AFTER.has(previous.text) || isSign(pieces, at - 1))) return false
  if (piece.kind === 'leaf') return true
  const followsValue = previous.kind === 'group' || (previous.isWord && !isKeywordAt(pieces, at - 1))
  return !(followsValue && piece.open.text !== '{')
}

/** A minus that nothing stands before is a sign. */
function isSign(pieces: readonly Piece[], at: number): boolean {
  if (!isLeaf(pieces[at], '-')) return false
  const previous = pieces[at - 1]
  if (previous === undefined) return true
  return previous.kind === 'leaf' && (isKeywordAt(pieces, at - 1) || !previous.isWord)
}

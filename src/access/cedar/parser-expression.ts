import type { BinaryOperator, Expr, SlotName, Variable } from './ast.ts'
import { RESERVED } from './ast.ts'
import type { Cursor } from './cursor.ts'
import { unescapePattern, unescapeString } from './escape.ts'
import { FUNCTIONS } from './extensions/functions.ts'
import { readLong } from './long.ts'
import { Unreadable } from './syntax.ts'
import { EntityUid, type Long } from './value.ts'

const VARIABLES: ReadonlySet<string> = new Set(['principal', 'action', 'resource', 'context'])
const RELATIONS: ReadonlySet<string> = new Set(['==', '!=', '<', '<=', '>', '>=', 'in'])
const METHODS: ReadonlyMap<string, number> = new Map([
  ['contains', 1],
  ['containsAll', 1],
  ['containsAny', 1],
  ['getTag', 1],
  ['hasTag', 1],
  ['isEmpty', 0],
])

/** How many `!` or `-` may stand in a row. */
const MAX_UNARY = 4

/** How many operands one chain of `+`, `-`, `*` or accesses may have; they nest on the left. */
const MAX_CHAIN = 500

const AN_EXPRESSION =
  'an expression: a literal, `principal`, `action`, `resource`, `context`, `Type::"id"`, a function, `[`, `{`, `(`, `!`, `-` or `if`'

/** `if` or an `||` chain. */
export function readExpression(cursor: Cursor): Expr {
  return cursor.deeper(() => {
    const at = cursor.token.start
    if (!cursor.is('if') || cursor.next.text === '::') return readChain(cursor, 'or')
    cursor.take()
    const test = readExpression(cursor)
    cursor.expect('then', 'after the condition of `if`')
    const yes = readExpression(cursor)
    cursor.expect('else', 'after the `then` part')
    return { kind: 'if', at, test, yes, no: readExpression(cursor) }
  })
}

function readChain(cursor: Cursor, kind: 'or' | 'and'): Expr {
  const at = cursor.token.start
  const operator = kind === 'or' ? '||' : '&&'
  const readTerm = (): Expr => (kind === 'or' ? readChain(cursor, 'and') : readRelation(cursor))
  const first = readTerm()
  if (!cursor.is(operator)) return first
  const terms = [first]
  while (cursor.accept(operator)) terms.push(readTerm())
  return { kind, at, terms }
}

function readRelation(cursor: Cursor): Expr {
  const left = readSum(cursor)
  const relation = readRelationOf(cursor, left)
  const { token } = cursor
  if (relation !== left && (RELATIONS.has(token.text) || ['has', 'like', 'is'].includes(token.text)))
    throw new Unreadable('comparisons do not chain; put parentheses around one of them', token.start)
  if (token.text === '=') throw new Unreadable('`=` is no operator; did you mean `==`?', token.start)
  return relation
}

function readRelationOf(cursor: Cursor, left: Expr): Expr {
  const { token } = cursor
  const { at } = left
  if (token.kind !== 'punctuation' && token.kind !== 'name') return left
  if (RELATIONS.has(token.text)) {
    cursor.take()
    return { kind: 'binary', at, operator: token.text as BinaryOperator, left, right: readSum(cursor) }
  }
  if (cursor.accept('has')) return { kind: 'has', at, of: left, path: readHasPath(cursor) }
  if (cursor.accept('like')) {
    if (cursor.token.kind !== 'string') cursor.fail('a pattern in quotes after `like`')
    const literal = cursor.take()
    return { kind: 'like', at, of: left, pattern: unescapePattern(literal.text, literal.start) }
  }
  if (cursor.accept('is')) {
    const type = cursor.expectPath('an entity type after `is`')
    return { kind: 'is', at, of: left, type, within: cursor.accept('in') ? readSum(cursor) : undefined }
  }
  return left
}

function readHasPath(cursor: Cursor): string[] {
  if (cursor.token.kind === 'string') return [cursor.expectString('an attribute')]
  const path = [cursor.expectName('an attribute name or a string after `has`')]
  while (cursor.accept('.')) path.push(cursor.expectName('an attribute name after `.`'))
  return path
}

function readSum(cursor: Cursor): Expr {
  let left = readProduct(cursor)
  for (let count = 0; cursor.is('+') || cursor.is('-'); bound(cursor, ++count)) {
    const operator = cursor.take().text as '+' | '-'
    left = { kind: 'binary', at: left.at, operator, left, right: readProduct(cursor) }
  }
  return left
}

function readProduct(cursor: Cursor): Expr {
  let left = readUnary(cursor)
  for (let count = 0; cursor.is('*') || cursor.is('/') || cursor.is('%'); bound(cursor, ++count)) {
    const { text, start } = cursor.take()
    if (text !== '*') throw new Unreadable(`Cedar has no \`${text}\` operator`, start)
    left = { kind: 'binary', at: left.at, operator: '*', left, right: readUnary(cursor) }
  }
  return left
}

function bound(cursor: Cursor, count: number): void {
  if (count > MAX_CHAIN) throw new Unreadable(`more than ${MAX_CHAIN} in one chain`, cursor.token.start)
}

function readUnary(cursor: Cursor): Expr {
  const places: number[] = []
  const sign = cursor.token.text
  if (sign === '!' || sign === '-') while (cursor.is(sign)) places.push(cursor.take().start)
  if (places.length > MAX_UNARY)
    throw new Unreadable(`more than ${MAX_UNARY} \`${sign}\` in a row`, places[0])
  let of: Expr
  const { token } = cursor
  const isNumber = sign === '-' && token.kind === 'number' && places.length > 0 && !isAccess(cursor.next.text)
  if (isNumber) {
    cursor.take()
    of = { kind: 'literal', at: places.pop() as number, value: longAt(`-${token.text}`, token.start) }
  } else of = readMember(cursor)
  for (const at of places.toReversed()) of = { kind: sign === '!' ? 'not' : 'negate', at, of }
  return of
}

function isAccess(text: string): boolean {
  return text === '.' || text === '['
}

function longAt(text: string, at: number): Long {
  const value = readLong(text)
  if (value === undefined) throw new Unreadable(`the number ${text} does not fit into 64 bits`, at)
  return value
}

function readMember(cursor: Cursor): Expr {
  let of = readPrimary(cursor)
  for (let count = 0; isAccess(cursor.token.text); bound(cursor, ++count)) {
    if (cursor.accept('[')) {
      const name = cursor.expectString('an attribute name in quotes')
      cursor.expect(']', 'after the attribute name')
      of = { kind: 'attribute', at: of.at, of, name }
    } else {
      cursor.take()
      const start = cursor.token.start
      const name = cursor.expectName('an attribute or method name after `.`')
      of = cursor.is('(') ? readMethod(cursor, of, name, start) : { kind: 'attribute', at: of.at, of, name }
    }
  }
  return of
}

function readMethod(cursor: Cursor, of: Expr, name: string, start: number): Expr {
  cursor.expect('(', 'after the method name')
  const parameters = cursor.list(')', 'in the arguments', () => readExpression(cursor))
  const count = METHODS.get(name)
  if (count !== undefined) {
    const [right] = parameters
    if (parameters.length !== count)
      throw new Unreadable(`\`${name}\` takes ${count} argument(s), not ${parameters.length}`, start)
    if (right === undefined) return { kind: 'isEmpty', at: of.at, of }
    return { kind: 'binary', at: of.at, operator: name as BinaryOperator, left: of, right }
  }
  const found = FUNCTIONS.get(name)
  if (found === undefined) {
    const known = [
      ...METHODS.keys(),
      ...[...FUNCTIONS].flatMap(([n, f]) => (f.style === 'method' ? [n] : [])),
    ]
    throw new Unreadable(`no method \`${name}\`; there is ${known.join(', ')}`, start)
  }
  if (found.style === 'function')
    throw new Unreadable(`\`${name}\` is a function: write \`${name}(...)\``, start)
  return { kind: 'call', at: of.at, function: name, arguments: [of, ...parameters] }
}

function readPrimary(cursor: Cursor): Expr {
  const { token } = cursor
  const at = token.start
  if (token.kind === 'string') {
    cursor.take()
    return { kind: 'literal', at, value: unescapeString(token.text, at) }
  }
  if (token.kind === 'number') {
    cursor.take()
    return { kind: 'literal', at, value: longAt(token.text, at) }
  }
  if (token.kind === 'name') return readNamed(cursor)
  if (cursor.accept('(')) {
    const inner = readExpression(cursor)
    cursor.expect(')', 'to close the parenthesis')
    return inner
  }
  if (cursor.accept('[')) {
    const elements = cursor.list(']', 'in the set', () => readExpression(cursor))
    return { kind: 'set', at, elements }
  }
  if (cursor.accept('{')) return readRecord(cursor, at)
  if (cursor.is('?')) return { kind: 'slot', at, name: readSlot(cursor) }
  return cursor.fail(AN_EXPRESSION)
}

function readRecord(cursor: Cursor, at: number): Expr {
  const names = new Set<string>()
  const fields = cursor.list('}', 'in the record', () => {
    const { start, kind } = cursor.token
    const what = 'an attribute name or a string'
    const name = kind === 'string' ? cursor.expectString(what) : cursor.expectName(what)
    if (names.has(name)) throw new Unreadable(`the attribute \`${name}\` is there twice`, start)
    names.add(name)
    cursor.expect(':', `after the attribute name \`${name}\``)
    return { name, value: readExpression(cursor) }
  })
  return { kind: 'record', at, fields }
}

/** `?principal` or `?resource`, without a space. */
export function readSlot(cursor: Cursor): SlotName {
  const question = cursor.expect('?', 'before a slot name')
  const { token } = cursor
  if (token.start !== question.end || (token.text !== 'principal' && token.text !== 'resource'))
    throw new Unreadable('expected the slot `?principal` or `?resource`', question.start)
  cursor.take()
  return `?${token.text}`
}

function readNamed(cursor: Cursor): Expr {
  const { start: at, text } = cursor.token
  const isPath = cursor.next.text === '::'
  if (!isPath && (text === 'true' || text === 'false')) {
    cursor.take()
    return { kind: 'literal', at, value: text === 'true' }
  }
  if (!isPath && VARIABLES.has(text)) {
    cursor.take()
    return { kind: 'variable', at, name: text as Variable }
  }
  if (RESERVED.has(text)) cursor.fail(AN_EXPRESSION)
  const path = cursor.expectPath('a name')
  if (cursor.accept('::')) {
    return { kind: 'literal', at, value: new EntityUid(path, cursor.expectString('an id in quotes')) }
  }
  if (!cursor.accept('('))
    throw new Unreadable(
      `no variable \`${path}\`; there is principal, action, resource and context (an entity is \`${path}::"id"\`, text wants quotes)`,
      at,
    )
  const found = FUNCTIONS.get(path)
  if (found === undefined) {
    const known = [...FUNCTIONS].flatMap(([name, { style }]) => (style === 'function' ? [name] : []))
    throw new Unreadable(`no function \`${path}\`; there is ${known.join(', ')}`, at)
  }
  if (found.style === 'method') throw new Unreadable(`\`${path}\` is a method: write \`x.${path}(...)\``, at)
  const parameters = cursor.list(')', 'in the arguments', () => readExpression(cursor))
  return { kind: 'call', at, function: path, arguments: parameters }
}

/** `Type::"id"`. */
export function readEntity(cursor: Cursor, what: string): EntityUid {
  const path = cursor.expectPath(what)
  cursor.expect('::', `and an id in quotes after the entity type \`${path}\``)
  return new EntityUid(path, cursor.expectString('an id in quotes'))
}

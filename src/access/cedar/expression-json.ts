import type { BinaryOperator, Expr, Variable } from './ast.ts'
import { MAX_LEVELS } from './expression.ts'
import { FUNCTIONS } from './extensions/functions.ts'
import { arrayAt, type Json, longFrom, objectAt, onlyNames, type Path, stringAt, wrong } from './json.ts'
import { entityFrom, isTypeName } from './value-json.ts'

const BINARY: ReadonlySet<string> = new Set<BinaryOperator>([
  '==',
  '!=',
  '<',
  '<=',
  '>',
  '>=',
  'in',
  '+',
  '-',
  '*',
  'contains',
  'containsAll',
  'containsAny',
  'getTag',
  'hasTag',
])
const UNARY: Readonly<Record<string, 'not' | 'negate' | 'isEmpty'>> = {
  '!': 'not',
  neg: 'negate',
  isEmpty: 'isEmpty',
}
/** What operators have besides `left` and `right`. */
const FIELDS: ReadonlyMap<string, readonly string[]> = new Map([
  ['!', ['arg']],
  ['neg', ['arg']],
  ['isEmpty', ['arg']],
  ['if-then-else', ['if', 'then', 'else']],
  ['.', ['left', 'attr']],
  ['has', ['left', 'attr']],
  ['like', ['left', 'pattern']],
  ['is', ['left', 'entity_type', 'in']],
])
const VARIABLES: ReadonlySet<string> = new Set(['principal', 'action', 'resource', 'context'])
const SLOTS: ReadonlySet<string> = new Set(['?principal', '?resource'])

/** An expression from Cedar's JSON format. There are no places in it: `at` is -1 throughout. */
export function expressionFrom(json: Json | undefined, path: Path, level = 1): Expr {
  if (level > MAX_LEVELS) wrong(path.slice(0, 80), `at most ${MAX_LEVELS} levels`)
  const entries = Object.entries(objectAt(json, path))
  const [first] = entries
  if (first === undefined || entries.length !== 1) wrong(path, 'an object with one name: the operator')
  const [name, inner] = first
  const at = -1
  const part = (value: Json | undefined, key: string): Expr =>
    expressionFrom(value, `${path}[${JSON.stringify(name)}].${key}`, level + 1)
  if (name === 'Value') return valueExpression(inner, path, level)
  if (name === 'Var' && typeof inner === 'string' && VARIABLES.has(inner))
    return { kind: 'variable', at, name: inner as Variable }
  if (name === 'Slot' && typeof inner === 'string' && SLOTS.has(inner))
    return { kind: 'slot', at, name: inner as '?principal' | '?resource' }
  if (name === 'Set') {
    return { kind: 'set', at, elements: arrayAt(inner, path).map((item, index) => part(item, String(index))) }
  }
  if (name === 'Record') {
    const fields = Object.entries(objectAt(inner, path)).map(([key, value]) => ({
      name: key,
      value: part(value, key),
    }))
    return { kind: 'record', at, fields }
  }
  if (FUNCTIONS.has(name)) {
    const given = arrayAt(inner, `${path}.${name}`).map((item, index) => part(item, String(index)))
    return { kind: 'call', at, function: name, arguments: given }
  }
  const object = objectAt(inner, `${path}[${JSON.stringify(name)}]`)
  const fields =
    FIELDS.get(name) ?? (BINARY.has(name) || name === '&&' || name === '||' ? ['left', 'right'] : undefined)
  if (fields === undefined) wrong(path, `an operator of Cedar, not \`${name}\``)
  onlyNames(object, `${path}[${JSON.stringify(name)}]`, fields)
  const unary = Object.hasOwn(UNARY, name) ? UNARY[name] : undefined
  if (unary !== undefined) return { kind: unary, at, of: part(object['arg'], 'arg') }
  if (name === '&&' || name === '||') return chainFrom(name, object, path, level)
  if (BINARY.has(name)) {
    const [left, right] = [part(object['left'], 'left'), part(object['right'], 'right')]
    return { kind: 'binary', at, operator: name as BinaryOperator, left, right }
  }
  if (name === 'if-then-else') {
    const [test, yes, no] = [
      part(object['if'], 'if'),
      part(object['then'], 'then'),
      part(object['else'], 'else'),
    ]
    return { kind: 'if', at, test, yes, no }
  }
  return testFrom(name, object, path, part)
}

/** What has a left side and something on the right that is no expression. */
function testFrom(
  name: string,
  object: Readonly<Record<string, Json>>,
  path: Path,
  part: (value: Json | undefined, key: string) => Expr,
): Expr {
  const at = -1
  const of = part(object['left'], 'left')
  if (name === '.') return { kind: 'attribute', at, of, name: stringAt(object['attr'], `${path}.attr`) }
  if (name === 'like')
    return { kind: 'like', at, of, pattern: patternFrom(object['pattern'], `${path}.pattern`) }
  if (name === 'has') {
    const attr = object['attr']
    const names = typeof attr === 'string' ? [attr] : arrayAt(attr, `${path}.attr`)
    if (names.length === 0) wrong(`${path}.attr`, 'at least one name')
    return { kind: 'has', at, of, path: names.map((item) => stringAt(item, `${path}.attr`)) }
  }
  const type = stringAt(object['entity_type'], `${path}.entity_type`)
  const within = object['in'] ?? null
  if (!isTypeName(type)) wrong(`${path}.entity_type`, 'an entity type')
  return {
    kind: 'is',
    at,
    of,
    type,
    within: within === null ? undefined : part(within, 'in'),
  }
}

/** `a && b && c` is nested on the left; it becomes one chain again. */
function chainFrom(
  name: '&&' | '||',
  outer: Readonly<Record<string, Json>>,
  path: Path,
  level: number,
): Expr {
  const terms: Expr[] = []
  let object = outer
  for (;;) {
    terms.push(expressionFrom(object['right'], `${path}.right`, level + 1))
    const left = objectAt(object['left'], `${path}.left`)
    if (!Object.hasOwn(left, name)) {
      terms.push(expressionFrom(left, `${path}.left`, level + 1))
      return { kind: name === '&&' ? 'and' : 'or', at: -1, terms: terms.toReversed() }
    }
    object = objectAt(left[name], `${path}.left`)
    onlyNames(object, `${path}.left`, ['left', 'right'])
  }
}

function patternFrom(json: Json | undefined, path: Path): string[] {
  const pieces = ['']
  for (const element of arrayAt(json, path)) {
    if (element === 'Wildcard') pieces.push('')
    else pieces.push(`${pieces.pop() ?? ''}${stringAt(objectAt(element, path)['Literal'], path)}`)
  }
  return pieces
}

/** `Value` holds a constant: a literal, an entity, or a set or record of such. */
function valueExpression(json: Json, path: Path, level: number): Expr {
  const at = -1
  if (level > MAX_LEVELS) wrong(path.slice(0, 80), `at most ${MAX_LEVELS} levels`)
  if (typeof json === 'boolean' || typeof json === 'string') return { kind: 'literal', at, value: json }
  if (typeof json === 'number' || typeof json === 'bigint') {
    return { kind: 'literal', at, value: longFrom(json) ?? wrong(path, 'a whole number of 64 bits') }
  }
  if (Array.isArray(json)) {
    const elements = (json as readonly Json[]).map((item) => valueExpression(item, path, level + 1))
    return { kind: 'set', at, elements }
  }
  const object = objectAt(json, path)
  if (Object.hasOwn(object, '__entity')) return { kind: 'literal', at, value: entityFrom(object, path) }
  if (Object.hasOwn(object, '__extn')) {
    const { fn, arg, args } = objectAt(object['__extn'], path)
    const name = stringAt(fn, `${path}.fn`)
    if (!FUNCTIONS.has(name)) wrong(`${path}.fn`, `an extension function, not \`${name}\``)
    const given = args === undefined ? [arg as Json] : arrayAt(args, path)
    return {
      kind: 'call',
      at,
      function: name,
      arguments: given.map((v) => valueExpression(v, path, level + 1)),
    }
  }
  const fields = Object.entries(object).map(([name, value]) => ({
    name,
    value: valueExpression(value, path, level + 1),
  }))
  return { kind: 'record', at, fields }
}

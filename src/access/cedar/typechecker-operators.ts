import type { Expr } from './ast.ts'
import { type Capabilities, NO_CAPABILITIES, tagCapability } from './capabilities.ts'
import { BOOL, describeType, FALSE, join, LONG, TRUE, type Type } from './types.ts'
import {
  type Answer,
  type Checker,
  EXPECT_ENTITY,
  EXPECT_LONG,
  EXPECT_SET,
  EXPECT_STRING,
  type Expectation,
} from './validation.ts'
import { EntityUid, equal } from './value.ts'
import { isActionType } from './value-json.ts'

type Binary = Expr & { kind: 'binary' }

const EXPECT_ENTITIES: Expectation = [
  'an entity or a Set of entities',
  (type) =>
    isEntity(type) || (type.kind === 'set' && (isEntity(type.element) || type.element.kind === 'never')),
]

function isEntity(type: Type): boolean {
  return type.kind === 'entity'
}

/** The type of an operator with two operands. */
export function typeOfBinary(checker: Checker, expr: Binary, prior: Capabilities): Answer {
  const { operator, left, right } = expr
  switch (operator) {
    case '==':
    case '!=':
      return typeOfEquality(checker, expr, prior)
    case '<':
    case '<=':
    case '>':
    case '>=':
      return typeOfOrder(checker, expr, prior)
    case '+':
    case '-':
    case '*':
      return plain(LONG, checker.expect(left, prior, EXPECT_LONG), checker.expect(right, prior, EXPECT_LONG))
    case 'in':
      return typeOfIn(checker, left, right, prior)
    case 'contains':
    case 'containsAll':
    case 'containsAny': {
      const set = checker.expect(left, prior, EXPECT_SET)
      const isOne = operator === 'contains'
      const other = isOne ? checker.typeOf(right, prior) : checker.expect(right, prior, EXPECT_SET)
      const element = set.type?.kind === 'set' ? set.type.element : undefined
      const answer = plain(BOOL, set, other)
      return enforceStrict(checker, answer, isOne ? element : set.type, other.type, expr)
    }
    case 'getTag':
    case 'hasTag':
      return typeOfTag(checker, expr, prior)
    default:
      return operator satisfies never
  }
}

function plain(type: Type, left: Answer, right: Answer): Answer {
  return { type, capabilities: NO_CAPABILITIES, isSound: left.isSound && right.isSound }
}

/** In strict mode both sides of a comparison must have a type in common. */
function enforceStrict(
  checker: Checker,
  answer: Answer,
  left: Type | undefined,
  right: Type | undefined,
  expr: Binary,
): Answer {
  if (checker.mode === 'permissive' || left === undefined || right === undefined) return answer
  if (join(left, right, 'strict') !== undefined) return answer
  const types = `${describeType(left)} and ${describeType(right)}`
  checker.report(
    'incompatible-types',
    `the sides of \`${expr.operator}\` do not go together: ${types}`,
    expr.at,
  )
  return { ...answer, isSound: false }
}

/** A constant: a literal, or `action`, which each type of request knows. */
function constantOf(checker: Checker, expr: Expr): (Expr & { kind: 'literal' })['value'] | undefined {
  if (expr.kind === 'variable' && expr.name === 'action') return checker.request.action.uid
  return expr.kind === 'literal' ? expr.value : undefined
}

function typeOfEquality(checker: Checker, expr: Binary, prior: Capabilities): Answer {
  const [left, right] = [checker.typeOf(expr.left, prior), checker.typeOf(expr.right, prior)]
  const [one, other] = [constantOf(checker, expr.left), constantOf(checker, expr.right)]
  let isEqual: boolean | undefined
  if (left.type !== undefined && right.type !== undefined && areDisjoint(left.type, right.type))
    isEqual = false
  else if (one !== undefined && other !== undefined) isEqual = equal(one, other)
  if (isEqual !== undefined) return plain(isEqual === (expr.operator === '==') ? TRUE : FALSE, left, right)
  return enforceStrict(checker, plain(BOOL, left, right), left.type, right.type, expr)
}

function areDisjoint(left: Type, right: Type): boolean {
  return (
    left.kind === 'entity' &&
    right.kind === 'entity' &&
    !left.names.some((name) => right.names.includes(name))
  )
}

function typeOfOrder(checker: Checker, expr: Binary, prior: Capabilities): Answer {
  const [left, right] = [checker.typeOf(expr.left, prior), checker.typeOf(expr.right, prior)]
  const answer = plain(BOOL, left, right)
  const { type: a } = left
  const { type: b } = right
  if (a === undefined || b === undefined) return { ...answer, isSound: false }
  const isFit =
    a.kind === 'never' || b.kind === 'never'
      ? isOrdered(a) || isOrdered(b)
      : isOrdered(a) && join(a, b, 'strict') !== undefined
  if (isFit) return answer
  const wrong = isOrdered(a) ? b : a
  const expected = isOrdered(a)
    ? describeType(a)
    : isOrdered(b)
      ? describeType(b)
      : 'Long, datetime or duration'
  checker.report('wrong-type', `expected ${expected}, found ${describeType(wrong)}`, expr.at)
  return { ...answer, isSound: false }
}

function isOrdered(type: Type): boolean {
  return (
    type.kind === 'Long' ||
    (type.kind === 'extension' && (type.name === 'datetime' || type.name === 'duration'))
  )
}

/** `in` is known to be false between types that no hierarchy joins, and decided between actions. */
export function typeOfIn(checker: Checker, left: Expr, right: Expr, prior: Capabilities): Answer {
  const below = checker.expect(left, prior, EXPECT_ENTITY)
  const above = checker.expect(right, prior, EXPECT_ENTITIES)
  const answer = plain(BOOL, below, above)
  if (!answer.isSound) return answer
  const action = constantOf(checker, left)
  const targets = constantEntities(checker, right)
  if (action instanceof EntityUid && isActionType(action.type) && targets !== undefined)
    return { ...answer, type: isActionIn(checker, action, targets) ? TRUE : FALSE }
  const element = above.type?.kind === 'set' ? above.type.element : above.type
  if (below.type?.kind !== 'entity' || element?.kind !== 'entity') return answer
  const { names } = element
  const isPossible = below.type.names.some((low) => names.some((high) => mayBeIn(checker, low, high)))
  return isPossible ? answer : { ...answer, type: FALSE }
}

function constantEntities(checker: Checker, expr: Expr): readonly EntityUid[] | undefined {
  const parts = expr.kind === 'set' ? expr.elements : [expr]
  const entities = parts.map((part) => constantOf(checker, part))
  return entities.every((entity) => entity instanceof EntityUid) ? entities : undefined
}

function isActionIn(checker: Checker, action: EntityUid, targets: readonly EntityUid[]): boolean {
  const ancestors = checker.schema.actions.get(action.key)?.ancestors
  return targets.some(({ key }) => key === action.key || ancestors?.has(key) === true)
}

function mayBeIn(checker: Checker, low: string, high: string): boolean {
  if (low === high || checker.schema.entities.get(low)?.ancestors.has(high) === true) return true
  if (!isActionType(low)) return false
  for (const { uid, ancestors } of checker.schema.actions.values()) {
    if (uid.type !== low) continue
    for (const key of ancestors) if (checker.schema.actions.get(key)?.uid.type === high) return true
  }
  return false
}

function typeOfTag(checker: Checker, expr: Binary, prior: Capabilities): Answer {
  const entity = checker.expect(expr.left, prior, EXPECT_ENTITY)
  const tag = checker.expect(expr.right, prior, EXPECT_STRING)
  const isSound = entity.isSound && tag.isSound
  if (entity.type?.kind !== 'entity')
    return { type: undefined, capabilities: NO_CAPABILITIES, isSound: false }
  const types = entity.type.names.flatMap((name) => checker.schema.entities.get(name)?.tags ?? [])
  const capability = tagCapability(expr.left, expr.right)
  const isKnown = prior.has(capability)
  if (expr.operator === 'hasTag') {
    const type = types.length === 0 ? FALSE : isKnown ? TRUE : BOOL
    return { type, capabilities: new Set([capability]), isSound }
  }
  const unknown: Answer = { type: undefined, capabilities: NO_CAPABILITIES, isSound: false }
  const name = describeType(entity.type)
  if (!isKnown) {
    checker.report('optional-tag', `${name} may not have this tag; ask \`hasTag\` first`, expr.at)
    return unknown
  }
  if (types.length === 0) {
    checker.report('no-tags', `${name} has no tags`, expr.at)
    return unknown
  }
  const type = checker.joinAll(types, `the tags of ${name}`, expr.at)
  return type === undefined ? unknown : { type, capabilities: NO_CAPABILITIES, isSound }
}

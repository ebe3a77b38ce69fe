import type { Expr } from '../cedar/ast.ts'
import { add, multiply, subtract } from '../cedar/long.ts'
import type { Type } from '../cedar/types.ts'
import { Fault, type Outcome } from '../cedar/value.ts'
import { integer, order } from './comparison.ts'
import { reaches, within } from './hierarchy.ts'
import type { Operand, Predicate } from './predicate.ts'
import { and, not, type Rails } from './predicates.ts'
import { contains, containsAll, containsAny, equality } from './sets.ts'
import { fits, measure, named, reject, type Scene, type Staged, stagedBool } from './staged.ts'
import { stageTag } from './tags.ts'
import { known, type Single, spreadTerm, type Term } from './term.ts'

type Binary = Expr & { kind: 'binary' }
type Stage = (expr: Expr, scene: Scene) => Staged

/** An operator of which at least one side is not known. */
export function stageBinary(expr: Binary, scene: Scene, stage: Stage): Staged {
  const { operator, at } = expr
  const [left, right] = [stage(expr.left, scene), stage(expr.right, scene)]
  const { size, choices } = measure(left, right)
  const ask = (question: (one: Term, other: Term) => Rails): Staged =>
    stagedBool((binding) => question(left.bind(binding), right.bind(binding)), size)
  switch (operator) {
    case '==':
    case '!=': {
      if (left.record !== undefined || right.record !== undefined)
        reject('records cannot be compared in a database; compare their attributes', at)
      return operator === '==' ? ask(equality) : ask((one, other) => not(equality(one, other)))
    }
    case '<':
    case '<=':
    case '>':
    case '>=':
      for (const { type } of [left, right])
        if (!isOrdered(type)) reject(`\`${operator}\` compares Longs and times, not ${named(type)}`, at)
      return ask((one, other) => order(operator, one, other))
    case '+':
    case '-':
    case '*':
      for (const { type } of [left, right])
        if (!fits(type, 'Long')) reject(`\`${operator}\` is for Longs, not ${named(type)}`, at)
      return {
        type: { kind: 'Long' },
        run: undefined,
        bind: (binding) =>
          spreadTerm(left.bind(binding), right.bind(binding), (one, other) => compute(operator, one, other)),
        size,
        choices,
      }
    case 'in':
      return stageIn(expr, left, right, size, scene)
    case 'contains':
    case 'containsAll':
    case 'containsAny':
      return stageSets(operator, at, left, right, ask)
    case 'hasTag':
    case 'getTag':
      return stageTag(operator, left, right, at, scene)
    default:
      return operator satisfies never
  }
}

function isOrdered(type: Type | undefined): boolean {
  if (type?.kind === 'extension') return type.name === 'datetime' || type.name === 'duration'
  return fits(type, 'Long')
}

function stageSets(
  operator: 'contains' | 'containsAll' | 'containsAny',
  at: number,
  left: Staged,
  right: Staged,
  ask: (question: (one: Term, other: Term) => Rails) => Staged,
): Staged {
  if (!fits(left.type, 'set')) reject(`expected Set before \`.${operator}()\`, found ${named(left.type)}`, at)
  if (operator === 'contains') {
    if (right.record !== undefined) reject('records cannot be compared in a database', at)
    return ask(contains)
  }
  if (!fits(right.type, 'set')) reject(`expected Set in \`.${operator}()\`, found ${named(right.type)}`, at)
  return ask(operator === 'containsAll' ? containsAll : containsAny)
}

const COMPUTE = { '+': add, '-': subtract, '*': multiply }

/** Exact, with a guard that the result fits into 64 bits. */
export function compute(operator: '+' | '-' | '*', left: Single, right: Single): Term {
  if (left.kind === 'known' && right.kind === 'known') {
    if (!isLong(left.value) || !isLong(right.value)) return known(NO_LONG)
    return known(COMPUTE[operator](left.value, right.value) ?? OVERFLOW)
  }
  const [one, other] = [longOperand(left), longOperand(right)]
  if (one === undefined || other === undefined) return known(NO_LONG)
  const operand: Operand = { kind: 'arithmetic', operator, left: one, right: other, format: 'integer' }
  const guard = and(guardOf(left), guardOf(right), { kind: 'fits', of: operand })
  return { kind: 'scalar', type: 'Long', operand, guard, isTotal: false }
}

const NO_LONG = new Fault('type', 'expected two Longs')
const OVERFLOW = new Fault('overflow', 'the result does not fit into 64 bits')

function isLong(value: Outcome): value is number | bigint {
  return typeof value === 'number' || typeof value === 'bigint'
}

function longOperand(term: Single): Operand | undefined {
  if (term.kind === 'scalar') return term.type === 'Long' ? term.operand : undefined
  return term.kind === 'known' && isLong(term.value) ? integer(term.value) : undefined
}

function guardOf(term: Single): Predicate {
  return term.kind === 'scalar' ? term.guard : and()
}

const ENTITIES_ARE_NEEDED = 'an entity, or a Set of entities'

function stageIn(expr: Binary, left: Staged, right: Staged, size: number, scene: Scene): Staged {
  const { at } = expr
  if (!fits(left.type, 'entity')) reject(`expected an entity before \`in\`, found ${named(left.type)}`, at)
  const element = right.type?.kind === 'set' ? right.type.element : right.type
  if (!fits(element, 'entity'))
    reject(`expected ${ENTITIES_ARE_NEEDED} after \`in\`, found ${named(right.type)}`, at)
  if (left.run === undefined && left.type?.kind === 'entity') {
    if (element === undefined) return reject('the schema does not know what stands after `in`', at)
    const targets = element.kind === 'entity' ? element.names : []
    for (const type of left.type.names) for (const target of targets) judgePath(type, target, left, at, scene)
  }
  const { access } = left
  const { mapping } = scene
  return stagedBool(
    (binding) => within(left.bind(binding), right.bind(binding), access, mapping, binding),
    size,
  )
}

/** Where the schema puts one type in another, there must be SQL that finds out. */
function judgePath(type: string, target: string, left: Staged, at: number, scene: Scene): void {
  if (scene.schema.entities.get(type)?.ancestors.has(target) !== true) return
  if (left.access?.kind === 'expressions') {
    if (!Object.hasOwn(left.access.entity.ancestors ?? {}, target))
      reject(`there is no SQL expression for what of ${target} is above ${type}`, at)
    return
  }
  if (scene.mapping.entities.get(type)?.table === undefined)
    reject(`the mapping does not say where ${type} is; add \`entities.${type}.table\``, at)
  if (!reaches(scene.mapping, type, target)) {
    const missing = `entities.${type}.parents.${target}`
    reject(
      `the mapping does not say how ${type} is in ${target}; add \`${missing}\`, or what leads there`,
      at,
    )
  }
}

import type { BinaryOperator } from './ast.ts'
import { type Compiled, type Env, entityOf, isIn, type Run } from './environment.ts'
import { Datetime, Duration } from './extensions/datetime.ts'
import { add, multiply, subtract } from './long.ts'
import { CedarSet, EntityUid, equal, Fault, type Long, type Outcome, type Value } from './value.ts'

/** An operator on two values that are there; undefined where their types are wrong. */
type Operation = (left: Value, right: Value, env: Env) => Outcome | undefined

/** Both sides are evaluated, left first; the first fault is the result. */
export function binary(operator: BinaryOperator, one: Compiled, other: Compiled, at: number): Run {
  const { run: left } = one
  const { run: right } = other
  if (operator === '==' || operator === '!=') return equality(operator === '==', left, other)
  const operation = operationOf(operator, at)
  const wrong = new Fault('type', `wrong types for \`${operator}\`: expected ${EXPECTED[operator]}`, at)
  return (env) => {
    const a = left(env)
    if (a instanceof Fault) return a
    const b = right(env)
    return b instanceof Fault ? b : (operation(a, b, env) ?? wrong)
  }
}

const EXPECTED: Readonly<Record<Exclude<BinaryOperator, '==' | '!='>, string>> = {
  '<': 'two Longs, datetimes or durations',
  '<=': 'two Longs, datetimes or durations',
  '>': 'two Longs, datetimes or durations',
  '>=': 'two Longs, datetimes or durations',
  in: 'an entity, and an entity or a Set of entities',
  '+': 'two Longs',
  '-': 'two Longs',
  '*': 'two Longs',
  contains: 'a Set',
  containsAll: 'two Sets',
  containsAny: 'two Sets',
  getTag: 'an entity and a String',
  hasTag: 'an entity and a String',
}

function equality(wanted: boolean, left: Run, other: Compiled): Run {
  const { run: right, constant } = other
  if (constant !== undefined && typeof constant !== 'object') {
    return (env) => {
      const a = left(env)
      return a instanceof Fault ? a : (a === constant) === wanted
    }
  }
  return (env) => {
    const a = left(env)
    if (a instanceof Fault) return a
    const b = right(env)
    return b instanceof Fault ? b : equal(a, b) === wanted
  }
}

function operationOf(operator: Exclude<BinaryOperator, '==' | '!='>, at: number): Operation {
  switch (operator) {
    case '<':
      return ordered((a, b) => a < b)
    case '<=':
      return ordered((a, b) => a <= b)
    case '>':
      return ordered((a, b) => a > b)
    case '>=':
      return ordered((a, b) => a >= b)
    case '+':
      return arithmetic(add, 'sum', at)
    case '-':
      return arithmetic(subtract, 'difference', at)
    case '*':
      return arithmetic(multiply, 'product', at)
    case 'in':
      return within
    case 'contains':
      return (set, element) => (set instanceof CedarSet ? set.has(element) : undefined)
    case 'containsAll':
      return ofSets((set, others) => others.elements.every((element) => set.has(element)))
    case 'containsAny':
      return ofSets((set, others) => others.elements.some((element) => set.has(element)))
    case 'hasTag':
      return (uid, tag, env) => {
        if (!(uid instanceof EntityUid) || typeof tag !== 'string') return undefined
        const found = entityOf(env, uid)?.tags.get(tag)
        return found instanceof Fault ? found : found !== undefined
      }
    case 'getTag':
      return tagOf(at)
    default:
      return operator satisfies never
  }
}

function isLong(value: Value): value is Long {
  return typeof value === 'number' || typeof value === 'bigint'
}

function ordered(test: (left: Long, right: Long) => boolean): Operation {
  return (a, b) => {
    if (isLong(a) && isLong(b)) return test(a, b)
    if (a instanceof Datetime && b instanceof Datetime) return test(a.ms, b.ms)
    if (a instanceof Duration && b instanceof Duration) return test(a.ms, b.ms)
    return undefined
  }
}

function arithmetic(
  compute: (left: Long, right: Long) => Long | undefined,
  name: string,
  at: number,
): Operation {
  const overflow = new Fault('overflow', `the ${name} does not fit into 64 bits`, at)
  return (a, b) => (isLong(a) && isLong(b) ? (compute(a, b) ?? overflow) : undefined)
}

function ofSets(test: (set: CedarSet, others: CedarSet) => boolean): Operation {
  return (a, b) => (a instanceof CedarSet && b instanceof CedarSet ? test(a, b) : undefined)
}

function within(uid: Value, target: Value, env: Env): boolean | Fault | undefined {
  if (!(uid instanceof EntityUid)) return undefined
  if (target instanceof EntityUid) return isIn(env, uid, target)
  if (!(target instanceof CedarSet)) return undefined
  let found: boolean | Fault = false
  for (const element of target.elements) {
    if (!(element instanceof EntityUid)) return undefined
    if (found !== true) found = isIn(env, uid, element) || found
  }
  return found
}

function tagOf(at: number): Operation {
  const missing = new Fault('tag', 'the entity has no such tag', at)
  const unknown = new Fault('entity', 'the entity whose tag is asked for does not exist', at)
  return (uid, tag, env) => {
    if (!(uid instanceof EntityUid) || typeof tag !== 'string') return undefined
    const entity = entityOf(env, uid)
    return entity === undefined ? unknown : (entity.tags.get(tag) ?? missing)
  }
}

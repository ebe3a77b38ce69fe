import type { Expr } from '../cedar/ast.ts'
import { compile, matches } from '../cedar/evaluator.ts'
import { partsOf } from '../cedar/expression.ts'
import { join, type Type } from '../cedar/types.ts'
import { CedarSet, EntityUid, Fault, type Value } from '../cedar/value.ts'
import { attributeOf, hasAttribute } from './attributes.ts'
import type { Binding } from './binding.ts'
import { expressionRecord } from './expressions.ts'
import { stageBinary } from './operators.ts'
import { stageCall } from './methods.ts'
import type { Party } from './party.ts'
import type { Predicate } from './predicate.ts'
import { and, both, choose, decide, either, FALSE, FAULT, not, type Rails, TRUE } from './predicates.ts'
import { isEmpty } from './sets.ts'
import {
  fits,
  named,
  rails,
  reject,
  sidesOf,
  type Scene,
  type Staged,
  stagedBool,
  stagedKnown,
} from './staged.ts'
import { isDefined, isStorable, known, type Single, type Term } from './term.ts'
import { typeOfKnown } from './static-type.ts'

/** Beyond this many predicates a condition is no use to anyone. */
const MAX_SIZE = 20_000

/** Makes an expression ready. Throws `Refusal` where it cannot be translated. */
export function stage(expr: Expr, scene: Scene): Staged {
  if (isKnown(expr, scene)) return stagedKnown(typeOfKnown(expr, scene), compile(expr).run)
  const staged = stageUnknown(expr, scene)
  if (staged.size > MAX_SIZE)
    reject(`this would become more than ${MAX_SIZE} comparisons; simplify it`, expr.at)
  return staged
}

/** Whether an expression reads nothing but what comes with a request. */
function isKnown(expr: Expr, scene: Scene): boolean {
  if (expr.kind === 'variable') return expr.name === 'action' || scene[expr.name].kind === 'known'
  return partsOf(expr).every((part) => isKnown(part, scene))
}

function stageUnknown(expr: Expr, scene: Scene): Staged {
  const { at } = expr
  switch (expr.kind) {
    case 'variable':
      return stageVariable(expr.name, scene)
    case 'not': {
      const of = stage(expr.of, scene)
      const bind = rails(of, at, 'after `!`')
      const { isTrue, isFalse } = sidesOf(of)
      return stagedBool((binding) => not(bind(binding)), { isTrue: isFalse, isFalse: isTrue })
    }
    case 'negate': {
      const zero: Expr = { kind: 'literal', at, value: 0 }
      return stageBinary({ kind: 'binary', at, operator: '-', left: zero, right: expr.of }, scene, stage)
    }
    case 'isEmpty': {
      const of = stage(expr.of, scene)
      if (!fits(of.type, 'set')) reject(`expected Set before \`.isEmpty()\`, found ${named(of.type)}`, at)
      return stagedBool((binding) => isEmpty(of.bind(binding)), of.size + 1)
    }
    case 'and':
    case 'or':
      return stageChain(expr, scene)
    case 'binary':
      return stageBinary(expr, scene, stage)
    case 'if':
      return stageChoice(expr, scene)
    case 'attribute':
      return stageAttribute(expr, scene)
    case 'has':
      return stageHas(expr, scene)
    case 'like':
      return stageLike(expr, scene)
    case 'is':
      return stageIs(expr, scene)
    case 'set':
      return stageSet(expr, scene)
    case 'record':
      return reject('a record made of the attributes of a row cannot be translated; use the attributes', at)
    case 'call':
      return stageCall(expr, scene, stage)
    case 'literal':
    case 'slot':
      return reject('a slot cannot be translated; link the template first', at)
    default:
      return expr satisfies never
  }
}

function stageVariable(name: 'principal' | 'action' | 'resource' | 'context', scene: Scene): Staged {
  if (name === 'context') {
    const { context, action } = scene
    const attributes = context.kind === 'expressions' ? context.attributes : {}
    const record = expressionRecord(attributes, action.context, true, scene)
    return { type: action.context, run: undefined, bind: () => known(NO_VALUE), record, size: 1 }
  }
  const party = scene[name as 'principal' | 'resource']
  return stageParty(party, scene)
}

const NO_VALUE = new Fault('type', 'a record is no single value')

/** The principal or the resource itself. */
export function stageParty(party: Party, scene: Scene): Staged {
  if (party.kind === 'known') throw new Error('a known party is evaluated')
  const type: Type = { kind: 'entity', names: [party.type] }
  const entity = scene.mapping.entities.get(party.type)
  const { format = 'text' } = entity?.id ?? {}
  if (party.kind === 'expressions') {
    const operand = { kind: 'raw', text: party.id, format } as const
    const term: Term = { kind: 'entity', type: party.type, operand, guard: TRUE, isTotal: true }
    return { type, run: undefined, bind: () => term, access: { kind: 'expressions', entity: party }, size: 1 }
  }
  if (entity?.table === undefined) throw new Error(`${party.type} has no table`)
  const { column, isExact } = entity.id
  const alias = party.alias ?? entity.table.name
  const operand = { kind: 'column', alias, name: column, format, isExact } as const
  const term: Term = { kind: 'entity', type: party.type, operand, guard: TRUE, isTotal: true }
  return { type, run: undefined, bind: () => term, access: { kind: 'row', alias }, size: 1 }
}

/** The right side is bound only where the left does not decide. */
function stageChain(expr: Expr & { kind: 'and' | 'or' }, scene: Scene): Staged {
  const isAnd = expr.kind === 'and'
  const where = `on both sides of \`${isAnd ? '&&' : '||'}\``
  const terms = expr.terms.map((term) => stage(term, scene))
  const binds = terms.map((term, index) => rails(term, expr.terms[index]?.at ?? expr.at, where))
  const chain = (binding: Binding, at: number): Rails => {
    const left = (binds[at] as (typeof binds)[number])(binding)
    if (at === binds.length - 1) return left
    if ((isAnd ? left.isTrue : left.isFalse).kind === 'false') return left
    const rest = chain(binding, at + 1)
    return isAnd ? both(left, rest) : either(left, rest)
  }
  // What goes on must be so for all terms, and for every other term before the one that decides.
  const sides = terms.map(sidesOf)
  const goesOn = sides.reduce((sum, { isTrue, isFalse }) => sum + (isAnd ? isTrue : isFalse), 0)
  const decides = goesOn + sides.reduce((sum, { isTrue, isFalse }) => sum + (isAnd ? isFalse : isTrue), 0)
  return stagedBool(
    (binding) => chain(binding, 0),
    isAnd ? { isTrue: goesOn, isFalse: decides } : { isTrue: decides, isFalse: goesOn },
  )
}

function stageChoice(expr: Expr & { kind: 'if' }, scene: Scene): Staged {
  const [test, yes, no] = [stage(expr.test, scene), stage(expr.yes, scene), stage(expr.no, scene)]
  const bindTest = rails(test, expr.test.at, 'after `if`')
  if (yes.record !== undefined || no.record !== undefined)
    reject(
      'an `if` that chooses between records cannot be translated; choose between their attributes',
      expr.at,
    )
  const type = yes.type && no.type && join(yes.type, no.type, 'permissive')
  const tests = sidesOf(test)
  const [ofYes, ofNo] = [sidesOf(yes), sidesOf(no)]
  const size = test.size + yes.size + no.size
  const tested = tests.isTrue + tests.isFalse
  const sides = {
    isTrue: tested + ofYes.isTrue + ofNo.isTrue,
    isFalse: tested + ofYes.isFalse + ofNo.isFalse,
  }
  const bind = (binding: Binding): Term => {
    const answer = bindTest(binding)
    if (answer.isTrue.kind === 'false' && answer.isFalse.kind === 'false') return known(FAILED)
    if (answer.isTrue.kind === 'true') return yes.bind(binding)
    if (answer.isFalse.kind === 'true') return no.bind(binding)
    return { kind: 'choice', test: answer, yes: yes.bind(binding), no: no.bind(binding) }
  }
  const choices = (yes.choices ?? 1) + (no.choices ?? 1)
  return {
    type: type ?? yes.type,
    run: undefined,
    bind,
    size,
    choices,
    ...(fits(type, 'Bool') ? { sides } : {}),
  }
}

const FAILED = new Fault('type', 'the condition of an `if` has no value')

function stageAttribute(expr: Expr & { kind: 'attribute' }, scene: Scene): Staged {
  const { of, name, at } = expr
  if (of.kind !== 'if') return attributeOf(stage(of, scene), name, at, scene)
  // An attribute of one of two is one of two attributes.
  const [yes, no] = [of.yes, of.no].map((branch): Expr => ({ kind: 'attribute', at, of: branch, name }))
  return stage({ ...of, yes: yes as Expr, no: no as Expr }, scene)
}

function stageHas(expr: Expr & { kind: 'has' }, scene: Scene): Staged {
  const { of, at, path } = expr
  const [name, ...more] = path as readonly [string, ...string[]]
  if (of.kind === 'if') {
    const [yes, no] = [of.yes, of.no].map((branch): Expr => ({ kind: 'has', at, of: branch, path }))
    return stage({ ...of, yes: yes as Expr, no: no as Expr }, scene)
  }
  const first = hasAttribute(stage(of, scene), name, at, scene)
  if (more.length === 0) return stagedBool(first, 2)
  const rest = stage({ kind: 'has', at, of: { kind: 'attribute', at, of, name }, path: more }, scene)
  const bindRest = rails(rest, at, 'after `has`')
  return stagedBool((binding) => {
    const left = first(binding)
    return left.isTrue.kind === 'false' ? left : both(left, bindRest(binding))
  }, rest.size + 2)
}

function stageLike(expr: Expr & { kind: 'like' }, scene: Scene): Staged {
  const of = stage(expr.of, scene)
  if (!fits(of.type, 'String')) reject(`expected String before \`like\`, found ${named(of.type)}`, expr.at)
  const { pattern } = expr
  const isPossible = pattern.every(isStorable)
  const like = (term: Term): Rails => {
    if (term.kind === 'choice') return choose(term.test, like(term.yes), like(term.no))
    if (term.kind === 'known')
      return typeof term.value === 'string'
        ? decide(matches(term.value, pattern) ? TRUE : FALSE, TRUE)
        : FAULT
    return term.kind === 'scalar' ? likeOf(term, pattern, isPossible) : FAULT
  }
  return stagedBool((binding) => like(of.bind(binding)), of.size)
}

function likeOf(term: Single & { kind: 'scalar' }, pattern: readonly string[], isPossible: boolean): Rails {
  if (!isPossible) return decide(FALSE, isDefined(term))
  const test = (wanted: boolean): Predicate => ({ kind: 'like', of: term.operand, pattern, wanted })
  return { isTrue: test(true), isFalse: test(false), isTotal: term.isTotal }
}

function stageIs(expr: Expr & { kind: 'is' }, scene: Scene): Staged {
  const of = stage(expr.of, scene)
  if (!fits(of.type, 'entity')) reject(`expected an entity before \`is\`, found ${named(of.type)}`, expr.at)
  const isType = (term: Term): Rails => {
    if (term.kind === 'choice') return choose(term.test, isType(term.yes), isType(term.no))
    if (term.kind === 'entity') return decide(term.type === expr.type ? TRUE : FALSE, isDefined(term))
    const { value } = term as Single & { kind: 'known' }
    return value instanceof EntityUid ? decide(value.type === expr.type ? TRUE : FALSE, TRUE) : FAULT
  }
  if (expr.within === undefined) return stagedBool((binding) => isType(of.bind(binding)), of.size)
  const within = stageBinary(
    { kind: 'binary', at: expr.at, operator: 'in', left: expr.of, right: expr.within },
    scene,
    stage,
  )
  const bindWithin = rails(within, expr.at, 'after `in`')
  return stagedBool((binding) => {
    const left = isType(of.bind(binding))
    return left.isTrue.kind === 'false' ? left : both(left, bindWithin(binding))
  }, of.size + within.size)
}

function stageSet(expr: Expr & { kind: 'set' }, scene: Scene): Staged {
  const parts = expr.elements.map((element) => stage(element, scene))
  if (parts.some((part) => part.record !== undefined || part.type?.kind === 'record'))
    reject('a set of records cannot be translated', expr.at)
  const element = parts.reduce<Type | undefined>(
    (joined, { type }) => joined && type && join(joined, type, 'permissive'),
    { kind: 'never' },
  )
  const size = parts.reduce((sum, part) => sum + part.size, 1)
  const type: Type = { kind: 'set', element: element ?? { kind: 'never' } }
  return {
    type,
    run: undefined,
    size,
    bind: (binding) => {
      const elements = parts.map((part) => part.bind(binding))
      const fault = elements.find((one) => one.kind === 'known' && one.value instanceof Fault)
      if (fault !== undefined) return fault
      if (elements.every((one) => one.kind === 'known'))
        return known(new CedarSet(elements.map((one) => (one as { value: Value }).value)))
      const guard = and(...elements.map(isDefined))
      const isTotal = guard.kind === 'true'
      return { kind: 'set', element: type.element, members: { kind: 'listed', elements }, guard, isTotal }
    },
  }
}

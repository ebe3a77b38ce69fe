import type { Expr, Variable } from './ast.ts'
import type { Entity } from './entities.ts'
import { type Compiled, type Env, entityOf, type Run } from './environment.ts'
import { FUNCTIONS, TYPE_TESTS } from './extensions/functions.ts'
import { binary } from './operators.ts'
import { subtract } from './long.ts'
import { CedarRecord, CedarSet, EntityUid, Fault, type Outcome, type Value } from './value.ts'

/** Turns an expression into closures, and what is constant in it into values. */
export function compile(expr: Expr): Compiled {
  switch (expr.kind) {
    case 'literal':
      return constant(expr.value)
    case 'variable':
      return dynamic(VARIABLES[expr.name])
    case 'slot':
      return constant(new Fault('slot', `the slot \`${expr.name}\` is not linked`, expr.at))
    case 'not':
    case 'negate':
    case 'isEmpty':
      return unary(expr.kind, compile(expr.of), expr.at)
    case 'and':
    case 'or':
      return chain(expr)
    case 'binary': {
      const [left, right] = [compile(expr.left), compile(expr.right)]
      return fold(binary(expr.operator, left, right, expr.at), [left, right])
    }
    case 'if':
      return choice(compile(expr.test), compile(expr.yes), compile(expr.no), expr.at)
    case 'attribute':
      return expr.of.kind === 'variable'
        ? attributeOfVariable(expr.of.name, expr.name, expr.at)
        : attribute(compile(expr.of), expr.name, expr.at)
    case 'has':
      return has(compile(expr.of), expr.path, expr.at)
    case 'like':
      return like(compile(expr.of), expr.pattern, expr.at)
    case 'is':
      return is(expr)
    case 'set':
      return set(expr.elements.map(compile))
    case 'record':
      return record(expr)
    case 'call':
      return call(expr)
    default:
      return expr satisfies never
  }
}

const VARIABLES: Readonly<Record<Variable, Run>> = {
  principal: (env) => env.principal,
  action: (env) => env.action,
  resource: (env) => env.resource,
  context: (env) => env.context,
}

function constant(value: Outcome): Compiled {
  return { run: () => value, constant: value }
}

function dynamic(run: Run): Compiled {
  return { run, constant: undefined }
}

/** Only run where nothing asks for the request. */
const NO_ENV = Object.freeze({}) as Env

/** Evaluates now what depends on constants alone. Nothing in such an expression reads the environment. */
function fold(run: Run, parts: readonly Compiled[]): Compiled {
  const isConstant = parts.every(
    (part) => part.constant !== undefined && !(part.constant instanceof EntityUid),
  )
  return isConstant ? constant(run(NO_ENV)) : dynamic(run)
}

function unary(kind: 'not' | 'negate' | 'isEmpty', of: Compiled, at: number): Compiled {
  const { run } = of
  const wrong = new Fault('type', `expected ${UNARY_TYPE[kind]}`, at)
  if (kind === 'not') {
    return fold(
      (env) => {
        const value = run(env)
        if (typeof value === 'boolean') return !value
        return value instanceof Fault ? value : wrong
      },
      [of],
    )
  }
  if (kind === 'isEmpty') {
    return fold(
      (env) => {
        const value = run(env)
        if (value instanceof CedarSet) return value.isEmpty
        return value instanceof Fault ? value : wrong
      },
      [of],
    )
  }
  const overflow = new Fault('overflow', 'the negation does not fit into 64 bits', at)
  return fold(
    (env) => {
      const value = run(env)
      if (typeof value === 'number' || typeof value === 'bigint') return subtract(0, value) ?? overflow
      return value instanceof Fault ? value : wrong
    },
    [of],
  )
}

const UNARY_TYPE = { not: 'Bool after `!`', negate: 'Long after `-`', isEmpty: 'Set before `.isEmpty()`' }

function chain(expr: Expr & { kind: 'and' | 'or' }): Compiled {
  const { kind, at } = expr
  const terms = expr.terms.map(compile)
  const runs = terms.map((term) => term.run)
  const wrong = new Fault('type', `expected Bool on both sides of \`${kind === 'and' ? '&&' : '||'}\``, at)
  const goesOn = kind === 'and'
  const [first, second] = runs as [Run, Run]
  const firstConstant = terms[0]?.constant
  if (firstConstant === !goesOn || firstConstant instanceof Fault) return constant(firstConstant)
  if (runs.length === 2) {
    return fold((env) => {
      const left = first(env)
      if (left !== goesOn) return typeof left === 'boolean' || left instanceof Fault ? left : wrong
      const right = second(env)
      return typeof right === 'boolean' || right instanceof Fault ? right : wrong
    }, terms)
  }
  return fold((env) => {
    for (const run of runs) {
      const value = run(env)
      if (value !== goesOn) return typeof value === 'boolean' || value instanceof Fault ? value : wrong
    }
    return goesOn
  }, terms)
}

function choice(test: Compiled, yes: Compiled, no: Compiled, at: number): Compiled {
  if (test.constant === true) return yes
  if (test.constant === false) return no
  const wrong = new Fault('type', 'expected Bool after `if`', at)
  return dynamic((env) => {
    const value = test.run(env)
    if (value === true) return yes.run(env)
    if (value === false) return no.run(env)
    return value instanceof Fault ? value : wrong
  })
}

function attribute(of: Compiled, name: string, at: number): Compiled {
  const { run } = of
  const missing = new Fault('attribute', `the attribute \`${name}\` is absent`, at)
  const unknown = new Fault('entity', `the entity whose \`${name}\` is asked for does not exist`, at)
  const wrong = new Fault('type', `expected an entity or a record before \`.${name}\``, at)
  const get: Run = (env) => {
    const value = run(env)
    if (value instanceof EntityUid) {
      const entity = entityOf(env, value)
      return entity === undefined ? unknown : (entity.attributes.get(name) ?? missing)
    }
    if (value instanceof CedarRecord) return value.get(name) ?? missing
    return value instanceof Fault ? value : wrong
  }
  return fold(get, [of])
}

/** The commonest expression, without a look-up and without a test of types. */
function attributeOfVariable(variable: Variable, name: string, at: number): Compiled {
  if (variable === 'action') return attribute(dynamic(VARIABLES.action), name, at)
  const missing = new Fault('attribute', `the attribute \`${name}\` is absent`, at)
  if (variable === 'context') return dynamic((env) => env.context.get(name) ?? missing)
  const unknown = new Fault('entity', `the entity whose \`${name}\` is asked for does not exist`, at)
  const ofEntity = (entity: Entity | undefined): Outcome =>
    entity === undefined ? unknown : (entity.attributes.get(name) ?? missing)
  return dynamic(
    variable === 'principal' ? (env) => ofEntity(env.principalEntity) : (env) => ofEntity(env.resourceEntity),
  )
}

function has(of: Compiled, path: readonly string[], at: number): Compiled {
  const wrong = new Fault('type', `expected an entity or a record before \`has\``, at)
  const step = (env: Env, value: Outcome, name: string): Outcome | undefined => {
    if (value instanceof EntityUid) return entityOf(env, value)?.attributes.get(name)
    if (value instanceof CedarRecord) return value.get(name)
    return value instanceof Fault ? value : wrong
  }
  const { run } = of
  const [name, ...more] = path as readonly [string, ...string[]]
  if (more.length === 0) {
    return fold(
      (env) => {
        const found = step(env, run(env), name)
        return found instanceof Fault ? found : found !== undefined
      },
      [of],
    )
  }
  return dynamic((env) => {
    let value = step(env, run(env), name)
    for (const next of more) {
      if (value === undefined) return false
      value = step(env, value, next)
    }
    return value instanceof Fault ? value : value !== undefined
  })
}

function like(of: Compiled, pattern: readonly string[], at: number): Compiled {
  const wrong = new Fault('type', 'expected String before `like`', at)
  return fold(
    (env) => {
      const value = of.run(env)
      if (typeof value === 'string') return matches(value, pattern)
      return value instanceof Fault ? value : wrong
    },
    [of],
  )
}

/** Greedy from the left is enough: what stands between two wildcards may as well match as early as it can. */
export function matches(text: string, pattern: readonly string[]): boolean {
  const first = pattern[0] as string
  if (pattern.length === 1) return text === first
  const last = pattern[pattern.length - 1] as string
  if (!text.startsWith(first)) return false
  let at = first.length
  for (let index = 1; index < pattern.length - 1; index++) {
    const piece = pattern[index] as string
    const found = text.indexOf(piece, at)
    if (found < 0) return false
    at = found + piece.length
  }
  return text.length - last.length >= at && text.endsWith(last)
}

function is(expr: Expr & { kind: 'is' }): Compiled {
  const of = compile(expr.of)
  const { type, at } = expr
  const wrong = new Fault('type', 'expected an entity before `is`', at)
  const test: Run = (env) => {
    const value = of.run(env)
    if (value instanceof EntityUid) return value.type === type
    return value instanceof Fault ? value : wrong
  }
  if (expr.within === undefined) return dynamic(test)
  const within = binary('in', of, compile(expr.within), at)
  return dynamic((env) => {
    const isType = test(env)
    return isType === true ? within(env) : isType
  })
}

function set(elements: readonly Compiled[]): Compiled {
  const runs = elements.map((element) => element.run)
  const make: Run = (env) => {
    const values: Value[] = []
    for (const run of runs) {
      const value = run(env)
      if (value instanceof Fault) return value
      values.push(value)
    }
    return new CedarSet(values)
  }
  return elements.every((element) => element.constant !== undefined) ? constant(make(NO_ENV)) : dynamic(make)
}

function record(expr: Expr & { kind: 'record' }): Compiled {
  const fields = expr.fields.map(({ name, value }) => ({ name, value: compile(value) }))
  const make: Run = (env) => {
    const made = new Map<string, Outcome>()
    for (const { name, value } of fields) {
      const outcome = value.run(env)
      if (outcome instanceof Fault) return outcome
      made.set(name, outcome)
    }
    return new CedarRecord(made)
  }
  return fields.every(({ value }) => value.constant !== undefined) ? constant(make(NO_ENV)) : dynamic(make)
}

function call(expr: Expr & { kind: 'call' }): Compiled {
  const { at } = expr
  const found = FUNCTIONS.get(expr.function)
  const parameters = found?.parameters ?? []
  if (found === undefined || parameters.length !== expr.arguments.length) {
    const message = `\`${expr.function}\` takes ${parameters.length} argument(s), not ${expr.arguments.length}`
    return constant(new Fault('arity', message, at))
  }
  const given = expr.arguments.map(compile)
  const runs = given.map((argument) => argument.run)
  const types = parameters.join(' and ')
  const wrong = new Fault('type', `expected ${types} for \`${expr.function}\``, at)
  const failure = new Fault('extension', found.failure, at)
  const [first, second] = runs as [Run, Run | undefined]
  const [fitsFirst, fitsSecond] = parameters.map((type) => TYPE_TESTS[type]) as [TypeTest, TypeTest]
  if (second === undefined) {
    return fold((env) => {
      const value = first(env)
      if (value instanceof Fault) return value
      return fitsFirst(value) ? (found.run(value as never, undefined as never) ?? failure) : wrong
    }, given)
  }
  return fold((env) => {
    const left = first(env)
    if (left instanceof Fault) return left
    const right = second(env)
    if (right instanceof Fault) return right
    if (!fitsFirst(left) || !fitsSecond(right)) return wrong
    return found.run(left as never, right as never) ?? failure
  }, given)
}

type TypeTest = (value: Value) => boolean

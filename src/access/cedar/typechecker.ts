import type { Expr } from './ast.ts'
import { attributeCapability, bothOf, type Capabilities, eitherOf, NO_CAPABILITIES } from './capabilities.ts'
import { FUNCTIONS } from './extensions/functions.ts'
import type { Schema } from './schema.ts'
import { typeOfBinary, typeOfIn } from './typechecker-operators.ts'
import {
  type AttributeType,
  BOOL,
  describeType,
  FALSE,
  join,
  LONG,
  NEVER,
  STRING,
  TRUE,
  type Type,
  type ValidationMode,
} from './types.ts'
import { EntityUid } from './value.ts'
import {
  type Answer,
  type Checker,
  EXPECT_BOOL,
  EXPECT_ENTITY,
  EXPECT_LONG,
  EXPECT_SET,
  EXPECT_STRING,
  type Expectation,
  type Report,
  type RequestType,
  type ValidationKind,
} from './validation.ts'
import { isActionType } from './value-json.ts'

const EXPECT_RECORD: Expectation = [
  'an entity or a record',
  (type) => type.kind === 'entity' || type.kind === 'record',
]

/**
 * Finds the type of expressions for one type of request. As in the reference, a fault does not stop it: what
 * follows is judged with the types that are known, so that all faults are found.
 */
export class Typechecker implements Checker {
  readonly schema: Schema
  readonly mode: ValidationMode
  readonly request: RequestType
  readonly report: Report

  constructor(schema: Schema, mode: ValidationMode, request: RequestType, report: Report) {
    this.schema = schema
    this.mode = mode
    this.request = request
    this.report = report
  }

  typeOf(expr: Expr, prior: Capabilities): Answer {
    switch (expr.kind) {
      case 'literal':
        return this.#literal(expr)
      case 'variable':
        return sound(this.#variable(expr.name))
      case 'slot':
        return sound(this.#variable(expr.name === '?principal' ? 'principal' : 'resource'))
      case 'not': {
        const { type, isSound } = this.expect(expr.of, prior, EXPECT_BOOL)
        const negated = type?.kind === 'true' ? FALSE : type?.kind === 'false' ? TRUE : BOOL
        return { type: negated, capabilities: NO_CAPABILITIES, isSound: isSound && type !== undefined }
      }
      case 'negate':
        return withType(this.expect(expr.of, prior, EXPECT_LONG), LONG)
      case 'isEmpty':
        return withType(this.expect(expr.of, prior, EXPECT_SET), BOOL)
      case 'and':
        return this.#and(expr.terms, prior)
      case 'or':
        return this.#or(expr.terms, prior)
      case 'binary':
        return typeOfBinary(this, expr, prior)
      case 'if':
        return this.#if(expr, prior)
      case 'attribute':
        return this.#attribute(expr, prior)
      case 'has':
        return this.#has(expr, prior)
      case 'like':
        return withType(this.expect(expr.of, prior, EXPECT_STRING), BOOL)
      case 'is':
        return this.#is(expr, prior)
      case 'set':
        return this.#set(expr, prior)
      case 'record':
        return this.#record(expr, prior)
      case 'call':
        return this.#call(expr, prior)
      default:
        return expr satisfies never
    }
  }

  /** The type of an operand, which must be of a certain kind. */
  expect(expr: Expr, prior: Capabilities, [name, fits]: Expectation): Answer {
    const answer = this.typeOf(expr, prior)
    const { type } = answer
    if (type === undefined) return { ...answer, isSound: false }
    if (type.kind === 'never' || fits(type)) return answer
    this.report('wrong-type', `expected ${name}, found ${describeType(type)}`, expr.at)
    return UNKNOWN
  }

  /** What the schema says of an attribute; undefined where it has none, or where several types differ on it. */
  attributeOf(type: Type, name: string): AttributeType | undefined {
    if (type.kind === 'record') return type.attributes.get(name)
    if (type.kind !== 'entity') return undefined
    const [first, ...more] = type.names.map((entity) =>
      this.schema.entities.get(entity)?.attributes.attributes.get(name),
    )
    return more.reduce((left, right) => {
      const joined =
        left === undefined || right === undefined ? undefined : join(left.type, right.type, 'permissive')
      return joined && { type: joined, isRequired: left?.isRequired === true && right?.isRequired === true }
    }, first)
  }

  #literal(expr: Expr & { kind: 'literal' }): Answer {
    const { value } = expr
    if (typeof value === 'boolean') return sound(value ? TRUE : FALSE)
    if (typeof value === 'string') return sound(STRING)
    if (!(value instanceof EntityUid)) return sound(LONG)
    const isKnown = isActionType(value.type)
      ? this.schema.actions.has(value.key)
      : this.schema.entities.has(value.type)
    return isKnown ? sound(entityType(value.type)) : UNKNOWN
  }

  #variable(name: 'principal' | 'action' | 'resource' | 'context'): Type {
    const { principal, action, resource } = this.request
    if (name === 'context') return action.context
    return entityType(name === 'principal' ? principal : name === 'resource' ? resource : action.uid.type)
  }

  #and(terms: readonly Expr[], prior: Capabilities): Answer {
    const [first, ...more] = terms as readonly [Expr, ...Expr[]]
    return more.reduce(
      (left, term) => {
        if (left.type?.kind === 'false') return { ...left, capabilities: NO_CAPABILITIES }
        const known = left.isSound ? left.capabilities : NO_CAPABILITIES
        const right = this.expect(term, bothOf(prior, known), EXPECT_BOOL)
        const isSound = left.isSound && right.isSound
        if (left.type === undefined || right.type === undefined) return { ...UNKNOWN, type: BOOL }
        if (right.type.kind === 'false') return { type: FALSE, capabilities: NO_CAPABILITIES, isSound }
        const type = right.type.kind === 'true' ? left.type : left.type.kind === 'true' ? right.type : BOOL
        return { type, capabilities: bothOf(known, right.capabilities), isSound }
      },
      this.expect(first, prior, EXPECT_BOOL),
    )
  }

  #or(terms: readonly Expr[], prior: Capabilities): Answer {
    const [first, ...more] = terms as readonly [Expr, ...Expr[]]
    return more.reduce(
      (left, term) => {
        if (left.type?.kind === 'true') return left
        const right = this.expect(term, prior, EXPECT_BOOL)
        const isSound = left.isSound && right.isSound
        const { type: a } = left
        const { type: b } = right
        if (a === undefined || b === undefined) return { ...UNKNOWN, type: BOOL }
        if (b.kind === 'true') return { type: TRUE, capabilities: right.capabilities, isSound }
        if (b.kind === 'false') return { type: a, capabilities: left.capabilities, isSound }
        if (a.kind === 'false') return { type: b, capabilities: right.capabilities, isSound }
        return { type: BOOL, capabilities: eitherOf(left.capabilities, right.capabilities), isSound }
      },
      this.expect(first, prior, EXPECT_BOOL),
    )
  }

  #if(expr: Expr & { kind: 'if' }, prior: Capabilities): Answer {
    const test = this.expect(expr.test, prior, EXPECT_BOOL)
    const known = test.isSound ? test.capabilities : NO_CAPABILITIES
    if (test.type?.kind === 'false') return both(test, this.typeOf(expr.no, prior))
    const yes = this.typeOf(expr.yes, bothOf(prior, known))
    const whenTrue = bothOf(yes.capabilities, known)
    if (test.type?.kind === 'true') return both(test, { ...yes, capabilities: whenTrue })
    const no = this.typeOf(expr.no, prior)
    const type = this.joinAll([yes.type, no.type], 'the branches of `if`', expr.at)
    const isSound = test.isSound && yes.isSound && no.isSound && type !== undefined
    return { type, capabilities: eitherOf(no.capabilities, whenTrue), isSound }
  }

  /** The least type of all; a fault where there is none. */
  joinAll(types: readonly (Type | undefined)[], what: string, at: number): Type | undefined {
    let joined: Type = NEVER
    const known = types.flatMap((type) => (type === undefined ? [] : [type]))
    if (known.length < types.length) return undefined
    for (const type of known) {
      const next = join(joined, type, this.mode)
      if (next === undefined) {
        const names = [...new Set(known.map(describeType))].join(' and ')
        this.report('incompatible-types', `the types of ${what} do not go together: ${names}`, at)
        return undefined
      }
      joined = next
    }
    return joined
  }

  #attribute(expr: Expr & { kind: 'attribute' }, prior: Capabilities): Answer {
    const { of, name, at } = expr
    const { type, isSound } = this.expect(of, prior, EXPECT_RECORD)
    if (type === undefined) return UNKNOWN
    const attribute = this.attributeOf(type, name)
    if (attribute === undefined) {
      this.report('no-attribute', `${describeType(type)} has no attribute \`${name}\``, at)
      return UNKNOWN
    }
    const isThere = attribute.isRequired || prior.has(attributeCapability(of, name))
    if (!isThere) {
      const message = `the attribute \`${name}\` of ${describeType(type)} is optional; ask \`has ${name}\` first`
      this.report('optional-attribute', message, at)
    }
    return { type: attribute.type, capabilities: NO_CAPABILITIES, isSound: isSound && isThere }
  }

  /** `has a.b` is `has a && (it.a has b)`. */
  #has(expr: Expr & { kind: 'has' }, prior: Capabilities): Answer {
    const [name, ...more] = expr.path
    const { type, isSound } = this.expect(expr.of, prior, EXPECT_RECORD)
    if (type === undefined || name === undefined) return { ...UNKNOWN, type: BOOL }
    const attribute = this.attributeOf(type, name)
    const capability = attributeCapability(expr.of, name)
    const known = attribute === undefined ? NO_CAPABILITIES : new Set([capability])
    const isThere = attribute?.isRequired === true && type.kind === 'record'
    const possible = this.#mayHave(type, name) ? BOOL : FALSE
    const first: Answer = {
      type: attribute === undefined ? possible : isThere || prior.has(capability) ? TRUE : BOOL,
      capabilities: known,
      isSound,
    }
    if (more.length === 0 || first.type?.kind === 'false') return first
    const { at } = expr
    const rest: Expr = { kind: 'has', at, of: { kind: 'attribute', at, of: expr.of, name }, path: more }
    const last = this.expect(rest, bothOf(prior, known), EXPECT_BOOL)
    if (last.type?.kind === 'false')
      return { type: FALSE, capabilities: NO_CAPABILITIES, isSound: isSound && last.isSound }
    return {
      type: last.type?.kind === 'true' ? first.type : first.type?.kind === 'true' ? last.type : BOOL,
      capabilities: bothOf(known, last.capabilities),
      isSound: isSound && last.isSound,
    }
  }

  #mayHave(type: Type, name: string): boolean {
    if (type.kind === 'record') return type.isOpen === true
    if (type.kind !== 'entity') return true
    return type.names.some((entity) => this.schema.entities.get(entity)?.attributes.attributes.has(name))
  }

  #is(expr: Expr & { kind: 'is' }, prior: Capabilities): Answer {
    const of = this.expect(expr.of, prior, EXPECT_ENTITY)
    if (of.type?.kind !== 'entity') return { ...UNKNOWN, type: BOOL }
    const { names } = of.type
    const type = !names.includes(expr.type) ? FALSE : names.length === 1 ? TRUE : BOOL
    const answer: Answer = { type, capabilities: NO_CAPABILITIES, isSound: of.isSound }
    if (expr.within === undefined || type === FALSE) return answer
    const within = typeOfIn(this, expr.of, expr.within, prior)
    const result = type === TRUE || within.type?.kind === 'false' ? within.type : BOOL
    return { type: result, capabilities: NO_CAPABILITIES, isSound: of.isSound && within.isSound }
  }

  #set(expr: Expr & { kind: 'set' }, prior: Capabilities): Answer {
    const elements = expr.elements.map((element) => this.typeOf(element, prior))
    if (this.mode === 'strict' && elements.length === 0) {
      this.report('empty-set', 'an empty set has no type; strict validation forbids it', expr.at)
      return UNKNOWN
    }
    const types = elements.map((element) => element.type)
    const element = this.joinAll(types, 'the elements of this set', expr.at)
    if (element === undefined) return UNKNOWN
    const isSound = elements.every((answer) => answer.isSound)
    return { type: { kind: 'set', element }, capabilities: NO_CAPABILITIES, isSound }
  }

  #record(expr: Expr & { kind: 'record' }, prior: Capabilities): Answer {
    const attributes = new Map<string, AttributeType>()
    let isSound = true
    for (const { name, value } of expr.fields) {
      const answer = this.typeOf(value, prior)
      isSound &&= answer.isSound
      if (answer.type !== undefined) attributes.set(name, { type: answer.type, isRequired: true })
    }
    if (attributes.size < expr.fields.length) return UNKNOWN
    return { type: { kind: 'record', attributes }, capabilities: NO_CAPABILITIES, isSound }
  }

  #call(expr: Expr & { kind: 'call' }, prior: Capabilities): Answer {
    const found = FUNCTIONS.get(expr.function)
    if (found === undefined) return UNKNOWN
    const { parameters, style } = found
    const type = argumentType(found.result)
    const [first] = expr.arguments
    let isSound = true
    const refuse = (kind: ValidationKind, message: string): void => {
      this.report(kind, message, expr.at)
      isSound = false
    }
    if (expr.arguments.length !== parameters.length) {
      const counts = `${parameters.length} argument(s), not ${expr.arguments.length}`
      refuse('argument-count', `\`${expr.function}\` takes ${counts}`)
    }
    if (style === 'function') {
      const text = isSound && first?.kind === 'literal' ? first.value : undefined
      if (typeof text === 'string' && found.run(text as never, undefined as never) === undefined)
        refuse('unreadable-argument', `\`${expr.function}\` cannot read ${JSON.stringify(text)}`)
      if (this.mode === 'strict' && expr.arguments.some((argument) => argument.kind !== 'literal'))
        refuse('constructor-argument', `\`${expr.function}\` takes only a literal in strict validation`)
    }
    if (!isSound) {
      for (const argument of expr.arguments) this.typeOf(argument, prior)
      return { type, capabilities: NO_CAPABILITIES, isSound }
    }
    for (const [at, argument] of expr.arguments.entries()) {
      const wanted = parameters[at] as (typeof parameters)[number]
      const answer = this.expect(argument, prior, [wanted, (actual) => isArgument(actual, wanted)])
      isSound &&= answer.isSound
    }
    return { type, capabilities: NO_CAPABILITIES, isSound }
  }
}

const UNKNOWN: Answer = { type: undefined, capabilities: NO_CAPABILITIES, isSound: false }

function sound(type: Type): Answer {
  return { type, capabilities: NO_CAPABILITIES, isSound: true }
}

function withType({ isSound }: Answer, type: Type): Answer {
  return { type, capabilities: NO_CAPABILITIES, isSound }
}

function both(test: Answer, branch: Answer): Answer {
  return { ...branch, isSound: test.isSound && branch.isSound }
}

/** The type of an entity of one type. */
export function entityType(name: string): Type {
  return { kind: 'entity', names: [name] }
}

function argumentType(name: string): Type {
  if (name === 'Bool') return BOOL
  if (name === 'Long') return LONG
  return name === 'String' ? STRING : { kind: 'extension', name: name as 'decimal' }
}

function isArgument(type: Type, wanted: string): boolean {
  const { kind } = argumentType(wanted)
  return type.kind === kind && (type.kind !== 'extension' || type.name === wanted)
}

import { RingwallError } from '../core/errors.ts'
import type { BinaryOperator, Expr } from './cedar/ast.ts'
import type { ExtensionTypeName } from './cedar/extensions/functions.ts'
import { longOf } from './cedar/long.ts'
import type { Schema } from './cedar/schema.ts'
import { BOOL, LONG, type RecordType, STRING, type Type } from './cedar/types.ts'
import { EntityUid } from './cedar/value.ts'

/** Where a term keeps what it stands for. */
export const MEANING: unique symbol = Symbol('meaning')

/** An expression and its type. */
export interface Meaning {
  readonly expr: Expr
  readonly type: Type
}

/** Anything that stands for an expression, as the code sees it. */
export type UntypedTerm = { readonly [MEANING]: Meaning } & Readonly<Record<string, unknown>>

/** Makes terms for expressions of a schema's types. Each has the methods of its type, and its attributes. */
export class Terms {
  readonly #schema: Schema

  constructor(schema: Schema) {
    this.#schema = schema
  }

  of(expr: Expr, type: Type): UntypedTerm {
    const term: Record<string | symbol, unknown> = { [MEANING]: { expr, type }, ...this.#methods(expr, type) }
    for (const [name, attribute] of this.#attributes(type))
      if (!Object.hasOwn(term, name))
        Object.defineProperty(term, name, {
          enumerable: true,
          get: () => this.of({ kind: 'attribute', at: -1, of: expr, name }, attribute),
        })
    return term as UntypedTerm
  }

  #methods(expr: Expr, type: Type): Record<string, unknown> {
    const compare = (operator: BinaryOperator, of: Type) => (other: unknown) =>
      this.#bool(binary(operator, expr, exprOf(other, of)))
    const equality = { eq: compare('==', type), ne: compare('!=', type) }
    const order = {
      lt: compare('<', type),
      le: compare('<=', type),
      gt: compare('>', type),
      ge: compare('>=', type),
    }
    switch (type.kind) {
      case 'Bool':
        return { ...equality, ...this.#boolMethods(expr) }
      case 'Long': {
        const compute = (operator: BinaryOperator) => (other: unknown) =>
          this.of(binary(operator, expr, exprOf(other, LONG)), LONG)
        const negate = (): UntypedTerm => this.of({ kind: 'negate', at: -1, of: expr }, LONG)
        return { ...equality, ...order, plus: compute('+'), minus: compute('-'), times: compute('*'), negate }
      }
      case 'String':
        return {
          ...equality,
          like: (pattern: string) =>
            this.#bool({ kind: 'like', at: -1, of: expr, pattern: piecesOf(pattern) }),
        }
      case 'set':
        return {
          ...equality,
          contains: compare('contains', type.element),
          containsAll: compare('containsAll', type),
          containsAny: compare('containsAny', type),
          isEmpty: () => this.#bool({ kind: 'isEmpty', at: -1, of: expr }),
        }
      case 'entity':
        return { ...equality, ...this.#recordMethods(expr, type), ...this.#entityMethods(expr, type) }
      case 'record':
        return { ...equality, ...this.#recordMethods(expr, type) }
      case 'extension':
        return {
          ...equality,
          ...(type.name === 'decimal' ? {} : order),
          ...this.#extensionMethods(expr, type.name),
        }
      case 'true':
      case 'false':
      case 'never':
        return {}
      default:
        return type satisfies never
    }
  }

  #bool(expr: Expr): UntypedTerm {
    return this.of(expr, BOOL)
  }

  #boolMethods(expr: Expr): Record<string, unknown> {
    const chain =
      (kind: 'and' | 'or') =>
      (...others: unknown[]) => {
        const terms = [expr, ...others.map((other) => exprOf(other, BOOL))]
        return terms.length === 1 ? this.#bool(expr) : this.#bool({ kind, at: -1, terms })
      }
    return {
      and: chain('and'),
      or: chain('or'),
      not: () => this.#bool({ kind: 'not', at: -1, of: expr }),
      ifElse: (yes: UntypedTerm, no: UntypedTerm) => {
        const { type } = yes[MEANING]
        return this.of({ kind: 'if', at: -1, test: expr, yes: yes[MEANING].expr, no: exprOf(no, type) }, type)
      },
    }
  }

  #recordMethods(expr: Expr, type: Type): Record<string, unknown> {
    return {
      has: (...path: string[]) => this.#bool({ kind: 'has', at: -1, of: expr, path }),
      attribute: (name: string) => {
        const attribute = this.#attributes(type).get(name)
        if (attribute === undefined)
          throw new RingwallError('access.attribute-unknown', `the schema has no attribute \`${name}\` there`)
        return this.of({ kind: 'attribute', at: -1, of: expr, name }, attribute)
      },
    }
  }

  #entityMethods(expr: Expr, type: Type & { kind: 'entity' }): Record<string, unknown> {
    const tagType = this.#schema.entities.get(type.names[0] as string)?.tags ?? STRING
    const key = (name: unknown): Expr => exprOf(name, STRING)
    return {
      in: (target: unknown) => this.#bool(binary('in', expr, exprOf(target, { kind: 'entity', names: [] }))),
      is: (name: string) => this.#bool({ kind: 'is', at: -1, of: expr, type: name, within: undefined }),
      hasTag: (name: unknown) => this.#bool(binary('hasTag', expr, key(name))),
      tag: (name: unknown) => this.of(binary('getTag', expr, key(name)), tagType),
    }
  }

  #extensionMethods(expr: Expr, name: ExtensionTypeName): Record<string, unknown> {
    const call = (method: string, result: Type, parameter?: Type) => (other?: unknown) => {
      const more = parameter === undefined ? [] : [exprOf(other, parameter)]
      return this.of({ kind: 'call', at: -1, function: method, arguments: [expr, ...more] }, result)
    }
    const [datetime, duration] = (['datetime', 'duration'] as const).map(extension) as [Type, Type]
    switch (name) {
      case 'decimal': {
        const decimal = extension('decimal')
        return {
          lt: call('lessThan', BOOL, decimal),
          le: call('lessThanOrEqual', BOOL, decimal),
          gt: call('greaterThan', BOOL, decimal),
          ge: call('greaterThanOrEqual', BOOL, decimal),
        }
      }
      case 'ipaddr':
        return {
          isIpv4: call('isIpv4', BOOL),
          isIpv6: call('isIpv6', BOOL),
          isLoopback: call('isLoopback', BOOL),
          isMulticast: call('isMulticast', BOOL),
          isInRange: call('isInRange', BOOL, extension('ipaddr')),
        }
      case 'datetime':
        return {
          offset: call('offset', datetime, duration),
          durationSince: call('durationSince', duration, datetime),
          toDate: call('toDate', datetime),
          toTime: call('toTime', duration),
        }
      case 'duration':
        return Object.fromEntries(
          ['toMilliseconds', 'toSeconds', 'toMinutes', 'toHours', 'toDays'].map((unit) => [
            unit,
            call(unit, LONG),
          ]),
        )
      default:
        return name satisfies never
    }
  }

  /** Those that every type of the term has. */
  #attributes(type: Type): ReadonlyMap<string, Type> {
    if (type.kind === 'record') return typesOf(type)
    if (type.kind !== 'entity') return new Map()
    const [first = new Map<string, Type>(), ...more] = type.names.map((name) => {
      const declared = this.#schema.entities.get(name)?.attributes
      return declared === undefined ? new Map<string, Type>() : typesOf(declared)
    })
    return new Map([...first].filter(([name]) => more.every((other) => other.has(name))))
  }
}

function typesOf({ attributes }: RecordType): ReadonlyMap<string, Type> {
  return new Map([...attributes].map(([name, { type }]) => [name, type]))
}

function extension(name: ExtensionTypeName): Type {
  return { kind: 'extension', name }
}

function binary(operator: BinaryOperator, left: Expr, right: Expr): Expr {
  return { kind: 'binary', at: -1, operator, left, right }
}

function literal(value: boolean | number | bigint | string | EntityUid): Expr {
  return { kind: 'literal', at: -1, value }
}

/** An expression for a term, or for a value of JavaScript where one of this type is expected. */
export function exprOf(value: unknown, type: Type): Expr {
  if (isTerm(value)) return value[MEANING].expr
  const made = constantOf(value, type)
  if (made === undefined)
    throw new RingwallError(
      'access.value-unusable',
      `expected a term or a constant of type ${type.kind === 'extension' ? type.name : type.kind}`,
    )
  return made
}

function constantOf(value: unknown, type: Type): Expr | undefined {
  if (Array.isArray(value) || value instanceof Set) {
    const element = type.kind === 'set' ? type.element : type
    const elements = [...(value as Iterable<unknown>)].map((item) => exprOf(item, element))
    return { kind: 'set', at: -1, elements }
  }
  switch (type.kind) {
    case 'Bool':
      return typeof value === 'boolean' ? literal(value) : undefined
    case 'Long': {
      const isWhole = typeof value === 'bigint' || (typeof value === 'number' && Number.isSafeInteger(value))
      const long = isWhole ? longOf(BigInt(value)) : undefined
      return long === undefined ? undefined : literal(long)
    }
    case 'String':
      return typeof value === 'string' ? literal(value) : undefined
    case 'entity':
      if (typeof value === 'string')
        return (type.names[0] && literal(new EntityUid(type.names[0], value))) || undefined
      return isReference(value) ? literal(new EntityUid(value.type, value.id)) : undefined
    case 'extension': {
      const text = value instanceof Date && type.name === 'datetime' ? value.toISOString() : value
      const name = type.name === 'ipaddr' ? 'ip' : type.name
      return typeof text === 'string'
        ? { kind: 'call', at: -1, function: name, arguments: [literal(text)] }
        : undefined
    }
    case 'set':
    case 'record':
    case 'never':
    case 'true':
    case 'false':
      return undefined
    default:
      return type satisfies never
  }
}

/** Whether this was made by `Terms`. */
export function isTerm(value: unknown): value is UntypedTerm {
  return typeof value === 'object' && value !== null && MEANING in value
}

function isReference(value: unknown): value is { readonly type: string; readonly id: string } {
  if (typeof value !== 'object' || value === null || !('type' in value) || !('id' in value)) return false
  return typeof value.type === 'string' && typeof value.id === 'string'
}

/** `*` stands for anything; `\*` is a star. */
function piecesOf(pattern: string): readonly string[] {
  const pieces = ['']
  for (let at = 0; at < pattern.length; at++) {
    if (pattern[at] === '*') pieces.push('')
    else {
      if (pattern[at] === '\\' && pattern[at + 1] === '*') at++
      pieces.push(`${pieces.pop()}${pattern[at]}`)
    }
  }
  return pieces
}

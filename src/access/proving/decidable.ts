import type { Expr, Policy } from '../cedar/ast.ts'
import { partsOf } from '../cedar/expression.ts'
import { expressionToText } from '../cedar/policy-text.ts'
import type { Schema } from '../cedar/schema.ts'
import type { RecordType, Type } from '../cedar/types.ts'
import type { RequestType } from '../cedar/validation.ts'
import { CedarSet, EntityUid } from '../cedar/value.ts'
import { constantOf } from '../explain/evaluation.ts'
import { attributesOf, typeOfPath } from './path-type.ts'
import { atomsOf } from './variant.ts'

/**
 * Whether a search that was exhausted proves that there is nothing to find: every condition compares one attribute
 * with constants, so that the candidates stand for all values. Beyond that - arithmetic, two attributes compared
 * with each other, attributes of other entities, address ranges, several patterns - it is evidence, not proof.
 * What is proved holds for requests that fit the schema and whose entities exist.
 */
export function isDecidable(policies: readonly Policy[], type: RequestType, schema: Schema): boolean {
  const reader = new Reader(type, schema)
  return (
    policies.every((policy) => atomsOf(policy).every(({ expr }) => reader.isSimple(expr))) && reader.isPlain
  )
}

/** Ways to look at an attribute that cannot be told apart from each other by single values. */
type View = 'itself' | 'time of day' | 'pattern'

class Reader {
  readonly #request: RequestType
  readonly #schema: Schema
  readonly #views = new Map<string, Set<View>>()
  readonly #patterns = new Map<string, Set<string>>()
  /** Attributes that are compared with each other, by their texts, and the names of those compared with constants. */
  readonly #paired = new Map<string, string>()
  readonly #compared = new Set<string>()
  readonly #members = new Set<string>()

  constructor(request: RequestType, schema: Schema) {
    this.#request = request
    this.#schema = schema
  }

  /** No attribute is looked at in two ways, or with two patterns; of two that are compared, neither is otherwise. */
  get isPlain(): boolean {
    return (
      this.#paired.size <= 2 &&
      this.#members.size <= 1 &&
      [...this.#paired.values()].every((name) => !this.#compared.has(name)) &&
      [...this.#views.values()].every((views) => views.size === 1) &&
      [...this.#patterns.values()].every((patterns) => patterns.size === 1)
    )
  }

  isSimple(expr: Expr): boolean {
    switch (expr.kind) {
      case 'attribute':
        return this.#isPath(expr, 'itself')
      case 'has':
        return this.#recordOf(expr.of) !== undefined && expr.path.length === 1
      case 'like':
        this.#patterns.getOrInsertComputed(nameOf(expr.of), () => new Set()).add(JSON.stringify(expr.pattern))
        return this.#isPath(expr.of, 'pattern')
      case 'is':
        return expr.within === undefined
          ? this.#isEntity(expr.of)
          : this.#isMember(expr.of) && isConstant(expr.within)
      case 'isEmpty':
        return this.#isPath(expr.of, 'itself')
      case 'call':
        return DECIMAL_TESTS.has(expr.function) && this.#comparesWithConstant(expr.arguments)
      case 'binary':
        return this.#isSimpleBinary(expr)
      case 'literal':
      case 'variable':
      case 'slot':
      case 'not':
      case 'negate':
      case 'and':
      case 'or':
      case 'if':
      case 'set':
      case 'record':
        return false
      default:
        return expr satisfies never
    }
  }

  #isSimpleBinary({ operator, left, right }: Expr & { kind: 'binary' }): boolean {
    switch (operator) {
      case '==':
      case '!=':
        return this.#comparesWithConstant([left, right]) || this.#comparesEntities(left, right)
      case '<':
      case '<=':
      case '>':
      case '>=':
        return this.#comparesWithConstant([left, right]) || this.#comparesNumbers(left, right)
      case 'in':
        return this.#isMember(left) && isConstant(right)
      case 'contains':
        if (constantOf(left) instanceof CedarSet)
          return this.#isEntity(right) || this.#isPath(right, 'itself')
        return this.#isPath(left, 'itself') && (isConstant(right) || right.kind === 'variable')
      case 'containsAll':
      case 'containsAny':
        return this.#isPath(left, 'itself') && isConstant(right)
      case 'hasTag':
        return left.kind === 'variable' && typeof constantOf(right) === 'string'
      case 'getTag':
      case '+':
      case '-':
      case '*':
        return false
      default:
        return operator satisfies never
    }
  }

  #comparesWithConstant(sides: readonly Expr[]): boolean {
    const [left, right] = sides as readonly [Expr, Expr]
    const side = isConstant(right) ? left : isConstant(left) ? right : undefined
    if (side === undefined) return false
    for (const name of namesIn(side)) this.#compared.add(name)
    return this.#isEntity(side) || this.#isTimeOfDay(side) || this.#isPath(side, 'itself')
  }

  #comparesEntities(left: Expr, right: Expr): boolean {
    const isVariable = left.kind === 'variable' || right.kind === 'variable'
    return isVariable && this.#isEntity(left) && this.#isEntity(right)
  }

  /** Of attributes whose groups are asked for only one: two could have to be different strangers. */
  #isMember(expr: Expr): boolean {
    if (expr.kind !== 'variable') this.#members.add(expressionToText(expr))
    return this.#isEntity(expr)
  }

  /** Two attributes that have an order: the candidates hold smaller, equal and larger ones. */
  #comparesNumbers(left: Expr, right: Expr): boolean {
    if (!this.#isPath(left, 'itself') || !this.#isPath(right, 'itself')) return false
    for (const side of [left, right]) this.#paired.set(expressionToText(side), nameOf(side))
    return true
  }

  #isTimeOfDay(expr: Expr): boolean {
    if (expr.kind !== 'call') return false
    const [of] = expr.arguments
    if (of === undefined) return false
    if (expr.function === 'toTime') return this.#isPath(of, 'time of day')
    const isUnit = ['toMilliseconds', 'toSeconds', 'toMinutes', 'toHours'].includes(expr.function)
    return isUnit && of.kind === 'call' && of.function === 'toTime' && this.#isTimeOfDay(of)
  }

  /** A principal or resource, or an attribute that is an entity. */
  #isEntity(expr: Expr): boolean {
    if (expr.kind === 'variable') return expr.name !== 'context'
    return this.#typeOf(expr)?.kind === 'entity' && this.#isPath(expr, 'itself')
  }

  #isPath(expr: Expr, view: View): boolean {
    if (this.#isMissing(expr)) return true
    const type = this.#typeOf(expr)
    if (type === undefined || type.kind === 'record') return false
    if (type.kind === 'extension' && type.name === 'ipaddr') return false
    this.#views.getOrInsertComputed(nameOf(expr), () => new Set()).add(view)
    return true
  }

  /** An attribute that the schema does not know: it always fails. */
  #isMissing(expr: Expr): boolean {
    return expr.kind === 'attribute' && this.#recordOf(expr.of)?.attributes.has(expr.name) === false
  }

  #typeOf(expr: Expr): Type | undefined {
    return expr.kind === 'attribute' ? this.#recordOf(expr.of)?.attributes.get(expr.name)?.type : undefined
  }

  /** The attributes of the request's own parts; those of an entity in an attribute are not followed. */
  #recordOf(expr: Expr): RecordType | undefined {
    const type = typeOfPath(expr, this.#request, this.#schema)
    if (type === undefined || (type.kind === 'entity' && expr.kind !== 'variable')) return undefined
    return attributesOf(type, this.#schema)
  }
}

const DECIMAL_TESTS: ReadonlySet<string> = new Set([
  'lessThan',
  'lessThanOrEqual',
  'greaterThan',
  'greaterThanOrEqual',
])

function namesIn(expr: Expr): readonly string[] {
  return expr.kind === 'attribute' ? [expr.name] : partsOf(expr).flatMap(namesIn)
}

function nameOf(expr: Expr): string {
  return expr.kind === 'attribute' ? expr.name : ''
}

/** Constants, entities and sets of entities. */
function isConstant(expr: Expr): boolean {
  if (expr.kind === 'literal' && expr.value instanceof EntityUid) return true
  if (expr.kind === 'set') return expr.elements.every(isConstant)
  return constantOf(expr) !== undefined
}

import type { Expr, Policy } from '../cedar/ast.ts'
import { partsOf } from '../cedar/expression.ts'
import { Fault, type FaultKind } from '../cedar/value.ts'
import { clausesOf } from '../explain/clause.ts'
import { constantOf, evaluate } from '../explain/evaluation.ts'
import type { Explorer } from './exploration.ts'
import { typeOfPath } from './path-type.ts'
import { couldApply, requestTypesOf } from '../cedar/request-types.ts'

/** Where a policy can fail, and why. */
export interface Failure {
  readonly expr: Expr
  readonly why: string
}

const WHY: Readonly<Record<FaultKind, string>> = {
  type: 'can be of another type than is expected',
  attribute: 'can be absent',
  tag: 'can be absent',
  entity: 'can be asked of an entity that does not exist',
  overflow: 'can overflow',
  arity: 'has the wrong number of arguments',
  extension: 'can be a text that cannot be read',
  slot: 'is not linked',
  data: 'can be no Cedar value',
  unknown: 'is not known',
}

/**
 * A part of a policy that can have no value. With an explorer a request is looked for that shows it; without one,
 * every attribute counts that is not asked for with `has` in the same policy.
 */
export function findFailure(policy: Policy, explorer: Explorer | undefined): Failure | undefined {
  const bodies = policy.conditions.map(({ body }) => body)
  const parts = bodies.flatMap((body) => [...allParts(body)])
  const written = parts.find((part) => whyAlways(part) !== undefined)
  if (written !== undefined) return { expr: written, why: whyAlways(written) as string }
  if (explorer === undefined) return unguarded(parts)
  return shown(policy, explorer) ?? dangling(policy, parts, explorer)
}

/** An attribute of an entity that another attribute names, and that need not be there. */
function dangling(policy: Policy, parts: readonly Expr[], { schema }: Explorer): Failure | undefined {
  const types = requestTypesOf(schema).filter((type) => couldApply(policy, type))
  const expr = parts.find(
    (part) =>
      part.kind === 'attribute' &&
      part.of.kind === 'attribute' &&
      types.some((type) => typeOfPath(part.of, type, schema)?.kind === 'entity'),
  )
  return expr && { expr, why: WHY.entity }
}

function* allParts(expr: Expr): Generator<Expr> {
  yield expr
  for (const part of partsOf(expr)) yield* allParts(part)
}

/** What can fail whatever the schema says. */
function whyAlways(expr: Expr): string | undefined {
  if (constantOf(expr) !== undefined) return undefined
  if (expr.kind === 'negate' || (expr.kind === 'binary' && ['+', '-', '*'].includes(expr.operator)))
    return WHY.overflow
  if (expr.kind !== 'call') return undefined
  if (expr.function === 'offset' || expr.function === 'durationSince') return WHY.overflow
  const isReader = ['ip', 'decimal', 'datetime', 'duration'].includes(expr.function)
  return isReader ? WHY.extension : undefined
}

function unguarded(parts: readonly Expr[]): Failure | undefined {
  const guards = new Set(parts.flatMap((part) => (part.kind === 'has' ? part.path : [])))
  const expr = parts.find((part) => part.kind === 'attribute' && !guards.has(part.name))
  return expr && { expr, why: WHY.attribute }
}

function shown(policy: Policy, explorer: Explorer): Failure | undefined {
  const clauses = clausesOf(policy)
  let failure: Failure | undefined
  for (const type of requestTypesOf(explorer.schema)) {
    if (!couldApply(policy, type)) continue
    const { witness } = explorer.find(type, (situation) => {
      for (const { expr, wanted } of clauses) {
        const outcome = evaluate(expr, situation.env)
        if (situation.open !== undefined) return false
        if (outcome instanceof Fault) {
          failure = { expr: at(expr, outcome.at), why: WHY[outcome.kind] }
          return true
        }
        if (outcome !== wanted) return false
      }
      return false
    })
    if (witness !== undefined) return failure
  }
  return undefined
}

/** The smallest part that starts where the fault says. */
function at(expr: Expr, offset: number): Expr {
  const found = [...allParts(expr)].filter(
    (part) => part.at === offset && part.kind !== 'literal' && part.kind !== 'variable',
  )
  return found.at(-1) ?? expr
}

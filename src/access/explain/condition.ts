import type { MaskText } from '../../core/keys.ts'
import type { Expr } from '../cedar/ast.ts'
import { type Env, entityOf } from '../cedar/environment.ts'
import { partsOf } from '../cedar/expression.ts'
import { expressionToText } from '../cedar/policy-text.ts'
import { EntityUid, Fault } from '../cedar/value.ts'
import { constantOf, evaluate } from './evaluation.ts'
import { textOfValue } from './value-text.ts'

/** A value that a condition looked at. */
export interface Seen {
  /** `resource.total`. */
  readonly text: string
  /** As Cedar text and masked; a fault is said in words. */
  readonly value: string
  /** Of an entity that was looked for in a group: the groups that it is in. */
  readonly groups?: readonly string[]
}

/** How many groups of an entity are shown. */
const MAX_GROUPS = 10

/** A condition's text, and what it looked at. */
export function describeCondition(
  expr: Expr,
  env: Env,
  mask: MaskText,
): { readonly text: string; readonly values: readonly Seen[] } {
  const isAboutGroups = expr.kind === 'is' || (expr.kind === 'binary' && expr.operator === 'in')
  const operands = new Map(operandsOf(expr).map((operand) => [expressionToText(operand), operand]))
  const values = [...operands].map(([text, operand]): Seen => {
    const value = evaluate(operand, env)
    if (value instanceof Fault) return { text, value: `(${value.message})` }
    const groups = isAboutGroups && value instanceof EntityUid ? groupsOf(value, env, mask) : []
    return { text, value: mask(textOfValue(value)), ...(groups.length > 0 && { groups }) }
  })
  return { text: expressionToText(expr), values }
}

/** The parts of a condition that the request decides, each as large as it is still a name. */
export function operandsOf(expr: Expr): readonly Expr[] {
  if (expr.kind === 'attribute' || expr.kind === 'variable') return [expr]
  return partsOf(expr).flatMap((part) => (constantOf(part) === undefined ? operandsOf(part) : []))
}

/** Keys are `Type::"id` without the closing quote. */
function groupsOf(uid: EntityUid, env: Env, mask: MaskText): readonly string[] {
  const groups: string[] = []
  for (const key of entityOf(env, uid)?.ancestors ?? []) {
    if (groups.length === MAX_GROUPS) return [...groups, '...']
    groups.push(mask(`${key}"`))
  }
  return groups
}

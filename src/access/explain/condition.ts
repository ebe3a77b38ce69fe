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
  const { text, isAboutGroups, operands } = writtenOf(expr)
  const values = operands.map(([name, operand]): Seen => {
    const value = evaluate(operand, env)
    if (value instanceof Fault) return { text: name, value: `(${mask(value.message)})` }
    const groups = isAboutGroups && value instanceof EntityUid ? groupsOf(value, env, mask) : []
    return { text: name, value: mask(textOfValue(value)), ...(groups.length > 0 && { groups }) }
  })
  return { text, values }
}

/** What of a condition is the same for every request. */
interface Written {
  readonly text: string
  readonly isAboutGroups: boolean
  readonly operands: readonly (readonly [text: string, operand: Expr])[]
}

const WRITTEN = new WeakMap<Expr, Written>()

function writtenOf(expr: Expr): Written {
  const known = WRITTEN.get(expr)
  if (known !== undefined) return known
  const operands = new Map(operandsOf(expr).map((operand) => [expressionToText(operand), operand]))
  const isAboutGroups = expr.kind === 'is' || (expr.kind === 'binary' && expr.operator === 'in')
  const written = { text: expressionToText(expr), isAboutGroups, operands: [...operands] }
  WRITTEN.set(expr, written)
  return written
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

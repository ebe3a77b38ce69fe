import type { Expr } from './ast.ts'
import { Unreadable } from './syntax.ts'

/** How many levels an expression may have, counting each operator of a chain; evaluation recurses this deep. */
export const MAX_LEVELS = 500

/** Refuses slots, which stand only in the head of a policy, and expressions with too many levels. */
export function judgeExpression(expression: Expr, where: string): void {
  const rest: { readonly part: Expr; readonly level: number }[] = [{ part: expression, level: 1 }]
  for (let next = rest.pop(); next !== undefined; next = rest.pop()) {
    const { part, level } = next
    if (part.kind === 'slot')
      throw new Unreadable(`the slot \`${part.name}\` cannot be used in ${where}`, part.at)
    if (level > MAX_LEVELS)
      throw new Unreadable(`this expression has more than ${MAX_LEVELS} levels`, part.at)
    for (const inner of partsOf(part)) rest.push({ part: inner, level: level + 1 })
  }
}

/** The expressions directly inside an expression, left to right. */
export function partsOf(expression: Expr): readonly Expr[] {
  switch (expression.kind) {
    case 'not':
    case 'negate':
    case 'isEmpty':
    case 'attribute':
    case 'has':
    case 'like':
      return [expression.of]
    case 'is':
      return expression.within === undefined ? [expression.of] : [expression.of, expression.within]
    case 'and':
    case 'or':
      return expression.terms
    case 'binary':
      return [expression.left, expression.right]
    case 'if':
      return [expression.test, expression.yes, expression.no]
    case 'set':
      return expression.elements
    case 'record':
      return expression.fields.map((field) => field.value)
    case 'call':
      return expression.arguments
    case 'literal':
    case 'variable':
    case 'slot':
      return []
    default:
      return expression satisfies never
  }
}

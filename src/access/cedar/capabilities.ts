import type { Expr } from './ast.ts'
import { expressionToJson, writeJson } from './policy-json-writer.ts'

/** Attributes and tags that are known to be there, each as a text that names the expression and the attribute. */
export type Capabilities = ReadonlySet<string>

/** Nothing is known to be there. */
export const NO_CAPABILITIES: Capabilities = new Set()

/** What holds where both hold. */
export function bothOf(left: Capabilities, right: Capabilities): Capabilities {
  if (left.size === 0) return right
  return right.size === 0 ? left : left.union(right)
}

/** What holds where either holds. */
export function eitherOf(left: Capabilities, right: Capabilities): Capabilities {
  return left.size === 0 || right.size === 0 ? NO_CAPABILITIES : left.intersection(right)
}

/** That an expression has an attribute. */
export function attributeCapability(of: Expr, name: string): string {
  return `attribute ${JSON.stringify(name)} ${keyOfExpression(of)}`
}

/** That an entity has a tag, which any expression may name. */
export function tagCapability(of: Expr, tag: Expr): string {
  return `tag ${keyOfExpression(tag)} ${keyOfExpression(of)}`
}

const KEYS = new WeakMap<Expr, string>()

/** The same text for expressions that differ only in their places. */
function keyOfExpression(expr: Expr): string {
  const known = KEYS.get(expr)
  if (known !== undefined) return known
  const key = writeJson(expressionToJson(expr))
  KEYS.set(expr, key)
  return key
}

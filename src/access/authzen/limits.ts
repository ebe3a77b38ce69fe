import type { Json } from '../cedar/json.ts'
import type { JsonObject } from './question.ts'

/** How much one question may ask (AuthZEN 1.0, Availability and Denial of Service). Every bound is here. */
export interface Limits {
  /** Levels of objects and arrays in a body, the outermost counted. */
  readonly maxDepth: number
  /** Values in a body, objects and arrays included. */
  readonly maxValues: number
  readonly maxIdChars: number
  /** Types of entities and names of actions. */
  readonly maxNameChars: number
  readonly maxEvaluations: number
  /** Results of a page where the question names no limit. */
  readonly pageSize: number
  /** Results of a page whatever limit the question names. */
  readonly maxPageSize: number
  /** Entities that one page of a search looks at; what is left is for the next page. */
  readonly maxExamined: number
  /** How long a page token can be used. */
  readonly pageTtlSeconds: number
}

/** Generous for a policy enforcement point, and nothing that one question could stop the gateway with. */
export const DEFAULT_LIMITS: Limits = {
  maxDepth: 32,
  maxValues: 10_000,
  maxIdChars: 1024,
  maxNameChars: 256,
  maxEvaluations: 256,
  pageSize: 100,
  maxPageSize: 1000,
  maxExamined: 5000,
  pageTtlSeconds: 3600,
}

/** What is too much in a body, or no Unicode text (RFC 7493 2.1); undefined where nothing is. */
export function excessIn(json: Json, { maxDepth, maxValues }: Limits): string | undefined {
  const rest: { readonly value: Json; readonly depth: number }[] = [{ value: json, depth: 1 }]
  let values = 0
  for (let next = rest.pop(); next !== undefined; next = rest.pop()) {
    const { value, depth } = next
    if (++values > maxValues) return `more than ${maxValues} values`
    if (typeof value === 'string' && !value.isWellFormed()) return 'a string that is no Unicode text'
    if (typeof value !== 'object' || value === null) continue
    if (depth > maxDepth) return `more than ${maxDepth} levels`
    for (const [name, inner] of Object.entries<Json>(value as JsonObject)) {
      if (!name.isWellFormed()) return 'a name that is no Unicode text'
      rest.push({ value: inner, depth: depth + 1 })
      if (rest.length > maxValues) return `more than ${maxValues} values`
    }
  }
  return undefined
}

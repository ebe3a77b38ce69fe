import type { RecordType } from '../cedar/types.ts'
import type { SqlAttribute } from '../filter/party.ts'
import type { Operand, Predicate } from '../filter/predicate.ts'

/** SQL for a claim that the schema requires. */
export interface RequiredClaim {
  readonly path: readonly string[]
  readonly text: string
  readonly isArray: boolean
}

/**
 * The claims that must be there for a predicate to mean what the policies say: the compiler relies on the schema for
 * attributes of every principal, and a token may leave one out. Only what the predicate reads counts.
 */
export function requiredClaims(
  predicate: Predicate,
  attributes: Readonly<Record<string, SqlAttribute>>,
  type: RecordType,
  path: readonly string[],
): RequiredClaim[] {
  const read = rawTexts(predicate)
  return claimsOf(attributes, type, path).filter(({ text }) => read.has(text))
}

function claimsOf(
  attributes: Readonly<Record<string, SqlAttribute>>,
  type: RecordType,
  path: readonly string[],
): RequiredClaim[] {
  return Object.entries(attributes).flatMap(([name, sql]): RequiredClaim[] => {
    const attribute = type.attributes.get(name)
    if (attribute?.isRequired !== true) return []
    const here = [...path, name]
    if (typeof sql === 'string') return [{ path: here, text: sql, isArray: false }]
    if ('fields' in sql)
      return attribute.type.kind === 'record' ? claimsOf(sql.fields, attribute.type, here) : []
    return [{ path: here, text: 'array' in sql ? sql.array : sql.sql, isArray: 'array' in sql }]
  })
}

/** Every piece of an operator's own SQL in a predicate, wherever it stands. */
function rawTexts(predicate: Predicate): ReadonlySet<string> {
  const found = new Set<string>()
  const visit = (part: unknown): void => {
    if (typeof part !== 'object' || part === null) return
    const { kind, text } = part as Partial<Operand & { readonly text: string }>
    if (kind === 'raw' && text !== undefined) found.add(text)
    for (const inner of Object.values(part)) visit(inner)
  }
  visit(predicate)
  return found
}

import { SqlCondition } from '../filter/sql-condition.ts'
import { loadFilter } from '../filter/filter.ts'
import { postgres } from '../filter/postgres.ts'
import type { Predicate } from '../filter/predicate.ts'
import { and, or } from '../filter/predicates.ts'
import type { Use } from './declaration.ts'
import type { Lookup } from './lookup.ts'
import { LookupExtraction } from './lookup-extraction.ts'
import type { PlanInput } from './plan.ts'
import type { RowCondition } from './plan-rows.ts'
import { contextClaims, isOfType, principalClaims } from './principal-claims.ts'

/** Which rows each verb may touch, for each table. */
export interface CompiledRows {
  readonly conditions: readonly RowCondition[]
  /** What no policy permits to anybody. */
  readonly unused: readonly Use[]
  readonly lookups: readonly Lookup[]
}

/**
 * Compiles the policies of every declared action for every type of principal. Any action that stands for a verb gives
 * it; each type of principal is asked for first, so that without a principal nothing is visible.
 */
export function compileRows({
  policies,
  schema,
  mapping,
  mappingConfig,
  declaration,
}: PlanInput): CompiledRows {
  const filter = loadFilter({ policies, schema, mapping: mappingConfig, dialect: 'postgres', questions: [] })
  const conditions: RowCondition[] = []
  const unused: Use[] = []
  const lookups = new Map<string, Lookup>()
  const groups = Map.groupBy(declaration.uses, ({ table, verb }) => `${table} ${verb}`)
  for (const uses of groups.values()) {
    const { table, verb, entity } = uses[0] as Use
    const permitted: Use[] = []
    const byPrincipal = new Map<string, Predicate[]>()
    for (const use of uses) {
      const found = use.action.principals.flatMap((type) => {
        const principal = schema.entities.get(type)
        if (principal === undefined) return []
        const plan = filter.plan({
          action: use.action.uid,
          principal: principalClaims(principal, mapping),
          resource: { kind: 'row', type: entity.type },
          context: contextClaims(use.action, type, mapping),
        })
        const { predicate } = plan.bind()
        return predicate.kind === 'false' ? [] : [{ type, predicate }]
      })
      for (const { type, predicate } of found)
        byPrincipal.set(type, [...(byPrincipal.get(type) ?? []), predicate])
      if (found.length === 0) unused.push(use)
      else permitted.push(use)
    }
    if (permitted.length === 0) continue
    const anyone = or(
      ...[...byPrincipal].map(([type, predicates]) => and(isPrincipal(type), or(...predicates))),
    )
    const extraction = new LookupExtraction(entity.table?.name ?? '', print)
    conditions.push({ table, verb, sql: print(extraction.predicate(anyone)), uses: permitted })
    for (const lookup of extraction.lookups) lookups.set(lookup.signature, lookup)
  }
  return { conditions, unused, lookups: [...lookups.values()] }
}

function isPrincipal(type: string): Predicate {
  return { kind: 'truth', of: { kind: 'raw', text: isOfType(type), format: 'boolean' }, wanted: true }
}

function print(predicate: Predicate): string {
  return new SqlCondition(predicate, postgres).toSql({ literals: 'inline' }).text
}

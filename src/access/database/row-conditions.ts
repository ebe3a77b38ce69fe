import type { ActionType, EntityType } from '../cedar/schema.ts'
import { loadFilter } from '../filter/filter.ts'
import type { Mapping } from '../filter/mapping.ts'
import type { DialectName } from '../filter/mapping-reader.ts'
import type { ContextParty, SqlEntity } from '../filter/party.ts'
import type { Predicate } from '../filter/predicate.ts'
import { and, or } from '../filter/predicates.ts'
import type { Use } from './declaration.ts'
import type { PlanInput } from './plan.ts'

/** How a server tells who a transaction is for. */
export interface Claims {
  readonly dialect: DialectName
  isOfType(type: string): string
  principalClaims(type: EntityType, mapping: Mapping): SqlEntity
  contextClaims(action: ActionType, principalType: string, mapping: Mapping): ContextParty
}

/** Which rows of a table a verb may touch. */
export interface RowPredicate {
  /** The first of them; they agree in table, verb, type and columns. */
  readonly use: Use
  /** All actions that give it to somebody. */
  readonly uses: readonly Use[]
  readonly predicate: Predicate
}

/**
 * Compiles the policies of every declared action for every type of principal. Any action that stands for a verb gives
 * it; each type of principal is asked for first, so that without a principal nothing is visible. `unused` is what no
 * policy permits to anybody. Throws RingwallError for what SQL cannot say.
 */
export function compileRows(
  { policies, schema, mapping, mappingConfig, declaration }: PlanInput,
  claims: Claims,
): { readonly rows: readonly RowPredicate[]; readonly unused: readonly Use[] } {
  const filter = loadFilter({
    policies,
    schema,
    mapping: mappingConfig,
    dialect: claims.dialect,
    questions: [],
  })
  const rows: RowPredicate[] = []
  const unused: Use[] = []
  const permitted = (use: Use, type: string): Predicate[] => {
    const principal = schema.entities.get(type)
    if (principal === undefined) return []
    const { predicate } = filter
      .plan({
        action: use.action.uid,
        principal: claims.principalClaims(principal, mapping),
        resource: { kind: 'row', type: use.entity.type },
        context: claims.contextClaims(use.action, type, mapping),
      })
      .bind()
    return predicate.kind === 'false' ? [] : [predicate]
  }
  const isPrincipal = (type: string): Predicate => ({
    kind: 'truth',
    of: { kind: 'raw', text: claims.isOfType(type), format: 'boolean' },
    wanted: true,
  })
  for (const group of Map.groupBy(declaration.uses, ({ table, verb }) => `${table} ${verb}`).values()) {
    const byPrincipal = new Map<string, Predicate[]>()
    const uses: Use[] = []
    for (const use of group) {
      const found = use.action.principals.flatMap((type) =>
        permitted(use, type).map((predicate) => ({ type, predicate })),
      )
      for (const { type, predicate } of found)
        byPrincipal.set(type, [...(byPrincipal.get(type) ?? []), predicate])
      ;(found.length === 0 ? unused : uses).push(use)
    }
    const [use] = uses
    if (use === undefined) continue
    const any = [...byPrincipal].map(([type, predicates]) => and(isPrincipal(type), or(...predicates)))
    rows.push({ use, uses, predicate: or(...any) })
  }
  return { rows, unused }
}

/** What a reader of a plan should know of actions that nobody may do. */
export function notesOf(unused: readonly Use[]): string[] {
  return unused.map(
    ({ action, table, verb }) =>
      `no policy permits ${action.uid.toString()}: nobody gets ${verb.toUpperCase()} on ${table} by it`,
  )
}

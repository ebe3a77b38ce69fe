import { RingwallError } from '../../core/errors.ts'
import type { Entity, EntitySource } from '../cedar/entities.ts'
import type { ActionType, EntityType, Schema } from '../cedar/schema.ts'
import { EMPTY_RECORD, type EntityUid } from '../cedar/value.ts'
import { loadFilter } from '../filter/filter.ts'
import type { Mapping } from '../filter/mapping.ts'
import type { DialectName } from '../filter/mapping-reader.ts'
import type { SqlAttribute, SqlEntity } from '../filter/party.ts'
import type { Predicate } from '../filter/predicate.ts'
import { and, or } from '../filter/predicates.ts'
import type { Use } from './declaration.ts'
import type { PlanInput } from './plan.ts'
import { type RequiredClaim, requiredClaims } from './required-claims.ts'

/** How a server tells who a transaction is for. */
export interface Claims {
  readonly dialect: DialectName
  isOfType(type: string): string
  /** Whether a claim is in the token; not TRUE where there is no principal. */
  isThere(claim: RequiredClaim): string
  principalClaims(type: EntityType, mapping: Mapping): SqlEntity
  contextClaims(
    action: ActionType,
    principalType: string,
    mapping: Mapping,
  ): Readonly<Record<string, SqlAttribute>>
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
  { policies, schema, mapping, mappingConfig, declaration, failedForbid }: PlanInput,
  claims: Claims,
): { readonly rows: readonly RowPredicate[]; readonly unused: readonly Use[] } {
  const filter = loadFilter({
    policies,
    schema,
    mapping: mappingConfig,
    dialect: claims.dialect,
    questions: [],
    ...(failedForbid === undefined ? {} : { failedForbid }),
  })
  const rows: RowPredicate[] = []
  const unused: Use[] = []
  const permitted = (use: Use, type: string): Predicate[] => {
    const principal = schema.entities.get(type)
    if (principal === undefined) return []
    const known = claims.principalClaims(principal, mapping)
    const context = claims.contextClaims(use.action, type, mapping)
    const { predicate } = filter
      .plan({
        action: use.action.uid,
        principal: known,
        resource: { kind: 'row', type: use.entity.type },
        context: { kind: 'expressions', attributes: context },
      })
      .bind({ entities: new NamedEntities(schema, use.action) })
    const required = [
      ...requiredClaims(predicate, known.attributes, principal.attributes, ['principal', 'attributes']),
      ...requiredClaims(predicate, context, use.action.context, ['context']),
    ]
    const whole = and(...required.map((claim) => sql(claims.isThere(claim))), predicate)
    return whole.kind === 'false' ? [] : [whole]
  }
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
    const any = [...byPrincipal].map(([type, predicates]) =>
      and(sql(claims.isOfType(type)), or(...predicates)),
    )
    rows.push({ use, uses, predicate: or(...any) })
  }
  return { rows, unused }
}

/**
 * What is known of entities that policies name: the actions. Of others the rows may change after the plan is made, so
 * that a policy which asks for more than the name of one is refused; `principal in Team::"x"` asks for no more.
 */
class NamedEntities implements EntitySource {
  readonly #schema: Schema
  readonly #action: ActionType

  constructor(schema: Schema, action: ActionType) {
    this.#schema = schema
    this.#action = action
  }

  get(uid: EntityUid): Entity | undefined {
    const action = this.#schema.actions.get(uid.key)
    if (action !== undefined)
      return { uid, attributes: EMPTY_RECORD, tags: EMPTY_RECORD, ancestors: action.ancestors }
    const type = this.#schema.entities.get(uid.type)
    if (
      type === undefined ||
      (type.ancestors.size === 0 && type.attributes.attributes.size === 0 && type.tags === undefined)
    )
      return undefined
    throw new RingwallError(
      'access.database-named-entity',
      `policies for ${this.#action.uid.toString()} ask for attributes or parents of ${uid.toString()}, which a database can change at any time; compare it with \`==\`, ask whether something is \`in\` it, or turn the question around`,
    )
  }
}

function sql(text: string): Predicate {
  return { kind: 'truth', of: { kind: 'raw', text, format: 'boolean' }, wanted: true }
}

/** What a reader of a plan should know of actions that nobody may do. */
export function notesOf(unused: readonly Use[]): string[] {
  return unused.map(
    ({ action, table, verb }) =>
      `no policy permits ${action.uid.toString()}: nobody gets ${verb.toUpperCase()} on ${table} by it`,
  )
}

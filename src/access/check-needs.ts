import type { Expr, Policy } from './cedar/ast.ts'
import { partsOf } from './cedar/expression.ts'
import type { Schema } from './cedar/schema.ts'
import type { Type } from './cedar/types.ts'
import { EntityUid } from './cedar/value.ts'
import type { Wanted } from './check-model.ts'

/** What policies look at, from a value on: the attributes of a record or an entity, its tags, what is above it. */
export interface Need {
  readonly attributes: Map<string, Need>
  tags: Need | undefined
  ancestors: boolean
}

/** What policies look at, from where a request begins. */
export interface Needs {
  readonly principal: Need
  readonly resource: Need
  readonly context: Need
  /** Entities that policies name. */
  readonly named: ReadonlyMap<string, { readonly uid: EntityUid; readonly need: Need }>
}

/** A value that an expression may give: one of the request's, or a record that the policy itself makes. */
type Origin = Need | { readonly made: ReadonlyMap<string, readonly Origin[]> }

function newNeed(): Need {
  return { attributes: new Map(), tags: undefined, ancestors: false }
}

/** Whether the entity that has this value as its name must be there. */
export function isLookedInto({ attributes, tags, ancestors }: Need): boolean {
  return attributes.size > 0 || tags !== undefined || ancestors
}

/**
 * What these policies look at, found without running them. It may be more than one decision looks at, never less
 * (Cedar RFC 74 calls it an entity manifest).
 */
export function needsOf(policies: readonly Policy[]): Needs {
  const finder = new Finder()
  for (const policy of policies) finder.addPolicy(policy)
  return finder
}

class Finder implements Needs {
  readonly principal = newNeed()
  readonly resource = newNeed()
  readonly context = newNeed()
  readonly named = new Map<string, { readonly uid: EntityUid; readonly need: Need }>()
  readonly #action = newNeed()

  addPolicy({ principal, resource, conditions }: Policy): void {
    const isBelow = (scope: Policy['principal']): boolean =>
      scope.kind === 'in' || (scope.kind === 'is' && scope.within !== undefined)
    this.principal.ancestors ||= isBelow(principal)
    this.resource.ancestors ||= isBelow(resource)
    for (const { body } of conditions) this.#origins(body)
  }

  /** Notes what an expression looks at, and gives the values that it may be. */
  #origins(expr: Expr): readonly Origin[] {
    switch (expr.kind) {
      case 'variable':
        return [expr.name === 'action' ? this.#action : this[expr.name]]
      case 'literal':
        return expr.value instanceof EntityUid ? [this.#nameOf(expr.value)] : []
      case 'attribute':
        return this.#origins(expr.of).flatMap((origin) => attributeOf(origin, expr.name))
      case 'has': {
        let origins = this.#origins(expr.of)
        for (const name of expr.path) origins = origins.flatMap((origin) => attributeOf(origin, name))
        return []
      }
      case 'if':
        this.#origins(expr.test)
        return [...this.#origins(expr.yes), ...this.#origins(expr.no)]
      case 'record': {
        const made = new Map(expr.fields.map(({ name, value }) => [name, this.#origins(value)]))
        return [{ made }]
      }
      case 'binary':
        return this.#binary(expr)
      case 'is':
        if (expr.within !== undefined) this.#origins(expr.within)
        for (const origin of this.#origins(expr.of))
          if (expr.within !== undefined && 'ancestors' in origin) origin.ancestors = true
        return []
      case 'not':
      case 'negate':
      case 'isEmpty':
      case 'and':
      case 'or':
      case 'like':
      case 'set':
      case 'call':
      case 'slot':
        for (const part of partsOf(expr)) this.#origins(part)
        return []
      default:
        return expr satisfies never
    }
  }

  #binary({ operator, left, right }: Expr & { kind: 'binary' }): readonly Origin[] {
    const origins = this.#origins(left)
    this.#origins(right)
    const found: Origin[] = []
    for (const origin of origins) {
      if ('made' in origin) continue
      if (operator === 'in') origin.ancestors = true
      if (operator === 'getTag' || operator === 'hasTag') found.push((origin.tags ??= newNeed()))
    }
    return operator === 'getTag' ? found : []
  }

  #nameOf(uid: EntityUid): Need {
    return this.named.getOrInsertComputed(uid.key, () => ({ uid, need: newNeed() })).need
  }
}

function attributeOf(origin: Origin, name: string): readonly Origin[] {
  if ('made' in origin) return origin.made.get(name) ?? []
  return [origin.attributes.getOrInsertComputed(name, newNeed)]
}

/** Where a request begins, by type. */
export interface RootTypes {
  readonly principal: string
  readonly resource: string
  readonly context: Type
}

/** The same by entity type, as a loader needs it: which columns, whether parents, whether tags. */
export function wantedOf(needs: Needs, roots: RootTypes, schema: Schema): ReadonlyMap<string, Wanted> {
  const wanted = new Map<string, { attributes: Set<string>; parents: boolean; tags: boolean }>()
  const walked = new Map<Need, Set<string>>()
  const entity = (name: string, need: Need): void => {
    if (!isLookedInto(need)) return
    const names = walked.getOrInsertComputed(need, () => new Set())
    if (names.has(name)) return
    names.add(name)
    const entry = wanted.getOrInsertComputed(name, () => ({
      attributes: new Set<string>(),
      parents: false,
      tags: false,
    }))
    const type = schema.entities.get(name)
    entry.parents ||= need.ancestors
    if (need.ancestors) for (const above of type?.ancestors ?? []) entity(above, ANCESTORS)
    if (need.tags !== undefined) {
      entry.tags = true
      value(type?.tags, need.tags)
    }
    for (const [attribute, next] of need.attributes) {
      if (type?.attributes.attributes.has(attribute) !== true) continue
      entry.attributes.add(attribute)
      value(type.attributes.attributes.get(attribute)?.type, next)
    }
  }
  const value = (type: Type | undefined, need: Need): void => {
    if (type?.kind === 'entity') for (const name of type.names) entity(name, need)
    if (type?.kind !== 'record') return
    for (const [name, next] of need.attributes) value(type.attributes.get(name)?.type, next)
  }
  entity(roots.principal, needs.principal)
  entity(roots.resource, needs.resource)
  value(roots.context, needs.context)
  for (const { uid, need } of needs.named.values()) entity(uid.type, need)
  return new Map(
    [...wanted].map(([name, { attributes, parents, tags }]) => [
      name,
      { attributes: [...attributes].sort(), parents, tags },
    ]),
  )
}

/** What is needed of everything above an entity: what is above that. */
export const ANCESTORS: Need = { attributes: new Map(), tags: undefined, ancestors: true }

import { entityOf, isIn } from '../cedar/environment.ts'
import { CedarSet, EntityUid, Fault, type Value } from '../cedar/value.ts'
import type { Binding } from './binding.ts'
import type { EntityMapping, Mapping, ParentMapping } from './mapping.ts'
import type { SqlEntity } from './party.ts'
import type { ArrayOperand, Bound, Closure, Format, Operand, Predicate, Select, Source } from './predicate.ts'
import {
  among,
  and,
  compare,
  decide,
  elementOf,
  exists,
  FALSE,
  FAULT,
  isNotNull,
  link,
  oneOf,
  or,
  type Rails,
} from './predicates.ts'
import { containsAny, memberOf, someElement } from './sets.ts'
import {
  type EntityTerm,
  isDefined,
  known,
  railsOf,
  type Single,
  spread,
  storedOf,
  type Term,
} from './term.ts'

/** What is known of an entity beside its id. */
export type EntityAccess =
  | { readonly kind: 'row'; readonly alias: string }
  | { readonly kind: 'expressions'; readonly entity: SqlEntity }
  | undefined

/** What something is to be in: known ids of one type, or what the database gives. */
type Targets =
  | { readonly kind: 'values'; readonly values: readonly Bound[] }
  | { readonly kind: 'operand'; readonly operand: Operand }

/** Whether the mapping leads from one type up to another, in one step or more. */
export function reaches(mapping: Mapping, from: string, to: string): boolean {
  const seen = new Set<string>()
  const rest = [from]
  for (let type = rest.pop(); type !== undefined; type = rest.pop()) {
    for (const parent of mapping.entities.get(type)?.parents ?? []) {
      if (parent.type === to) return true
      if (!seen.has(parent.type)) rest.push(parent.type)
      seen.add(parent.type)
    }
  }
  return false
}

/** Cedar's `in`, for terms. That the mapping leads where it must was seen to when the policy was loaded. */
export function within(
  below: Term,
  above: Term,
  access: EntityAccess,
  mapping: Mapping,
  binding: Binding,
): Rails {
  const search = new Search(mapping, binding)
  return spread(below, above, (one, other) => search.within(one, other, access))
}

class Search {
  readonly #mapping: Mapping
  readonly #binding: Binding

  constructor(mapping: Mapping, binding: Binding) {
    this.#mapping = mapping
    this.#binding = binding
  }

  within(below: Single, above: Single, access: EntityAccess): Rails {
    if (below.kind === 'entity') return this.#termIn(below, above, access)
    if (below.kind !== 'known' || !(below.value instanceof EntityUid)) return FAULT
    return this.#knownIn(below.value, above)
  }

  #knownIn(uid: EntityUid, above: Single): Rails {
    if (above.kind === 'entity') return memberOf(above, this.#selfAndAncestors(uid, above.type))
    if (above.kind === 'known') return this.#knownInKnown(uid, above.value)
    if (above.kind !== 'set') return FAULT
    const { members, element } = above
    if (members.kind !== 'listed') {
      const type = element.kind === 'entity' ? (element.names[0] as string) : ''
      return containsAny(above, known(new CedarSet(this.#selfAndAncestors(uid, type))))
    }
    const tests = members.elements.map((target) =>
      spread(known(uid), target, (_, one) => this.#knownIn(uid, one)),
    )
    return decide(or(...tests.map((test) => test.isTrue)), isDefined(above))
  }

  #knownInKnown(uid: EntityUid, above: Value | Fault): Rails {
    if (above instanceof EntityUid) return railsOf(known(isIn(this.#binding.env, uid, above)))
    if (!(above instanceof CedarSet)) return FAULT
    const targets = above.elements
    if (!targets.every((target) => target instanceof EntityUid)) return FAULT
    return railsOf(known(targets.some((target) => isIn(this.#binding.env, uid, target))))
  }

  /** All that a known entity is in, of one type. */
  #selfAndAncestors(uid: EntityUid, type: string): EntityUid[] {
    const found = uid.type === type ? [uid] : []
    const prefix = `${type}::"`
    for (const key of entityOf(this.#binding.env, uid)?.ancestors ?? [])
      if (key.startsWith(prefix)) found.push(new EntityUid(type, key.slice(prefix.length)))
    return found
  }

  #termIn(below: EntityTerm, above: Single, access: EntityAccess): Rails {
    if (above.kind === 'entity') {
      const targets: Targets = { kind: 'operand', operand: above.operand }
      const isFound = this.#isBelow(below, access, above.type, targets)
      return decide(isFound, and(isDefined(below), isDefined(above)))
    }
    if (above.kind === 'known') return this.#termInKnown(below, above.value, access)
    if (above.kind !== 'set') return FAULT
    const { members } = above
    const elementIn = (target: Term): Predicate =>
      spread(below, target, (one, other) => this.within(one, other, access)).isTrue
    const isFound =
      members.kind === 'listed' ? or(...members.elements.map(elementIn)) : someElement(above, elementIn)
    return decide(isFound, and(isDefined(below), isDefined(above)))
  }

  #termInKnown(below: EntityTerm, above: Value | Fault, access: EntityAccess): Rails {
    const targets = above instanceof CedarSet ? above.elements : [above]
    const byType = new Map<string, EntityUid[]>()
    for (const target of targets) {
      if (!(target instanceof EntityUid)) return FAULT
      byType.getOrInsertComputed(target.type, () => []).push(target)
    }
    const tests = [...byType].map(([type, uids]) => {
      const values = uids.flatMap((uid) => storedOf(uid, this.#idFormat(type)) ?? [])
      return values.length === 0 ? FALSE : this.#isBelow(below, access, type, { kind: 'values', values })
    })
    const isFound = or(...tests)
    const isOwnId =
      (isFound.kind === 'compare' && isFound.left === below.operand) ||
      (isFound.kind === 'one-of' && isFound.of === below.operand)
    if (isOwnId) return memberOf(below, targets as EntityUid[])
    return decide(isFound, isDefined(below))
  }

  #idFormat(type: string): Format {
    return this.#mapping.entities.get(type)?.id.format ?? 'text'
  }

  #isBelow(term: EntityTerm, access: EntityAccess, type: string, targets: Targets): Predicate {
    const isSelf = term.type === type ? hit(term.operand, targets) : FALSE
    if (access?.kind === 'expressions')
      return or(isSelf, ancestorsHit(this.#ancestors(access.entity, type), targets))
    if (access?.kind === 'row' && term.operand.kind === 'column' && term.operand.alias === access.alias)
      return or(isSelf, this.#isRowBelow(term.type, access.alias, type, targets, true))
    return this.#isIdBelow(term.type, term.operand, type, targets)
  }

  #ancestors({ ancestors = {} }: SqlEntity, type: string): ArrayOperand | undefined {
    const text = Object.hasOwn(ancestors, type) ? ancestors[type] : undefined
    const format = this.#idFormat(type)
    return text === undefined ? undefined : { operand: { kind: 'raw', text, format }, format }
  }

  /** Of a row: whether one of its parents is a target, or below one. */
  #isRowBelow(type: string, alias: string, target: string, targets: Targets, withSelf: boolean): Predicate {
    const entity = this.#mapping.entities.get(type)
    const ways = (entity?.parents ?? []).filter(
      (way) =>
        (withSelf || way.type !== type) && (way.type === target || reaches(this.#mapping, way.type, target)),
    )
    return or(...ways.map((way) => this.#isWayBelow(entity as EntityMapping, alias, way, target, targets)))
  }

  #isWayBelow(
    entity: EntityMapping,
    alias: string,
    way: ParentMapping,
    target: string,
    targets: Targets,
  ): Predicate {
    const format = this.#idFormat(way.type)
    if (way.kind === 'column') {
      const column: Operand = { kind: 'column', alias, name: way.column, format, isExact: false }
      return this.#isIdBelow(way.type, column, target, targets)
    }
    const pairs = this.#binding.alias()
    const column = (name: string, of: Format): Operand => ({
      kind: 'column',
      alias: pairs,
      name,
      format: of,
      isExact: false,
    })
    const above = column(way.parent, format)
    // A closure has everything above of that type already.
    const isBelow =
      way.kind === 'closure' && way.type === target
        ? hit(above, targets)
        : this.#isIdBelow(way.type, above, target, targets)
    const child = column(way.child, entity.id.format)
    return this.#rowAmong(
      entity,
      alias,
      child,
      [{ kind: 'table', table: way.table, alias: pairs }],
      isBelow,
      targets,
    )
  }

  #rowAmong(
    entity: EntityMapping,
    alias: string,
    child: Operand,
    from: readonly Source[],
    where: Predicate,
    targets: Targets,
  ): Predicate {
    const { column: name, format, isExact } = entity.id
    const id: Operand = { kind: 'column', alias, name, format, isExact }
    return targets.kind === 'values'
      ? among(id, { kind: 'select', columns: [child], from, where })
      : exists({ kind: 'select', columns: [], from, where: and(link(child, id), where) })
  }

  /** Of an id: whether it is a target, or that of an entity below one. */
  #isIdBelow(type: string, id: Operand, target: string, targets: Targets): Predicate {
    const isSelf = type === target ? hit(id, targets) : FALSE
    if (!reaches(this.#mapping, type, target)) return isSelf
    const entity = this.#mapping.entities.get(type) as EntityMapping
    const own = entity.parents.find((way) => way.type === type && way.kind !== 'closure')
    if (own === undefined) {
      const [select, row] = this.#rowsOf(entity)
      return or(isSelf, among(id, select(this.#isRowBelow(type, row, target, targets, true))))
    }
    if (targets.kind === 'values')
      return or(isSelf, among(id, this.#descendants(entity, own, target, targets)))
    if (type === target) return or(isSelf, among([id, targets.operand], this.#pairs(entity, own)))
    const [select, row] = this.#rowsOf(entity)
    const rowId = idOf(entity, row)
    const isUpward = or(link(rowId, id), among([id, rowId], this.#pairs(entity, own)))
    return exists({
      ...select(and(isUpward, this.#isRowBelow(type, row, target, targets, false))),
      columns: [],
    })
  }

  #rowsOf(entity: EntityMapping): readonly [(where: Predicate) => Select, alias: string] {
    const alias = this.#binding.alias()
    const { table } = entity
    if (table === undefined) throw new Error(`${entity.type} has no table`)
    const select = (where: Predicate): Select => ({
      kind: 'select',
      columns: [idOf(entity, alias)],
      from: [{ kind: 'table', table, alias }],
      where,
    })
    return [select, alias]
  }

  /** The ids of all that is below known targets, level by level. */
  #descendants(entity: EntityMapping, own: ParentMapping, target: string, targets: Targets): Select {
    const { type } = entity
    const { child, parent, from } = this.#edges(entity, own)
    const closure = this.#binding.alias()
    const found = column(closure, 'id', entity.id.format)
    let base: Select = { kind: 'select', columns: [child], from: [from], where: hit(parent, targets) }
    if (type !== target) {
      const [select, row] = this.#rowsOf(entity)
      base = select(this.#isRowBelow(type, row, target, targets, false))
    }
    const made: Closure = {
      kind: 'closure',
      alias: closure,
      columns: ['id'],
      base,
      step: {
        kind: 'select',
        columns: [child],
        from: [from, { kind: 'closure-step', alias: closure }],
        where: link(parent, found),
      },
    }
    return {
      kind: 'select',
      columns: [found],
      from: [{ kind: 'closure', closure: made, alias: closure }],
      where: and(),
    }
  }

  /** Every entity of a type with everything of the same type above it. */
  #pairs(entity: EntityMapping, own: ParentMapping): Select {
    const first = this.#edges(entity, own)
    const next = this.#edges(entity, own)
    const closure = this.#binding.alias()
    const { format } = entity.id
    const [below, above] = [column(closure, 'below', format), column(closure, 'above', format)]
    const made: Closure = {
      kind: 'closure',
      alias: closure,
      columns: ['below', 'above'],
      base: {
        kind: 'select',
        columns: [first.child, first.parent],
        from: [first.from],
        where: isNotNull(first.parent),
      },
      step: {
        kind: 'select',
        columns: [below, next.parent],
        from: [next.from, { kind: 'closure-step', alias: closure }],
        where: and(link(next.child, above), isNotNull(next.parent)),
      },
    }
    const from: Source = { kind: 'closure', closure: made, alias: closure }
    return { kind: 'select', columns: [below, above], from: [from], where: and() }
  }

  /** The pairs of child and parent of one type, as columns of a table. */
  #edges(
    entity: EntityMapping,
    own: ParentMapping,
  ): { readonly child: Operand; readonly parent: Operand; readonly from: Source } {
    const alias = this.#binding.alias()
    const { format } = entity.id
    if (own.kind !== 'column') {
      const from: Source = { kind: 'table', table: own.table, alias }
      return { child: column(alias, own.child, format), parent: column(alias, own.parent, format), from }
    }
    if (entity.table === undefined) throw new Error(`${entity.type} has no table`)
    const from: Source = { kind: 'table', table: entity.table, alias }
    return { child: idOf(entity, alias), parent: column(alias, own.column, format), from }
  }
}

function column(alias: string, name: string, format: Format): Operand {
  return { kind: 'column', alias, name, format, isExact: false }
}

function idOf(entity: EntityMapping, alias: string): Operand {
  const { column: name, format, isExact } = entity.id
  return { kind: 'column', alias, name, format, isExact }
}

function hit(operand: Operand, targets: Targets): Predicate {
  return targets.kind === 'values'
    ? oneOf(operand, targets.values, true)
    : compare('=', operand, targets.operand)
}

function ancestorsHit(array: ArrayOperand | undefined, targets: Targets): Predicate {
  if (array === undefined) return FALSE
  if (targets.kind === 'operand') return elementOf(targets.operand, array)
  return { kind: 'overlap', array, values: targets.values }
}

import { entityOf } from '../cedar/environment.ts'
import { EntityUid, Fault } from '../cedar/value.ts'
import type { Binding } from './binding.ts'
import type { TagsMapping } from './mapping.ts'
import type { Operand, Select } from './predicate.ts'
import { among, and, decide, exists, FAULT, link, type Rails } from './predicates.ts'
import { equality } from './sets.ts'
import { fits, measure, named, reject, type Scene, type Staged, stagedBool } from './staged.ts'
import {
  type EntityTerm,
  guarded,
  isDefined,
  known,
  railsOf,
  type Single,
  spread,
  spreadTerm,
  type Term,
  termOf,
} from './term.ts'

/** `entity.hasTag(key)` and `entity.getTag(key)`, where the entity or the key is not known. */
export function stageTag(
  operator: 'hasTag' | 'getTag',
  of: Staged,
  key: Staged,
  at: number,
  scene: Scene,
): Staged {
  if (of.type?.kind !== 'entity' || of.type.names.length !== 1)
    return reject(`expected an entity before \`.${operator}()\`, found ${named(of.type)}`, at)
  if (!fits(key.type, 'String')) reject(`expected String in \`.${operator}()\`, found ${named(key.type)}`, at)
  const [type] = of.type.names as readonly [string]
  const tagType = scene.schema.entities.get(type)?.tags
  if (tagType === undefined) return reject(`the schema gives ${type} no tags`, at)
  if (of.run !== undefined) return reject('a tag whose name the database must find cannot be translated', at)
  const mapping = scene.mapping.entities.get(type)?.tags
  if (mapping === undefined || of.access?.kind === 'expressions')
    return reject(`the mapping does not say where the tags of ${type} are; add \`entities.${type}.tags\``, at)
  const { size, choices } = measure(of, key)
  if (operator === 'hasTag') {
    const ask = (binding: Binding): Rails =>
      spread(of.bind(binding), key.bind(binding), (one, other) => hasTag(one, other, mapping, binding))
    return stagedBool(ask, size)
  }
  const get = (one: Single, other: Single, binding: Binding): Term => {
    if (one.kind === 'known') return knownTag(one, other, binding)
    if (one.kind !== 'entity' || !isText(other)) return known(FAILED)
    const { select } = rowsOf(one, other, mapping, binding)
    const { format } = mapping.value
    const operand: Operand = { kind: 'lookup', select, format }
    return guarded(termOf(tagType, operand, mapping.value.scale, false), and(one.guard, isDefined(other)))
  }
  return {
    type: tagType,
    run: undefined,
    bind: (binding) =>
      spreadTerm(of.bind(binding), key.bind(binding), (one, other) => get(one, other, binding)),
    size,
    choices,
  }
}

const FAILED = new Fault('type', 'expected an entity and a String')

function isText(term: Single): boolean {
  return term.kind === 'known'
    ? typeof term.value === 'string'
    : term.kind === 'scalar' && term.type === 'String'
}

function knownTag(one: Single & { kind: 'known' }, other: Single, { env }: Binding): Term {
  if (!(one.value instanceof EntityUid) || other.kind !== 'known' || typeof other.value !== 'string')
    return known(FAILED)
  const found = entityOf(env, one.value)?.tags.get(other.value)
  return known(found ?? new Fault('tag', 'the entity has no such tag'))
}

function hasTag(one: Single, other: Single, mapping: TagsMapping, binding: Binding): Rails {
  if (!isText(other)) return FAULT
  if (one.kind === 'known') {
    if (!(one.value instanceof EntityUid) || other.kind !== 'known') return FAULT
    return railsOf(known(entityOf(binding.env, one.value)?.tags.has(other.value as string) ?? false))
  }
  if (one.kind !== 'entity') return FAULT
  const { select, owner } = rowsOf(one, other, mapping, binding)
  const isSound = and(isDefined(one), isDefined(other))
  const isAlone = other.kind === 'known'
  const rows = isAlone ? { ...select, columns: [owner], where: select.test } : select
  return decide(isAlone ? among(one.operand, rows) : exists({ ...select, columns: [] }), isSound)
}

function rowsOf(
  entity: EntityTerm,
  key: Term,
  { table, owner: ownerColumn, key: keyColumn, value }: TagsMapping,
  binding: Binding,
): { readonly select: Select & { readonly test: Select['where'] }; readonly owner: Operand } {
  const alias = binding.alias()
  const column = (name: string, format: Operand['format']): Operand => ({
    kind: 'column',
    alias,
    name,
    format,
    isExact: false,
  })
  const owner = column(ownerColumn, entity.operand.format)
  const name: Term = {
    kind: 'scalar',
    type: 'String',
    operand: column(keyColumn, 'text'),
    guard: and(),
    isTotal: true,
  }
  const test = equality(name, key).isTrue
  return {
    owner,
    select: {
      kind: 'select',
      columns: [column(value.column, value.format)],
      from: [{ kind: 'table', table, alias }],
      where: and(link(owner, entity.operand), test),
      test,
    },
  }
}

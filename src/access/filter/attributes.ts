import type { AttributeType } from '../cedar/types.ts'
import { entityOf } from '../cedar/environment.ts'
import { CedarRecord, EntityUid, Fault, type Outcome } from '../cedar/value.ts'
import type { Binding } from './binding.ts'
import { expressionAttribute } from './expressions.ts'
import type { AttributeMapping, ColumnMapping, EntityMapping } from './mapping.ts'
import type { Operand, Predicate, Select } from './predicate.ts'
import {
  ALWAYS,
  among,
  and,
  choose,
  decide,
  FALSE,
  FAULT,
  isNotNull,
  isNull,
  link,
  NEVER,
  type Rails,
  TRUE,
} from './predicates.ts'
import { reject, type Scene, type Staged, type StagedRecord } from './staged.ts'
import { type EntityTerm, guarded, isDefined, known, railsOf, type Term, termOf } from './term.ts'

/** Where an attribute is: of which entity, by which names, in which columns. */
interface Place {
  readonly of: Staged
  readonly entity: EntityMapping
  readonly path: readonly string[]
  readonly mapping: AttributeMapping
  readonly attribute: AttributeType
  /** Columns that are NULL where an optional record on the way is absent. */
  readonly presence: readonly ColumnMapping[]
  /** It is there in every row that keeps to the schema. */
  readonly isTotal: boolean
}

/** `of.name`, where `of` is not known. */
export function attributeOf(of: Staged, name: string, at: number, scene: Scene): Staged {
  if (of.record !== undefined) return of.record.attribute(name, at)
  const type = entityTypeOf(of, at)
  const attribute = scene.schema.entities.get(type)?.attributes.attributes.get(name)
  if (attribute === undefined) return reject(`the schema gives ${type} no attribute \`${name}\``, at)
  if (of.access?.kind === 'expressions')
    return expressionAttribute(of.access.entity, name, attribute, at, scene)
  const { entity, mapping } = mappingOf(type, name, at, scene)
  const isTotal = of.access?.kind === 'row' && attribute.isRequired
  return staged({ of, entity, path: [name], mapping, attribute, presence: [], isTotal }, at)
}

function mappingOf(
  type: string,
  name: string,
  at: number,
  scene: Scene,
): { readonly entity: EntityMapping; readonly mapping: AttributeMapping } {
  const entity = scene.mapping.entities.get(type)
  if (entity?.table === undefined)
    return reject(`the mapping does not say where ${type} is; add \`entities.${type}.table\``, at)
  const mapping = entity.attributes.get(name)
  if (mapping !== undefined) return { entity, mapping }
  const missing = `entities.${type}.attributes.${name}`
  return reject(`the mapping does not say where ${type}'s \`${name}\` is; add \`${missing}\``, at)
}

function entityTypeOf({ type }: Staged, at: number): string {
  if (type?.kind === 'entity' && type.names.length === 1) return type.names[0] as string
  return reject('an attribute is asked of something that is no single type of entity and no record', at)
}

function staged(place: Place, at: number): Staged {
  const { of, mapping, attribute } = place
  const type = attribute.type
  if (mapping.kind === 'record')
    return { type, run: undefined, bind: () => NO_VALUE, record: recordOf(place), size: of.size + 1 }
  const size = of.size + 1
  const access = of.access
  if (access?.kind === 'row') {
    const term = termIn(place, rowOf(place, access.alias), place.isTotal)
    // A set needs a new name for where its elements are, each time.
    const bind = term.kind === 'set' ? (binding: Binding) => renamed(term, binding) : () => term
    return { type, run: undefined, bind, size }
  }
  const bind = (binding: Binding): Term => readThrough(of.bind(binding), binding, place, at)
  return { type, run: undefined, bind, size, ...(of.choices === undefined ? {} : { choices: of.choices }) }
}

/** The attribute of an entity that is not the row itself: it is looked up, or it is known after all. */
function readThrough(term: Term, binding: Binding, place: Place, at: number): Term {
  if (term.kind === 'choice') {
    const [yes, no] = [readThrough(term.yes, binding, place, at), readThrough(term.no, binding, place, at)]
    return { kind: 'choice', test: term.test, yes, no }
  }
  if (term.kind === 'known') return known(readKnown(term.value, place.path, binding, at))
  if (term.kind !== 'entity') return NO_VALUE
  const read = termIn(place, lookupOf(place, term, binding), false)
  return renamed(guarded(read, term.guard), binding)
}

const NO_VALUE: Term = known(new Fault('type', 'a record is no single value'))

/** How the columns of one entity are read. */
interface Columns {
  readonly id: Operand
  /** Where there is such a row. */
  readonly exists: Predicate
  column(mapping: ColumnMapping): Operand
}

function rowOf({ entity }: Place, alias: string): Columns {
  const { column, format, isExact } = entity.id
  return {
    id: { kind: 'column', alias, name: column, format, isExact },
    exists: TRUE,
    column: (mapping) => ({
      kind: 'column',
      alias,
      name: mapping.column,
      format: mapping.format,
      isExact: mapping.isExact,
    }),
  }
}

function lookupOf({ entity }: Place, term: EntityTerm, binding: Binding): Columns {
  const select = (columns: (alias: string) => Operand): Select => {
    const alias = binding.alias()
    const { column, format, isExact } = entity.id
    const id: Operand = { kind: 'column', alias, name: column, format, isExact }
    const table = entity.table
    if (table === undefined) throw new Error(`${entity.type} has no table`)
    return {
      kind: 'select',
      columns: [columns(alias)],
      from: [{ kind: 'table', table, alias }],
      where: link(id, term.operand),
    }
  }
  return {
    id: term.operand,
    get exists(): Predicate {
      const { column: name, format, isExact } = entity.id
      const ids = select((alias) => ({ kind: 'column', alias, name, format, isExact }))
      return among(term.operand, { ...ids, where: TRUE })
    },
    column: ({ column: name, format, isExact }) => ({
      kind: 'lookup',
      select: select((alias) => ({ kind: 'column', alias, name, format, isExact })),
      format,
    }),
  }
}

function termIn({ mapping, attribute }: Place, columns: Columns, isTotal: boolean): Term {
  const { type } = attribute
  if (mapping.kind === 'column') return termOf(type, columns.column(mapping), mapping.scale, isTotal)
  if (type.kind !== 'set' || mapping.kind === 'record') return NO_VALUE
  const element = type.element
  if (mapping.kind === 'array') {
    const { column, format } = mapping
    const operand = columns.column({ kind: 'column', column, format, scale: 1, isExact: false })
    const guard = isTotal ? TRUE : isNotNull(operand)
    return {
      kind: 'set',
      element,
      members: { kind: 'array', array: { operand, format }, alias: '' },
      guard,
      isTotal,
    }
  }
  const rows = {
    owner: columns.id,
    table: mapping.table,
    ownerColumn: mapping.owner,
    ownerFormat: columns.id.format as 'text',
    valueColumn: mapping.value.column,
    valueFormat: mapping.value.format,
    valueScale: mapping.value.scale,
    alias: '',
  }
  return { kind: 'set', element, members: { kind: 'rows', rows }, guard: columns.exists, isTotal }
}

/** A set with a new name for where its elements are. */
function renamed(term: Term, binding: Binding): Term {
  if (term.kind !== 'set' || term.members.kind === 'listed') return term
  const { members } = term
  const alias = binding.alias()
  return members.kind === 'array'
    ? { ...term, members: { ...members, alias } }
    : { ...term, members: { ...members, rows: { ...members.rows, alias } } }
}

function recordOf(place: Place): StagedRecord {
  const { mapping, attribute, path, of } = place
  const { type } = attribute
  if (mapping.kind !== 'record' || type.kind !== 'record') throw new Error('no record')
  const presence =
    attribute.isRequired || mapping.presence === undefined
      ? place.presence
      : [...place.presence, mapping.presence]
  return {
    attribute(name, at) {
      const field = type.attributes.get(name)
      if (field === undefined) return reject(`the schema gives \`${path.join('.')}\` no \`${name}\``, at)
      const found = mapping.fields.get(name)
      if (found === undefined) {
        const missing = `entities.${place.entity.type}.attributes.${path.join('.fields.')}.fields.${name}`
        return reject(`the mapping does not say where \`${name}\` is; add \`${missing}\``, at)
      }
      const isTotal = place.isTotal && field.isRequired
      return staged(
        { ...place, path: [...path, name], mapping: found, attribute: field, presence, isTotal },
        at,
      )
    },
    has(name, at) {
      const field = type.attributes.get(name)
      const found = mapping.fields.get(name)
      if (field?.isRequired === false && found === undefined)
        return reject(`the mapping does not say where \`${path.join('.')}.${name}\` is`, at)
      return (binding) =>
        hasIn(
          of,
          place,
          binding,
          (columns) => {
            const isThere = and(...presence.map((column) => isNotNull(columns.column(column))))
            const exists = and(columns.exists, isThere)
            if (field === undefined) return decide(FALSE, exists)
            if (field.isRequired) return { isTrue: exists, isFalse: FALSE, isTotal: exists === TRUE }
            return presenceRails(found as AttributeMapping, columns, exists)
          },
          [...path, name],
        )
    },
  }
}

/** `of has name`, where `of` is not known. */
export function hasAttribute(
  of: Staged,
  name: string,
  at: number,
  scene: Scene,
): (binding: Binding) => Rails {
  if (of.record !== undefined) return of.record.has(name, at)
  const type = entityTypeOf(of, at)
  const attribute = scene.schema.entities.get(type)?.attributes.attributes.get(name)
  if (attribute === undefined) return (binding) => decide(FALSE, isDefined(of.bind(binding)))
  if (of.access?.kind === 'expressions') {
    const { bind } = expressionAttribute(of.access.entity, name, attribute, at, scene)
    return attribute.isRequired ? () => ALWAYS : (binding) => decide(isDefined(bind(binding)), TRUE)
  }
  if (attribute.isRequired && of.access?.kind === 'row') return () => ALWAYS
  const { entity, mapping } = mappingOf(type, name, at, scene)
  const place: Place = { of, entity, path: [name], mapping, attribute, presence: [], isTotal: false }
  return (binding) =>
    hasIn(
      of,
      place,
      binding,
      (columns) => {
        if (attribute.isRequired) return decide(columns.exists, TRUE)
        return presenceRails(mapping, columns, TRUE)
      },
      [name],
    )
}

/** Asks a row, a row that is looked up, or a known entity. */
function hasIn(
  of: Staged,
  place: Place,
  binding: Binding,
  ask: (columns: Columns) => Rails,
  path: readonly string[],
): Rails {
  if (of.access?.kind === 'row') return ask(rowOf(place, of.access.alias))
  const through = (term: Term): Rails => {
    if (term.kind === 'choice') return choose(term.test, through(term.yes), through(term.no))
    if (term.kind === 'known') return hasKnown(term.value, path, binding)
    if (term.kind !== 'entity') return FAULT
    const { isTrue, isFalse } = ask(lookupOf(place, term, binding))
    const isSound = isDefined(term)
    return { isTrue: and(isSound, isTrue), isFalse: and(isSound, isFalse), isTotal: false }
  }
  return through(of.bind(binding))
}

/** An optional attribute is there where its column is not NULL. */
function presenceRails(mapping: AttributeMapping, columns: Columns, guard: Predicate): Rails {
  const column =
    mapping.kind === 'column'
      ? mapping
      : mapping.kind === 'record'
        ? mapping.presence
        : mapping.kind === 'array'
          ? {
              kind: 'column' as const,
              column: mapping.column,
              format: mapping.format,
              scale: 1,
              isExact: false,
            }
          : undefined
  if (column === undefined) return decide(columns.exists, guard)
  const operand = columns.column(column)
  const isTotal = guard === TRUE
  return { isTrue: and(guard, isNotNull(operand)), isFalse: and(guard, isNull(operand)), isTotal }
}

function readKnown(value: Outcome, path: readonly string[], binding: Binding, at: number): Outcome {
  let found: Outcome | undefined = value
  for (const name of path) {
    if (found instanceof EntityUid) found = entityOf(binding.env, found)?.attributes.get(name)
    else if (found instanceof CedarRecord) found = found.get(name)
    else return found ?? new Fault('attribute', 'the attribute is absent', at)
  }
  return found ?? new Fault('attribute', 'the attribute is absent', at)
}

function hasKnown(value: Outcome, path: readonly string[], binding: Binding): Rails {
  const owner = path.length === 1 ? value : readKnown(value, path.slice(0, -1), binding, -1)
  if (owner instanceof Fault) return FAULT
  const name = path.at(-1) as string
  const found =
    owner instanceof EntityUid
      ? entityOf(binding.env, owner)?.attributes.get(name)
      : owner instanceof CedarRecord
        ? owner.get(name)
        : new Fault('type', 'no record')
  if (found instanceof Fault) return FAULT
  return found === undefined ? NEVER : railsOf(known(true))
}

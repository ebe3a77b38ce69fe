import type { EntityType, Schema } from '../cedar/schema.ts'
import { describeType, type RecordType, type Type } from '../cedar/types.ts'
import type {
  AttributeConfig,
  AttributeMapping,
  ColumnConfig,
  ColumnMapping,
  EntityConfig,
  EntityMapping,
  IdFormat,
  Mapping,
  MappingConfig,
  ParentConfig,
  ParentMapping,
  Storage,
  TableName,
  TagsMapping,
} from './mapping.ts'
import { MappingError, type MappingMistake, mistakesOf } from './mapping-mistakes.ts'
import { mappingSchema } from './mapping-schema.ts'
import type { Format } from './predicate.ts'

/** The databases that SQL can be made for; `mysql` is MariaDB too. */
export type DialectName = 'postgres' | 'mysql' | 'sqlite'

/** Holds a mapping against a schema and a database. Throws MappingError with every mistake. */
export function readMapping(raw: unknown, schema: Schema, dialect: DialectName): Mapping {
  const parsed = mappingSchema.safeParse(raw)
  if (!parsed.success) throw wrong(mistakesOf(parsed.error.issues))
  const reader = new Reader(parsed.data as MappingConfig, schema, dialect)
  const mapping = reader.read()
  if (reader.mistakes.length > 0) throw wrong(reader.mistakes)
  return mapping
}

function wrong(mistakes: readonly MappingMistake[]): MappingError {
  return new MappingError('access.mapping-invalid', 'the mapping', mistakes)
}

class Reader {
  readonly mistakes: MappingMistake[] = []
  readonly #config: MappingConfig
  readonly #schema: Schema
  readonly #dialect: DialectName

  constructor(config: MappingConfig, schema: Schema, dialect: DialectName) {
    this.#config = config
    this.#schema = schema
    this.#dialect = dialect
  }

  read(): Mapping {
    const entities = new Map<string, EntityMapping>()
    for (const [type, config] of Object.entries(this.#config.entities)) {
      const known = this.#schema.entities.get(type)
      if (known === undefined) {
        const types = [...this.#schema.entities.keys()].join(', ')
        this.#note(`entities.${type}`, `the schema has no such entity type; there is ${types}`)
      } else entities.set(type, this.#entity(type, known, config))
    }
    this.#judgeCircles(entities)
    return { entities }
  }

  #note(path: string, message: string): undefined {
    this.mistakes.push({ path, message })
    return undefined
  }

  /** A type may be above itself; several types above each other have no order in which to look. */
  #judgeCircles(entities: ReadonlyMap<string, EntityMapping>): void {
    const above = (type: string): readonly string[] =>
      (entities.get(type)?.parents ?? [])
        .filter((parent) => parent.type !== type)
        .map((parent) => parent.type)
    for (const type of entities.keys()) {
      const seen = new Set<string>()
      const rest = [...above(type)]
      for (let next = rest.pop(); next !== undefined; next = rest.pop()) {
        if (next === type) {
          this.#note(
            `entities.${type}.parents`,
            `${type} is above itself through another type; that cannot be followed in SQL`,
          )
          break
        }
        if (!seen.has(next)) rest.push(...above(next))
        seen.add(next)
      }
    }
  }

  #entity(type: string, known: EntityType, config: EntityConfig): EntityMapping {
    const place = `entities.${type}`
    const { id = 'id' } = config
    const attributes = this.#fields(config.attributes ?? {}, known.attributes, `${place}.attributes`)
    const parents = Object.entries(config.parents ?? {}).flatMap(([parent, ways]) =>
      (Array.isArray(ways) ? ways : [ways]).flatMap((how: ParentConfig) =>
        this.#parent(parent, how, known, `${place}.parents.${parent}`),
      ),
    )
    if (parents.filter((way) => way.type === type).length > 1)
      this.#note(`${place}.parents.${type}`, `only one way may lead from ${type} to ${type}`)
    if (config.table === undefined && (attributes.size > 0 || config.parents !== undefined || config.tags))
      this.#note(place, 'attributes, parents and tags need a `table`')
    return {
      type,
      table: config.table === undefined ? undefined : { schema: config.schema, name: config.table },
      id: {
        column: typeof id === 'string' ? id : (id.column ?? 'id'),
        format: this.#idFormat(type),
        isExact: typeof id !== 'string' && id.exact === true,
      },
      attributes,
      parents,
      tags: this.#tags(config.tags, known, `${place}.tags`),
    }
  }

  #fields(
    config: Readonly<Record<string, AttributeConfig>>,
    type: RecordType,
    place: string,
  ): ReadonlyMap<string, AttributeMapping> {
    const found = new Map<string, AttributeMapping>()
    for (const [name, how] of Object.entries(config)) {
      const attribute = type.attributes.get(name)
      if (attribute === undefined) {
        const names = [...type.attributes.keys()].join(', ')
        this.#note(`${place}.${name}`, `the schema has no such attribute; there is ${names}`)
        continue
      }
      const mapped = this.#attribute(how, attribute.type, attribute.isRequired, `${place}.${name}`)
      if (mapped !== undefined) found.set(name, mapped)
    }
    return found
  }

  #attribute(
    how: AttributeConfig,
    type: Type,
    isRequired: boolean,
    place: string,
  ): AttributeMapping | undefined {
    const wrong = (message: string): undefined => this.#note(place, message)
    if (typeof how === 'object' && 'fields' in how) {
      if (type.kind !== 'record') return wrong(`\`fields\` are for records; this is ${describeType(type)}`)
      const fields = this.#fields(how.fields, type, `${place}.fields`)
      const presence = isRequired ? undefined : presenceOf(type, fields)
      if (!isRequired && presence === undefined)
        return wrong('an optional record needs a required field in a column, to tell whether it is there')
      return { kind: 'record', fields, presence }
    }
    if (typeof how === 'object' && ('table' in how || 'array' in how)) {
      if (type.kind !== 'set')
        return wrong(`a table or an array is for sets; this is ${describeType(type)}; name its column`)
      const element = this.#column(
        { column: 'value' },
        type.element,
        place,
        'table' in how ? how.storage : undefined,
      )
      if (element === undefined) return undefined
      if ('array' in how) {
        if (this.#dialect !== 'postgres')
          return wrong(`${this.#dialect} has no arrays; keep this set in a table: { table, owner, value }`)
        if (element.scale !== 1) return wrong('an array cannot hold seconds; keep this set in a table')
        return { kind: 'array', column: how.array, format: element.format }
      }
      if (!isRequired)
        return wrong(
          'a set in a table is empty where it is absent; make the attribute required in the schema',
        )
      return {
        kind: 'child',
        table: tableOf(how),
        owner: how.owner,
        value: { ...element, column: how.value },
      }
    }
    return this.#column(how, type, place)
  }

  #column(how: ColumnConfig, type: Type, place: string, storage?: Storage): ColumnMapping | undefined {
    const config = typeof how === 'string' ? { column: how } : how
    const kept = storage ?? config.storage
    const format = this.#format(type, kept)
    if (typeof format !== 'string') {
      const name = describeType(type)
      this.#note(place, format.mistake.replaceAll('$type', name))
      return undefined
    }
    const scale = kept === 'seconds' ? 1000 : 1
    return { kind: 'column', column: config.column, format, scale, isExact: config.exact === true }
  }

  /** How a value of a type lies in a column. */
  #format(type: Type, storage: Storage | undefined): Format | { readonly mistake: string } {
    if (type.kind === 'extension') return this.#extensionFormat(type.name, storage)
    if (storage !== undefined) return { mistake: `\`storage\` is for times and decimals; this is $type` }
    switch (type.kind) {
      case 'true':
      case 'false':
      case 'Bool':
        return 'boolean'
      case 'Long':
        return 'integer'
      case 'String':
        return 'text'
      case 'entity':
        return type.names.length === 1
          ? this.#idFormat(type.names[0] as string)
          : { mistake: 'a column holds entities of one type; this is $type' }
      case 'record':
        return { mistake: '$type is a record; say { fields: ... }' }
      case 'set':
        return { mistake: '$type is a set; say { table, owner, value } or, in PostgreSQL, { array }' }
      case 'never':
        return { mistake: 'this set has no type of element' }
      default:
        return type satisfies never
    }
  }

  #extensionFormat(name: string, storage: Storage | undefined): Format | { readonly mistake: string } {
    const isSqlite = this.#dialect === 'sqlite'
    const wrong = (kinds: string): { readonly mistake: string } => ({
      mistake: `$type cannot be kept as \`${storage}\` in ${this.#dialect}; say ${kinds}`,
    })
    if (name === 'datetime') {
      const kept = storage ?? (isSqlite ? 'milliseconds' : 'timestamp')
      if (kept === 'milliseconds' || kept === 'seconds') return 'integer'
      return kept === 'timestamp' && !isSqlite ? 'timestamp' : wrong('milliseconds or seconds')
    }
    if (name === 'duration') {
      const isWhole = storage === undefined || storage === 'milliseconds' || storage === 'seconds'
      return isWhole ? 'integer' : wrong('milliseconds or seconds')
    }
    if (name === 'decimal') {
      const kept = storage ?? (isSqlite ? 'units' : 'numeric')
      if (kept === 'units') return 'integer'
      return kept === 'numeric' && !isSqlite ? 'numeric' : wrong('units')
    }
    if (storage !== undefined) return { mistake: '`storage` is for times and decimals; this is $type' }
    if (this.#dialect === 'postgres') return 'inet'
    return { mistake: `${this.#dialect} has no type for addresses; map $type in PostgreSQL only` }
  }

  #idFormat(type: string): IdFormat {
    const id = this.#config.entities[type]?.id
    return typeof id === 'object' ? (id.format ?? 'text') : 'text'
  }

  #parent(parent: string, how: ParentConfig, known: EntityType, place: string): ParentMapping[] {
    if (!known.ancestors.has(parent)) {
      const types = [...known.ancestors].join(', ')
      const there = types === '' ? 'nothing is above it' : `there is ${types}`
      this.#note(place, `the schema does not put ${known.name} in ${parent}; ${there}`)
      return []
    }
    if (typeof how === 'string') return [{ kind: 'column', type: parent, column: how }]
    if ('column' in how) return [{ kind: 'column', type: parent, column: how.column }]
    if ('closure' in how) {
      const table = { schema: how.schema, name: how.closure }
      return [{ kind: 'closure', type: parent, table, child: how.descendant, parent: how.ancestor }]
    }
    return [{ kind: 'table', type: parent, table: tableOf(how), child: how.child, parent: how.parent }]
  }

  #tags(config: EntityConfig['tags'], known: EntityType, place: string): TagsMapping | undefined {
    if (config === undefined) return undefined
    if (known.tags === undefined) {
      this.#note(place, `the schema gives ${known.name} no tags`)
      return undefined
    }
    const value = this.#column({ column: config.value }, known.tags, place, config.storage)
    return value && { table: tableOf(config), owner: config.owner, key: config.key, value }
  }
}

function tableOf(config: { readonly table: string; readonly schema?: string }): TableName {
  return { schema: config.schema, name: config.table }
}

/** A required field that is a column: it is NULL exactly where the whole record is absent. */
function presenceOf(
  type: RecordType,
  fields: ReadonlyMap<string, AttributeMapping>,
): ColumnMapping | undefined {
  for (const [name, field] of fields) {
    if (type.attributes.get(name)?.isRequired !== true) continue
    if (field.kind === 'column') return field
    if (field.kind === 'record' && field.presence !== undefined) return field.presence
  }
  return undefined
}

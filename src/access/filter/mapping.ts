import type { Format } from './predicate.ts'

/** How a column keeps its value, where that does not follow from Cedar's type. */
export type Storage =
  /** datetime: `timestamptz` of PostgreSQL, DATETIME in UTC of MySQL. */
  | 'timestamp'
  /** datetime and duration: whole milliseconds (since 1970), or whole seconds. */
  | 'milliseconds'
  | 'seconds'
  /** decimal: NUMERIC with at most four decimal places. */
  | 'numeric'
  /** decimal: a whole number of ten-thousandths, as Cedar keeps it. */
  | 'units'

/** The ids of an entity type in the database: `text` unless said. */
export type IdFormat = 'text' | 'uuid' | 'integer'

/** A column by its name, or with what must be said about it. */
export type ColumnConfig =
  | string
  | {
      readonly column: string
      readonly storage?: Storage
      /** The column compares by bytes (`utf8mb4_nopad_bin`, VARBINARY); spares MySQL a second comparison. */
      readonly exact?: boolean
    }

/** Where an attribute is. */
export type AttributeConfig =
  | ColumnConfig
  /** A record whose fields are columns of the same row. */
  | { readonly fields: Readonly<Record<string, AttributeConfig>> }
  /** A set as a table of its own: one row for each element, none of them NULL. */
  | {
      readonly table: string
      readonly schema?: string
      readonly owner: string
      readonly value: string
      readonly storage?: Storage
    }
  /** A set as an array column of PostgreSQL without NULL in it. */
  | { readonly array: string }

/** How an entity is below one of another type (or of its own). */
export type ParentConfig =
  /** A column of its own row. */
  | string
  | { readonly column: string }
  /** A table of pairs. */
  | {
      readonly table: string
      readonly schema?: string
      readonly child: string
      readonly parent: string
    }
  /** A table that an application keeps of everything above everything, so that nothing recurs. */
  | {
      readonly closure: string
      readonly schema?: string
      readonly descendant: string
      readonly ancestor: string
    }

/** One entity type of the schema. Without a table its ids can be compared, and that is all. */
export interface EntityConfig {
  readonly table?: string
  /** The database schema of the table. */
  readonly schema?: string
  /** `id` unless said. */
  readonly id?: string | { readonly column?: string; readonly format?: IdFormat; readonly exact?: boolean }
  readonly attributes?: Readonly<Record<string, AttributeConfig>>
  /** By the type above; several ways may lead there. */
  readonly parents?: Readonly<Record<string, ParentConfig | readonly ParentConfig[]>>
  /** Tags as a table: one row for each tag of each entity. */
  readonly tags?: {
    readonly table: string
    readonly schema?: string
    readonly owner: string
    readonly key: string
    readonly value: string
    readonly storage?: Storage
  }
}

/** Where Cedar's entities are in a database: plain data, as YAML or JSON holds it. */
export interface MappingConfig {
  readonly entities: Readonly<Record<string, EntityConfig>>
}

/** A table and the database schema that it is in, if one is named. */
export interface TableName {
  readonly schema: string | undefined
  readonly name: string
}

/** A column, as the compiler wants it. */
export interface ColumnMapping {
  readonly kind: 'column'
  readonly column: string
  readonly format: Format
  /** By how much a whole number is multiplied to count milliseconds; 1 for all else. */
  readonly scale: number
  readonly isExact: boolean
}

export type AttributeMapping =
  | ColumnMapping
  | {
      readonly kind: 'record'
      readonly fields: ReadonlyMap<string, AttributeMapping>
      /** The column that is NULL exactly where an optional record is absent. */
      readonly presence: ColumnMapping | undefined
    }
  | {
      readonly kind: 'child'
      readonly table: TableName
      readonly owner: string
      readonly value: ColumnMapping
    }
  | { readonly kind: 'array'; readonly column: string; readonly format: Format }

/** One way from an entity to one above it. */
export type ParentMapping =
  | { readonly kind: 'column'; readonly type: string; readonly column: string }
  | {
      readonly kind: 'table'
      readonly type: string
      readonly table: TableName
      readonly child: string
      readonly parent: string
    }
  /** Of everything above it of that type, not only of its parents. */
  | {
      readonly kind: 'closure'
      readonly type: string
      readonly table: TableName
      readonly child: string
      readonly parent: string
    }

export interface TagsMapping {
  readonly table: TableName
  readonly owner: string
  readonly key: string
  readonly value: ColumnMapping
}

export interface EntityMapping {
  readonly type: string
  readonly table: TableName | undefined
  readonly id: { readonly column: string; readonly format: IdFormat; readonly isExact: boolean }
  readonly attributes: ReadonlyMap<string, AttributeMapping>
  readonly parents: readonly ParentMapping[]
  readonly tags: TagsMapping | undefined
}

/** A mapping that was held against a schema. */
export interface Mapping {
  readonly entities: ReadonlyMap<string, EntityMapping>
}

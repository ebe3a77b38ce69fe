import type { IdFormat, Storage } from './mapping.ts'

/**
 * What the compiler knows of the principal or the resource when it makes SQL:
 * an entity that comes with each request, a row of a mapped table, or SQL expressions that the database evaluates.
 */
export type Party =
  | { readonly kind: 'known'; readonly type: string }
  /** `alias` is what the query calls the table; its own name unless said. */
  | { readonly kind: 'row'; readonly type: string; readonly alias?: string }
  | SqlEntity

/** What the compiler knows of the context. */
export type ContextParty =
  | { readonly kind: 'known' }
  /** An attribute that is not listed cannot be read: a policy that does is refused when it is loaded. */
  | { readonly kind: 'expressions'; readonly attributes: Readonly<Record<string, SqlAttribute>> }

/**
 * An entity made of SQL expressions, for row-level security: the compiler puts the text into its SQL as it is.
 * It must come from the program, never from a request. NULL means that an attribute is absent.
 */
export interface SqlEntity {
  readonly kind: 'expressions'
  readonly type: string
  /** Of the format of the entity type's ids in the mapping (`text` unless the mapping says otherwise); never NULL where access may be given. */
  readonly id: string
  /** By name. What is not listed cannot be read: a policy that does is refused when it is loaded. */
  readonly attributes: Readonly<Record<string, SqlAttribute>>
  /** By entity type: an array expression with the ids of everything above it, in the format of that type's ids. A policy that asks for a type that is not listed is refused. */
  readonly ancestors?: Readonly<Record<string, string>>
}

/**
 * SQL for one attribute. Text alone stands for a value of the attribute's Cedar type: text, bigint, boolean,
 * timestamptz (datetime), numeric (decimal), inet (ipaddr), bigint milliseconds (duration), an entity's id.
 */
export type SqlAttribute =
  | string
  | { readonly sql: string; readonly storage?: Storage; readonly format?: IdFormat }
  /** A set: an array expression without NULL in it. */
  | { readonly array: string }
  | { readonly fields: Readonly<Record<string, SqlAttribute>> }

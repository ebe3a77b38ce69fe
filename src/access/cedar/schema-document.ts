/** What a name in a schema may refer to; `any` is for the human format, which does not say. */
export type NameRole = 'any' | 'entity' | 'common' | 'extension' | 'primitive'

/** A type as written, with names that are yet to be looked up. */
export type WrittenType =
  | { readonly kind: 'name'; readonly name: string; readonly role: NameRole; readonly at: number }
  | { readonly kind: 'set'; readonly element: WrittenType }
  | WrittenRecord

/** A record type as written. */
export interface WrittenRecord {
  readonly kind: 'record'
  readonly attributes: ReadonlyMap<string, { readonly type: WrittenType; readonly isRequired: boolean }>
}

/** A name and where it stands. */
export interface WrittenName {
  readonly name: string
  readonly at: number
}

/** An entity type as written. */
export interface WrittenEntity extends WrittenName {
  readonly memberOf: readonly WrittenName[]
  readonly shape: WrittenType | undefined
  readonly tags: WrittenType | undefined
  readonly ids: readonly string[] | undefined
}

/** An action as written. */
export interface WrittenAction {
  readonly id: string
  readonly at: number
  /** Without a type: an action of the same namespace, or else of none. */
  readonly memberOf: readonly {
    readonly type: string | undefined
    readonly id: string
    readonly at: number
  }[]
  readonly principals: readonly WrittenName[]
  readonly resources: readonly WrittenName[]
  readonly context: WrittenType | undefined
}

/** One namespace as written; the one without a name is called ''. */
export interface WrittenNamespace {
  readonly name: string
  readonly commonTypes: Map<string, { readonly type: WrittenType; readonly at: number }>
  readonly entities: Map<string, WrittenEntity>
  readonly actions: Map<string, WrittenAction>
}

/** A namespace before anything is declared in it. */
export function emptyNamespace(name: string): WrittenNamespace {
  return { name, commonTypes: new Map(), entities: new Map(), actions: new Map() }
}

/** Words that no common type may be called: the built-in kinds of types. */
export const BUILT_IN_WORDS: ReadonlySet<string> = new Set([
  'Bool',
  'Boolean',
  'Entity',
  'Extension',
  'Long',
  'Record',
  'Set',
  'String',
])

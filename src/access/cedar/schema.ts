import type { EntityUid } from './value.ts'
import type { RecordType, Type } from './types.ts'

/** What a schema says of one entity type. */
export interface EntityType {
  readonly name: string
  /** The types that its entities may be below, directly or not. */
  readonly ancestors: ReadonlySet<string>
  readonly attributes: RecordType
  readonly tags: Type | undefined
  /** The only ids that its entities may have. */
  readonly ids: readonly string[] | undefined
}

/** What a schema says of one action. */
export interface ActionType {
  readonly uid: EntityUid
  readonly parents: readonly EntityUid[]
  /** Keys of the actions above it, directly or not. */
  readonly ancestors: ReadonlySet<string>
  readonly principals: readonly string[]
  readonly resources: readonly string[]
  readonly context: RecordType
}

/** A schema with all its names resolved. */
export interface Schema {
  readonly entities: ReadonlyMap<string, EntityType>
  /** By key. */
  readonly actions: ReadonlyMap<string, ActionType>
}

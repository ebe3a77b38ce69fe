/** What a schema says of one entity type, as TypeScript knows it. */
export interface ModelEntity {
  /** `string`, or the ids of an enumerated type. */
  readonly id: string
  readonly attributes: object
  /** `never` where the type has no tags. */
  readonly tags: unknown
  /** The types that an entity may be below. */
  readonly parents: string
}

/** What a schema says of one action, as TypeScript knows it. */
export interface ModelAction {
  readonly principal: string
  readonly resource: string
  readonly context: object
}

/** The shape of what `typesFromSchema` writes; as itself it stands for any schema, without help from types. */
export interface AccessModel {
  readonly entities: Readonly<Record<string, ModelEntity>>
  readonly actions: Readonly<Record<string, ModelAction>>
}

/** Objects of the application by entity type; a reader says how each is read. */
export type AccessObjects = object

/** An action's name: its id, or its whole text where two namespaces have the same id. */
export type ActionName<M extends AccessModel> = keyof M['actions'] & string

/** A type's name. */
export type EntityName<M extends AccessModel> = keyof M['entities'] & string

/** The name of an entity. */
export interface EntityRef<T extends string = string> {
  readonly type: T
  readonly id: string
}

/** One entity of a request: its attributes, an object that the type's reader reads, or its name alone. */
export type Given<M extends AccessModel, O extends AccessObjects, T extends string> = T extends unknown
  ? | GivenAttributes<M['entities'][T], T>
    | (string extends T ? GivenObject<T, unknown> : T extends keyof O ? GivenObject<T, O[T]> : never)
  : never

/** An entity by its attributes. With its name alone, it is found or loaded, if its type's reader can. */
export interface GivenAttributes<E extends ModelEntity, T extends string> {
  readonly type: T
  readonly id: E['id']
  readonly attributes?: E['attributes']
  readonly parents?: readonly EntityRef<E['parents']>[]
  readonly tags?: Readonly<Record<string, E['tags']>>
}

/** An entity by an object of the application. */
export interface GivenObject<T extends string, Row> {
  readonly type: T
  readonly object: Row
}

/** May this principal do this action on this resource? */
export type CheckRequest<
  M extends AccessModel,
  O extends AccessObjects = object,
  A extends ActionName<M> = ActionName<M>,
> = {
  readonly principal: Given<M, O, M['actions'][A]['principal']>
  readonly action: A
  readonly resource: Given<M, O, M['actions'][A]['resource']>
} & ContextOf<M['actions'][A]['context']>

type ContextOf<C extends object> = object extends C
  ? { readonly context?: C }
  : string extends keyof C
    ? { readonly context?: C }
    : { readonly context: C }

/** A request for any action, its parts matched to that action. */
export type AnyRequest<M extends AccessModel, O extends AccessObjects = object> = {
  readonly [A in ActionName<M>]: CheckRequest<M, O, A>
}[ActionName<M>]

/** A request as the code sees it, whose types the compiler has judged or nobody has. */
export interface UntypedRequest {
  readonly principal: UntypedEntity
  readonly action: string
  readonly resource: UntypedEntity
  readonly context?: object | undefined
}

/** An entity of a request as the code sees it. */
export interface UntypedEntity {
  readonly type: string
  readonly id?: string
  readonly attributes?: object
  readonly parents?: readonly EntityRef[]
  readonly tags?: object
  readonly object?: unknown
}

/** How objects of one entity type are read. Attributes that are not named here are properties of their own name. */
export interface ObjectReader<Row, E extends ModelEntity = ModelEntity> {
  id(object: Row): E['id']
  readonly attributes?: { readonly [A in keyof E['attributes']]?: (object: Row) => E['attributes'][A] }
  parents?(object: Row): readonly EntityRef<E['parents']>[]
  tags?(object: Row): Readonly<Record<string, E['tags']>>
  /** Finds an object that is in memory, while the decision is made. */
  find?(id: string): Row | undefined
  /** Fetches objects before the decision is made; what is not among the answer does not exist. */
  load?(ids: readonly string[], wanted: Wanted): Promise<readonly Row[]>
}

/** What policies look at in entities of one type. */
export interface Wanted {
  readonly attributes: readonly string[]
  readonly parents: boolean
  readonly tags: boolean
}

/** A reader for each type whose objects the application gives. */
export type ObjectReaders<M extends AccessModel, O extends AccessObjects> = {
  readonly [T in keyof O]: ObjectReader<O[T], T extends EntityName<M> ? M['entities'][T] : never>
}

/** A reader as the code sees it. */
export type UntypedReader = ObjectReader<unknown>

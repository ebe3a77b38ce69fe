import type { ExtensionTypeName } from './extensions/functions.ts'
import type { ActionType, EntityType, Schema } from './schema.ts'
import type { WrittenAction, WrittenName, WrittenNamespace, WrittenType } from './schema-document.ts'
import { MAX_DEPTH, Unreadable } from './syntax.ts'
import type { AttributeType, RecordType, Type } from './types.ts'
import { EntityUid } from './value.ts'

const BUILT_IN: ReadonlyMap<string, Type> = new Map<string, Type>([
  ['Bool', { kind: 'Bool' }],
  ['Long', { kind: 'Long' }],
  ['String', { kind: 'String' }],
  ...(['ipaddr', 'decimal', 'datetime', 'duration'] satisfies ExtensionTypeName[]).map(
    (name): [string, Type] => [name, { kind: 'extension', name }],
  ),
])

/** The type of a record without attributes. */
export const EMPTY_RECORD_TYPE: RecordType = { kind: 'record', attributes: new Map() }

/** Looks up every name of a schema, as Cedar RFC 24 and RFC 70 define it. Throws `Unreadable`. */
export function resolveSchema(namespaces: readonly WrittenNamespace[]): Schema {
  return new Resolver(namespaces).resolve()
}

function qualify(namespace: string, name: string): string {
  return namespace === '' ? name : `${namespace}::${name}`
}

class Resolver {
  readonly #namespaces: readonly WrittenNamespace[]
  readonly #common = new Map<string, { readonly type: WrittenType; readonly namespace: string }>()
  readonly #entities = new Map<string, number>()
  readonly #actions = new Set<string>()
  /** `Action` in each namespace that has actions; an attribute may be of such a type. */
  readonly #actionTypes = new Set<string>()
  /** Common types that are resolved, and those being resolved. */
  readonly #resolved = new Map<string, Type | 'open'>()

  constructor(namespaces: readonly WrittenNamespace[]) {
    this.#namespaces = namespaces
    for (const { name: namespace, commonTypes, entities, actions } of namespaces) {
      for (const [name, { type }] of commonTypes)
        this.#common.set(qualify(namespace, name), { type, namespace })
      for (const [name, { at }] of entities) {
        if (name === 'Action') throw new Unreadable('an entity type cannot be called `Action`', at)
        this.#entities.set(qualify(namespace, name), at)
      }
      for (const id of actions.keys()) this.#actions.add(actionUid(namespace, id).key)
      if (actions.size > 0) this.#actionTypes.add(qualify(namespace, 'Action'))
    }
    for (const { name: namespace, commonTypes, entities, actions } of namespaces) {
      if (namespace === '') continue
      for (const { id, at } of actions.values())
        if (this.#actions.has(actionUid('', id).key))
          throw new Unreadable(`the action \`${id}\` hides the one without a namespace`, at)
      for (const [name, { at }] of [...commonTypes, ...entities]) this.#refuseShadow(namespace, name, at)
    }
  }

  resolve(): Schema {
    const entities = new Map<string, EntityType>()
    const parents = new Map<string, readonly string[]>()
    const actions = new Map<string, ActionType>()
    const actionParents = new Map<string, readonly string[]>()
    for (const { name: namespace, ...declared } of this.#namespaces) {
      for (const written of declared.entities.values())
        parents.set(qualify(namespace, written.name), this.#entityNames(written.memberOf, namespace))
      for (const written of declared.actions.values())
        actionParents.set(
          actionUid(namespace, written.id).key,
          this.#actionParents(written, namespace).map((parent) => parent.key),
        )
      for (const name of declared.commonTypes.keys()) this.#commonType(qualify(namespace, name), -1, 0)
    }
    for (const { name: namespace, ...declared } of this.#namespaces) {
      for (const { name, at, shape, tags, ids } of declared.entities.values()) {
        const full = qualify(namespace, name)
        entities.set(full, {
          name: full,
          ancestors: ancestorsOf(full, parents),
          attributes: this.#record(shape, namespace, at),
          tags: tags === undefined ? undefined : this.#type(tags, namespace, 0),
          ids,
        })
      }
      for (const written of declared.actions.values()) {
        const uid = actionUid(namespace, written.id)
        const ancestors = ancestorsOf(uid.key, actionParents)
        if (ancestors.has(uid.key))
          throw new Unreadable(`the action \`${uid.toString()}\` is above itself`, written.at)
        actions.set(uid.key, {
          uid,
          parents: this.#actionParents(written, namespace),
          ancestors,
          principals: this.#entityNames(written.principals, namespace),
          resources: this.#entityNames(written.resources, namespace),
          context: this.#record(written.context, namespace, written.at),
        })
      }
    }
    return { entities, actions }
  }

  #refuseShadow(namespace: string, name: string, at: number): void {
    if (this.#common.has(name) || this.#entities.has(name))
      throw new Unreadable(
        `\`${qualify(namespace, name)}\` hides \`${name}\`; give one of them another name`,
        at,
      )
  }

  #entityNames(names: readonly WrittenName[], namespace: string): string[] {
    return names.map(({ name, at }) => {
      const full = this.#entityName(name, namespace)
      if (full === undefined) throw new Unreadable(`there is no entity type \`${name}\``, at)
      return full
    })
  }

  #entityName(name: string, namespace: string): string | undefined {
    return candidates(name, namespace).find((full) => this.#entities.has(full))
  }

  #actionParents(written: WrittenAction, namespace: string): EntityUid[] {
    return written.memberOf.map(({ type = 'Action', id, at }) => {
      const uid = candidates(type, namespace)
        .map((full) => new EntityUid(full, id))
        .find(({ key }) => this.#actions.has(key))
      if (uid === undefined) throw new Unreadable(`there is no action \`${id}\``, at)
      return uid
    })
  }

  #record(written: WrittenType | undefined, namespace: string, at: number): RecordType {
    if (written === undefined) return EMPTY_RECORD_TYPE
    const type = this.#type(written, namespace, 0)
    if (type.kind !== 'record') throw new Unreadable('expected a record type here', at)
    return type
  }

  #type(written: WrittenType, namespace: string, depth: number): Type {
    if (depth > MAX_DEPTH) throw new Unreadable(`a type nests deeper than ${MAX_DEPTH} levels`)
    if (written.kind === 'set')
      return { kind: 'set', element: this.#type(written.element, namespace, depth + 1) }
    if (written.kind === 'record') {
      const attributes = new Map<string, AttributeType>()
      for (const [name, { type, isRequired }] of written.attributes)
        attributes.set(name, { type: this.#type(type, namespace, depth + 1), isRequired })
      return { kind: 'record', attributes }
    }
    const { name, role, at } = written
    const type = this.#named(name, role, namespace, at, depth)
    if (type === undefined) throw new Unreadable(`there is no type \`${name}\``, at)
    return type
  }

  #named(name: string, role: string, namespace: string, at: number, depth: number): Type | undefined {
    const builtIn = BUILT_IN.get(name.startsWith('__cedar::') ? name.slice(9) : name)
    if (name.startsWith('__cedar::')) return builtIn
    if (role === 'extension') return builtIn?.kind === 'extension' ? builtIn : undefined
    for (const full of candidates(name, namespace)) {
      if (role !== 'entity' && this.#common.has(full)) return this.#commonType(full, at, depth)
      if (role !== 'common' && (this.#entities.has(full) || this.#actionTypes.has(full)))
        return { kind: 'entity', names: [full] }
    }
    return role === 'entity' ? undefined : builtIn
  }

  #commonType(full: string, at: number, depth: number): Type {
    const known = this.#resolved.get(full)
    if (known === 'open') throw new Unreadable(`the type \`${full}\` contains itself`, at)
    if (known !== undefined) return known
    const { type, namespace } = this.#common.get(full) as { type: WrittenType; namespace: string }
    this.#resolved.set(full, 'open')
    const resolved = this.#type(type, namespace, depth + 1)
    this.#resolved.set(full, resolved)
    return resolved
  }
}

function actionUid(namespace: string, id: string): EntityUid {
  return new EntityUid(qualify(namespace, 'Action'), id)
}

/** A name without a namespace is looked up in its own namespace, then in none. */
function candidates(name: string, namespace: string): readonly string[] {
  return namespace === '' || name.includes('::') ? [name] : [qualify(namespace, name), name]
}

/** Everything that can be reached; a type may be above itself. */
function ancestorsOf(start: string, parents: ReadonlyMap<string, readonly string[]>): ReadonlySet<string> {
  const found = new Set<string>()
  const rest = [...(parents.get(start) ?? [])]
  for (let next = rest.pop(); next !== undefined; next = rest.pop()) {
    if (found.has(next)) continue
    found.add(next)
    rest.push(...(parents.get(next) ?? []))
  }
  return found
}

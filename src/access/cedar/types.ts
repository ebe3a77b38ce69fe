import type { ExtensionTypeName } from './extensions/functions.ts'

/** What a schema says of one attribute. */
export interface AttributeType {
  readonly type: Type
  readonly isRequired: boolean
}

/** The attributes of a record or an entity. */
export interface RecordType {
  readonly kind: 'record'
  readonly attributes: ReadonlyMap<string, AttributeType>
  /** There may be other attributes too; only where permissive validation joined two records. */
  readonly isOpen?: boolean
}

/** A type of a schema, or what the validator knows of an expression. */
export type Type =
  /** Of no value: the elements of an empty set. */
  | { readonly kind: 'never' }
  | { readonly kind: 'true' }
  | { readonly kind: 'false' }
  | { readonly kind: 'Bool' }
  | { readonly kind: 'Long' }
  | { readonly kind: 'String' }
  | { readonly kind: 'extension'; readonly name: ExtensionTypeName }
  /** An entity of one of these types; they are sorted. */
  | { readonly kind: 'entity'; readonly names: readonly string[] }
  | { readonly kind: 'set'; readonly element: Type }
  | RecordType

/** Strict validation joins only types that are alike; permissive validation joins records and entities too. */
export type ValidationMode = 'strict' | 'permissive'

/** The types that need nothing more said. */
export const BOOL: Type = { kind: 'Bool' }
export const TRUE: Type = { kind: 'true' }
export const FALSE: Type = { kind: 'false' }
export const LONG: Type = { kind: 'Long' }
export const STRING: Type = { kind: 'String' }
export const NEVER: Type = { kind: 'never' }

/** Whether a type is Bool, or one of its two values alone. */
export function isBool(type: Type): boolean {
  return type.kind === 'Bool' || type.kind === 'true' || type.kind === 'false'
}

/** Whether every value of the first type is one of the second. */
export function isSubtype(type: Type, of: Type, mode: ValidationMode): boolean {
  if (type.kind === 'never') return true
  if (type.kind === 'true' || type.kind === 'false') return of.kind === 'Bool' || of.kind === type.kind
  switch (type.kind) {
    case 'Bool':
    case 'Long':
    case 'String':
      return of.kind === type.kind
    case 'extension':
      return of.kind === 'extension' && of.name === type.name
    case 'set':
      return of.kind === 'set' && isSubtype(type.element, of.element, mode)
    case 'entity':
      return (
        of.kind === 'entity' &&
        (mode === 'strict'
          ? sameNames(type.names, of.names)
          : type.names.every((name) => of.names.includes(name)))
      )
    case 'record':
      return of.kind === 'record' && isSubrecord(type, of, mode)
    default:
      return type satisfies never
  }
}

function sameNames(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && left.every((name, at) => name === right[at])
}

function isSubrecord(type: RecordType, of: RecordType, mode: ValidationMode): boolean {
  if (type.isOpen === true && of.isOpen !== true) return false
  const mayHaveMore = of.isOpen === true && mode === 'permissive'
  if (!mayHaveMore && type.attributes.size !== of.attributes.size) return false
  for (const [name, wanted] of of.attributes) {
    const attribute = type.attributes.get(name)
    if (attribute === undefined || !isSubtype(attribute.type, wanted.type, mode)) return false
    const fits =
      mode === 'strict'
        ? attribute.isRequired === wanted.isRequired
        : attribute.isRequired || !wanted.isRequired
    if (!fits) return false
  }
  return true
}

/** The least type that has the values of both, or undefined where there is none. */
export function join(left: Type, right: Type, mode: ValidationMode): Type | undefined {
  if (isSubtype(left, right, mode)) return right
  if (isSubtype(right, left, mode)) return left
  if (isBool(left) && isBool(right)) return BOOL
  if (left.kind === 'set' && right.kind === 'set') {
    const element = join(left.element, right.element, mode)
    return element === undefined ? undefined : { kind: 'set', element }
  }
  if (left.kind === 'entity' && right.kind === 'entity') {
    if (mode === 'strict') return undefined
    return { kind: 'entity', names: [...new Set([...left.names, ...right.names])].sort() }
  }
  return left.kind === 'record' && right.kind === 'record' ? joinRecords(left, right, mode) : undefined
}

function joinRecords(left: RecordType, right: RecordType, mode: ValidationMode): RecordType | undefined {
  const isAlike =
    left.attributes.size === right.attributes.size &&
    [...left.attributes.keys()].every((name) => right.attributes.has(name))
  if (mode === 'strict' && !isAlike) return undefined
  const attributes = new Map<string, AttributeType>()
  for (const [name, one] of left.attributes) {
    const other = right.attributes.get(name)
    const type = other === undefined ? undefined : join(one.type, other.type, mode)
    if (mode === 'strict' && (type === undefined || one.isRequired !== other?.isRequired)) return undefined
    if (type !== undefined)
      attributes.set(name, { type, isRequired: one.isRequired && other?.isRequired === true })
  }
  const isOpen =
    left.isOpen === true || right.isOpen === true || attributes.size < left.attributes.size || !isAlike
  return isOpen ? { kind: 'record', attributes, isOpen } : { kind: 'record', attributes }
}

/** A type as a reader of the schema would write it. */
export function describeType(type: Type): string {
  switch (type.kind) {
    case 'never':
      return 'nothing'
    case 'true':
      return 'Bool (always true)'
    case 'false':
      return 'Bool (always false)'
    case 'extension':
      return type.name
    case 'entity':
      return type.names.join(' or ')
    case 'set':
      return `Set<${describeType(type.element)}>`
    case 'record': {
      const fields = [...type.attributes].map(
        ([name, { type: field, isRequired }]) => `${name}${isRequired ? '' : '?'}: ${describeType(field)}`,
      )
      return `{${fields.join(', ')}${type.isOpen === true ? ', ...' : ''}}`
    }
    case 'Bool':
    case 'Long':
    case 'String':
      return type.kind
    default:
      return type satisfies never
  }
}

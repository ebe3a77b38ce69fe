import { Cursor } from './cursor.ts'
import { lex } from './lexer.ts'
import type { Schema } from './schema.ts'
import {
  BUILT_IN_WORDS,
  emptyNamespace,
  type WrittenName,
  type WrittenNamespace,
  type WrittenRecord,
  type WrittenType,
} from './schema-document.ts'
import { resolveSchema } from './schema-resolver.ts'
import { attempt, type Parsed, Unreadable } from './syntax.ts'

/** Reads a schema in Cedar's human format. */
export function parseSchema(text: string): Parsed<Schema> {
  return attempt(text, () => {
    const cursor = new Cursor(lex(text).tokens)
    const namespaces = new Map<string, WrittenNamespace>([['', emptyNamespace('')]])
    while (!cursor.isAtEnd) {
      skipAnnotations(cursor)
      if (cursor.is('namespace')) readNamespace(cursor, namespaces)
      else readDeclaration(cursor, namespaces.get('') as WrittenNamespace, '`namespace`, ')
    }
    return resolveSchema([...namespaces.values()])
  })
}

/** Annotations of a schema mean nothing to a decision; they are read and dropped. */
function skipAnnotations(cursor: Cursor): void {
  const seen = new Set<string>()
  while (cursor.accept('@')) {
    const { text, start } = cursor.expectAnyName('an annotation name after `@`')
    if (seen.has(text)) throw new Unreadable(`the annotation \`@${text}\` is there twice`, start)
    seen.add(text)
    if (!cursor.accept('(')) continue
    cursor.expectString('a string in the annotation')
    cursor.expect(')', 'after the value of the annotation')
  }
}

function readNamespace(cursor: Cursor, namespaces: Map<string, WrittenNamespace>): void {
  cursor.take()
  const { start } = cursor.token
  const name = cursor.expectPath('a name after `namespace`')
  if (namespaces.has(name)) throw new Unreadable(`the namespace \`${name}\` is there twice`, start)
  const namespace = emptyNamespace(name)
  namespaces.set(name, namespace)
  cursor.expect('{', 'after the name of the namespace')
  while (!cursor.accept('}')) {
    skipAnnotations(cursor)
    readDeclaration(cursor, namespace, '`}`, ')
  }
}

function readDeclaration(cursor: Cursor, namespace: WrittenNamespace, alternative: string): void {
  if (cursor.accept('entity')) readEntityTypes(cursor, namespace)
  else if (cursor.accept('action')) readActions(cursor, namespace)
  else if (cursor.accept('type')) readCommonType(cursor, namespace)
  else cursor.fail(`${alternative}\`entity\`, \`action\` or \`type\``)
  cursor.expect(';', 'at the end of the declaration')
}

function readCommonType(cursor: Cursor, namespace: WrittenNamespace): void {
  const { start: at } = cursor.token
  const name = cursor.expectName('a name after `type`')
  if (BUILT_IN_WORDS.has(name)) throw new Unreadable(`a type cannot be called \`${name}\``, at)
  if (namespace.commonTypes.has(name)) throw new Unreadable(`the type \`${name}\` is there twice`, at)
  cursor.expect('=', 'after the name of the type')
  namespace.commonTypes.set(name, { type: readType(cursor), at })
}

/** One or more, with commas between them and none after the last. */
function readSeveral<T>(cursor: Cursor, read: () => T): T[] {
  const several = [read()]
  while (cursor.accept(',')) several.push(read())
  return several
}

function readPathAt(cursor: Cursor, what: string): WrittenName {
  const { start: at } = cursor.token
  return { name: cursor.expectPath(what), at }
}

function readEntityTypes(cursor: Cursor, namespace: WrittenNamespace): void {
  const names = readSeveral(cursor, () => {
    const { start: at } = cursor.token
    return { name: cursor.expectName('a name after `entity`'), at }
  })
  const isEnum = cursor.accept('enum')
  if (isEnum) cursor.expect('[', 'after `enum`')
  const ids = isEnum ? readSeveral(cursor, () => cursor.expectString('an id in quotes')) : undefined
  if (isEnum) cursor.expect(']', 'after the ids')
  const memberOf = !isEnum && cursor.accept('in') ? readEntityNames(cursor, true) : []
  const hasShape = !isEnum && (cursor.accept('=') || cursor.is('{'))
  if (hasShape && !cursor.is('{')) cursor.fail('`{` and the attributes of the entity')
  const shape = hasShape ? readRecordType(cursor) : undefined
  const tags = !isEnum && cursor.accept('tags') ? readType(cursor) : undefined
  for (const { name, at } of names) {
    if (namespace.entities.has(name)) throw new Unreadable(`the entity type \`${name}\` is there twice`, at)
    namespace.entities.set(name, { name, at, memberOf, shape, tags, ids })
  }
}

function readEntityNames(cursor: Cursor, mayBeEmpty: boolean): WrittenName[] {
  if (!cursor.accept('[')) return [readPathAt(cursor, 'an entity type')]
  if (mayBeEmpty && cursor.accept(']')) return []
  const names = readSeveral(cursor, () => readPathAt(cursor, 'an entity type'))
  cursor.expect(']', 'after the entity types')
  return names
}

function readType(cursor: Cursor): WrittenType {
  return cursor.deeper(() => {
    if (cursor.is('{')) return readRecordType(cursor)
    if (cursor.is('Set') && cursor.next.text === '<') {
      cursor.take()
      cursor.take()
      const element = readType(cursor)
      cursor.expect('>', 'after the element type of `Set<`')
      return { kind: 'set', element }
    }
    const { start: at } = cursor.token
    return { kind: 'name', name: readTypePath(cursor), role: 'any', at }
  })
}

/** `__cedar::Long` is the one place where that reserved name may stand. */
function readTypePath(cursor: Cursor): string {
  if (!cursor.accept('__cedar')) return cursor.expectPath('a type: a name, `Set<...>` or `{...}`')
  cursor.expect('::', 'after `__cedar`')
  return `__cedar::${cursor.expectName('a built-in type after `__cedar::`')}`
}

function readRecordType(cursor: Cursor): WrittenRecord {
  cursor.expect('{', 'before the attributes')
  const attributes = new Map<string, { type: WrittenType; isRequired: boolean }>()
  cursor.list('}', 'in the attributes', () => {
    skipAnnotations(cursor)
    const what = 'an attribute name or a string'
    const name = cursor.token.kind === 'string' ? cursor.expectString(what) : expectLabel(cursor, what)
    const isRequired = !cursor.accept('?')
    cursor.expect(':', `after the attribute name \`${name}\``)
    attributes.set(name, { type: readType(cursor), isRequired })
  })
  return { kind: 'record', attributes }
}

/** A name that becomes plain text, so that `__cedar` is as good as any. */
function expectLabel(cursor: Cursor, what: string): string {
  return cursor.accept('__cedar') ? '__cedar' : cursor.expectName(what)
}

function readActionName(cursor: Cursor): { readonly id: string; readonly at: number } {
  const { start: at, kind } = cursor.token
  const what = 'the name of an action'
  return { id: kind === 'string' ? cursor.expectString(what) : expectLabel(cursor, what), at }
}

/** `view`, `"view"` or `Namespace::Action::"view"`. */
function readActionReference(cursor: Cursor): { type: string | undefined; id: string; at: number } {
  const { start: at, kind } = cursor.token
  if (kind === 'string' || cursor.next.text !== '::') return { type: undefined, ...readActionName(cursor) }
  const type = cursor.expectPath('an action')
  cursor.expect('::', 'and the name of the action in quotes')
  return { type, id: cursor.expectString('the name of the action in quotes'), at }
}

function readActions(cursor: Cursor, namespace: WrittenNamespace): void {
  const names = readSeveral(cursor, () => readActionName(cursor))
  const memberOf = cursor.accept('in') ? readParents(cursor) : []
  const appliesTo = cursor.accept('appliesTo')
    ? readAppliesTo(cursor)
    : { principals: [], resources: [], context: undefined }
  if (cursor.accept('attributes') && readRecordType(cursor).attributes.size > 0)
    throw new Unreadable('actions have no attributes', names[0]?.at ?? 0)
  for (const { id, at } of names) {
    if (namespace.actions.has(id)) throw new Unreadable(`the action \`${id}\` is there twice`, at)
    namespace.actions.set(id, { id, at, memberOf, ...appliesTo })
  }
}

function readParents(cursor: Cursor): ReturnType<typeof readActionReference>[] {
  if (!cursor.accept('[')) return [readActionReference(cursor)]
  const parents = readSeveral(cursor, () => readActionReference(cursor))
  cursor.expect(']', 'after the actions')
  return parents
}

interface AppliesTo {
  readonly principals: readonly WrittenName[]
  readonly resources: readonly WrittenName[]
  readonly context: WrittenType | undefined
}

function readAppliesTo(cursor: Cursor): AppliesTo {
  const { start } = cursor.token
  cursor.expect('{', 'after `appliesTo`')
  const parts: { principal?: WrittenName[]; resource?: WrittenName[]; context?: WrittenType } = {}
  cursor.list('}', 'in `appliesTo`', () => {
    const { start: at, text } = cursor.token
    if (text !== 'principal' && text !== 'resource' && text !== 'context')
      cursor.fail('`principal`, `resource` or `context`')
    if (parts[text] !== undefined) throw new Unreadable(`\`${text}\` is there twice`, at)
    cursor.take()
    cursor.expect(':', `after \`${text}\``)
    if (text === 'context') parts.context = readType(cursor)
    else parts[text] = readEntityNames(cursor, false)
  })
  if (parts.principal === undefined || parts.resource === undefined) {
    const missing = parts.principal === undefined ? 'principal' : 'resource'
    throw new Unreadable(`\`appliesTo\` wants \`${missing}\` too`, start)
  }
  return { principals: parts.principal, resources: parts.resource, context: parts.context }
}

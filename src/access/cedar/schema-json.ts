import {
  arrayAt,
  boundDepth,
  given,
  type Json,
  objectAt,
  onlyNames,
  type Path,
  stringAt,
  wrong,
} from './json.ts'
import { readJson } from './json-reader.ts'
import { isLabel } from './ast.ts'
import type { Schema } from './schema.ts'
import {
  BUILT_IN_WORDS,
  emptyNamespace,
  type WrittenAction,
  type WrittenEntity,
  type WrittenName,
  type WrittenNamespace,
  type WrittenType,
} from './schema-document.ts'
import { resolveSchema } from './schema-resolver.ts'
import { attempt, type Parsed } from './syntax.ts'
import { isTypeName } from './value-json.ts'

/** Reads a schema in Cedar's JSON format. */
export function parseJsonSchema(text: string): Parsed<Schema> {
  const json = readJson(text)
  return json.ok ? schemaFromJson(json.value) : json
}

/** The same from JSON that is already read. */
export function schemaFromJson(json: Json): Parsed<Schema> {
  return attempt('', () =>
    resolveSchema(Object.entries(objectAt(json, '')).map(([name, value]) => namespaceFrom(name, value))),
  )
}

function namespaceFrom(name: string, json: Json): WrittenNamespace {
  const path = JSON.stringify(name)
  const object = objectAt(json, path)
  onlyNames(object, path, ['entityTypes', 'actions', 'commonTypes', 'annotations'])
  judgeAnnotations(object['annotations'], path)
  if (name !== '' && !isTypeName(name)) wrong(path, 'the name of a namespace')
  const namespace = emptyNamespace(name)
  for (const [key, value] of Object.entries(objectAt(object['commonTypes'] ?? {}, `${path}.commonTypes`))) {
    if (!isLabel(key) || BUILT_IN_WORDS.has(key)) wrong(path, `a name for a type, not \`${key}\``)
    namespace.commonTypes.set(key, {
      type: typeFrom(value, `${path}.commonTypes.${key}`, 0, ['annotations']),
      at: -1,
    })
  }
  for (const [key, value] of Object.entries(objectAt(object['entityTypes'], `${path}.entityTypes`))) {
    if (!isLabel(key)) wrong(path, `a name for an entity type, not \`${key}\``)
    namespace.entities.set(key, entityFrom(key, value, `${path}.entityTypes.${key}`))
  }
  for (const [key, value] of Object.entries(objectAt(object['actions'], `${path}.actions`)))
    namespace.actions.set(key, actionFrom(key, value, `${path}.actions[${JSON.stringify(key)}]`))
  return namespace
}

/** Annotations mean nothing to a decision; they are only held against the format. */
function judgeAnnotations(json: Json | undefined, path: Path): void {
  for (const [name, value] of Object.entries(objectAt(given(json, {}), `${path}.annotations`)))
    if (value !== null) stringAt(value, `${path}.annotations.${name}`)
}

function namesFrom(json: Json | undefined, path: Path): WrittenName[] {
  return arrayAt(json === undefined ? [] : json, path).map((item, at) => ({
    name: stringAt(item, `${path}[${at}]`),
    at: -1,
  }))
}

function entityFrom(name: string, json: Json, path: Path): WrittenEntity {
  const object = objectAt(json, path)
  onlyNames(object, path, ['memberOfTypes', 'shape', 'tags', 'enum', 'annotations'])
  judgeAnnotations(object['annotations'], path)
  const { shape, tags, enum: ids } = object
  if (
    ids !== undefined &&
    (shape !== undefined || tags !== undefined || object['memberOfTypes'] !== undefined)
  )
    wrong(path, 'nothing else beside `enum`')
  if (ids !== undefined && arrayAt(ids, `${path}.enum`).length === 0) wrong(`${path}.enum`, 'at least one id')
  return {
    name,
    at: -1,
    memberOf: namesFrom(object['memberOfTypes'], `${path}.memberOfTypes`),
    shape: shape === undefined ? undefined : typeFrom(shape, `${path}.shape`),
    tags: tags === undefined ? undefined : typeFrom(tags, `${path}.tags`),
    ids:
      ids === undefined ? undefined : arrayAt(ids, path).map((id, at) => stringAt(id, `${path}.enum[${at}]`)),
  }
}

function actionFrom(id: string, json: Json, path: Path): WrittenAction {
  const object = objectAt(json, path)
  onlyNames(object, path, ['memberOf', 'appliesTo', 'attributes', 'annotations'])
  judgeAnnotations(object['annotations'], path)
  const { attributes, appliesTo } = object
  if (attributes !== undefined && attributes !== null && Object.keys(objectAt(attributes, path)).length > 0)
    wrong(`${path}.attributes`, 'nothing: actions have no attributes')
  const scope = appliesTo === undefined || appliesTo === null ? {} : objectAt(appliesTo, `${path}.appliesTo`)
  onlyNames(scope, `${path}.appliesTo`, ['principalTypes', 'resourceTypes', 'context'])
  if (appliesTo !== undefined && appliesTo !== null)
    for (const name of ['principalTypes', 'resourceTypes'])
      if (scope[name] === undefined) wrong(`${path}.appliesTo`, `\`${name}\` too`)
  const { context } = scope
  const memberOf = arrayAt(object['memberOf'] ?? [], `${path}.memberOf`).map((item, at) => {
    const parent = objectAt(item, `${path}.memberOf[${at}]`)
    onlyNames(parent, `${path}.memberOf[${at}]`, ['id', 'type'])
    const type = parent['type'] ?? undefined
    return {
      id: stringAt(parent['id'], `${path}.memberOf[${at}].id`),
      type: type === undefined ? undefined : stringAt(type, `${path}.memberOf[${at}].type`),
      at: -1,
    }
  })
  return {
    id,
    at: -1,
    memberOf,
    principals: namesFrom(scope['principalTypes'], `${path}.appliesTo.principalTypes`),
    resources: namesFrom(scope['resourceTypes'], `${path}.appliesTo.resourceTypes`),
    context: context === undefined ? undefined : typeFrom(context, `${path}.appliesTo.context`),
  }
}

const PRIMITIVES: Readonly<Record<string, string>> = {
  Long: '__cedar::Long',
  String: '__cedar::String',
  Boolean: '__cedar::Bool',
  Bool: '__cedar::Bool',
}

/** What a type has besides its name, by kind; a common type has nothing. */
const TYPE_FIELDS: ReadonlyMap<string, readonly string[]> = new Map([
  ['Set', ['element']],
  ['Record', ['attributes', 'additionalAttributes']],
  ['Entity', ['name']],
  ['Extension', ['name']],
  ['EntityOrCommon', ['name']],
])

function typeFrom(json: Json, path: Path, depth = 0, extra: readonly string[] = []): WrittenType {
  boundDepth(depth, path)
  const object = objectAt(json, path)
  const type = stringAt(object['type'], `${path}.type`)
  onlyNames(object, path, ['type', ...extra, ...(TYPE_FIELDS.get(type) ?? [])])
  judgeAnnotations(object['annotations'], path)
  const primitive = PRIMITIVES[type]
  if (primitive !== undefined) return { kind: 'name', name: primitive, role: 'primitive', at: -1 }
  if (type === 'Set') {
    const element = object['element'] ?? wrong(path, '`element` beside `"type": "Set"`')
    return { kind: 'set', element: typeFrom(element, `${path}.element`, depth + 1) }
  }
  if (type === 'Record') return recordFrom(object, path, depth)
  const name = (): string => stringAt(object['name'], `${path}.name`)
  if (type === 'Entity') return { kind: 'name', name: name(), role: 'entity', at: -1 }
  if (type === 'Extension') return { kind: 'name', name: name(), role: 'extension', at: -1 }
  if (type === 'EntityOrCommon') return { kind: 'name', name: name(), role: 'any', at: -1 }
  return { kind: 'name', name: type, role: 'common', at: -1 }
}

function recordFrom(object: Readonly<Record<string, Json>>, path: Path, depth: number): WrittenType {
  if (object['additionalAttributes'] !== undefined && object['additionalAttributes'] !== false)
    wrong(path, 'no `additionalAttributes`: records are closed')
  const attributes = new Map<string, { type: WrittenType; isRequired: boolean }>()
  for (const [name, value] of Object.entries(objectAt(object['attributes'], `${path}.attributes`))) {
    const at = `${path}.attributes[${JSON.stringify(name)}]`
    const { required } = objectAt(value, at)
    if (required !== undefined && typeof required !== 'boolean') wrong(`${at}.required`, 'true or false')
    attributes.set(name, {
      type: typeFrom(value, at, depth + 1, ['required', 'annotations']),
      isRequired: required !== false,
    })
  }
  return { kind: 'record', attributes }
}

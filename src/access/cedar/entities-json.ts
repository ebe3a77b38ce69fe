import { Entities, type EntityDraft } from './entities.ts'
import { arrayAt, given, type Json, objectAt, onlyNames, type Path } from './json.ts'
import { readJson } from './json-reader.ts'
import type { Schema } from './schema.ts'
import { attempt, type Parsed, Unreadable } from './syntax.ts'
import type { Type } from './types.ts'
import { CedarRecord, CedarSet, EMPTY_RECORD, type EntityUid, type Outcome } from './value.ts'
import { entityFrom, recordFrom, valueFrom } from './value-json.ts'

/** How many entities one document may hold. */
const MAX_ENTITIES = 1_000_000

/**
 * Entities from Cedar's JSON format: an array of `{uid, attrs, parents, tags}`. With a schema, attributes are read
 * by their types, and its actions are added with their hierarchy.
 */
export function parseEntities(text: string, schema?: Schema): Parsed<Entities> {
  const json = readJson(text)
  return json.ok ? entitiesFrom(json.value, schema) : json
}

/** The same from JSON that is already read; numbers beyond 2^53 must be bigints to be exact. */
export function entitiesFrom(json: Json, schema?: Schema): Parsed<Entities> {
  return attempt('', () => {
    const list = arrayAt(json, '')
    if (list.length > MAX_ENTITIES) throw new Unreadable(`more than ${MAX_ENTITIES} entities`)
    const drafts = list.map((item, at) => draftFrom(item, `[${at}]`, schema))
    const given = new Set(drafts.map((draft) => draft.uid.key))
    if (given.size < drafts.length) refuseTwins(drafts)
    for (const { uid, parents } of schema?.actions.values() ?? [])
      if (!given.has(uid.key)) drafts.push({ uid, parents })
    const entities = Entities.of(drafts)
    if (typeof entities === 'string') throw new Unreadable(entities)
    return entities
  })
}

/** The same entity may be there twice only if both say the same. */
function refuseTwins(drafts: readonly EntityDraft[]): void {
  const seen = new Map<string, EntityDraft>()
  for (const draft of drafts) {
    const twin = seen.get(draft.uid.key)
    if (twin !== undefined && !sayTheSame(twin, draft))
      throw new Unreadable(`\`${draft.uid.toString()}\` is there twice, not the same`)
    seen.set(draft.uid.key, draft)
  }
}

function sayTheSame(one: EntityDraft, other: EntityDraft): boolean {
  const [left, right] = [one, other].map(({ parents }) => new CedarSet(parents)) as [CedarSet, CedarSet]
  return (
    left.equals(right) && equalRecords(one.attributes, other.attributes) && equalRecords(one.tags, other.tags)
  )
}

function equalRecords(left: CedarRecord = EMPTY_RECORD, right: CedarRecord = EMPTY_RECORD): boolean {
  return left.equals(right)
}

function draftFrom(json: Json, path: Path, schema: Schema | undefined): EntityDraft {
  const object = objectAt(json, path)
  onlyNames(object, path, ['uid', 'attrs', 'parents', 'tags'])
  const uid = entityFrom(object['uid'], `${path}.uid`)
  const type = schema?.entities.get(uid.type)
  const parents = arrayAt(given(object['parents'], []), `${path}.parents`)
  return {
    uid,
    attributes: recordFrom(given(object['attrs'], {}), `${path}.attrs`, type?.attributes),
    tags: tagsFrom(given(object['tags'], {}), `${path}.tags`, type?.tags),
    parents: parents.map((parent, at) => entityFrom(parent, `${path}.parents[${at}]`)),
  }
}

function tagsFrom(json: Json, path: Path, type: Type | undefined): CedarRecord {
  const tags = Object.entries(objectAt(json, path)).map(([name, value]): [string, Outcome] => [
    name,
    valueFrom(value, `${path}[${JSON.stringify(name)}]`, type),
  ])
  return new CedarRecord(new Map(tags))
}

/** A request's context from JSON; the schema knows its type by the action. */
export function contextFrom(json: Json, schema?: Schema, action?: EntityUid): Parsed<CedarRecord> {
  const type = action === undefined ? undefined : schema?.actions.get(action.key)?.context
  return attempt('', () => recordFrom(json, 'context', type))
}

import { EntityUid, type Json, readJson } from '../../src/access/index.ts'

/** One file of the official tests: policies, entities and a schema by path, and requests with what must come of them. */
export interface CorpusCase {
  readonly policies: string
  readonly entities: string
  readonly schema: string
  readonly shouldValidate: boolean
  readonly requests: readonly CorpusRequest[]
}

/** One request, and the decision that must come of it. */
export interface CorpusRequest {
  readonly description: string
  readonly principal: EntityUid
  readonly action: EntityUid
  readonly resource: EntityUid
  readonly context: Json
  readonly decision: string
  readonly reason: readonly string[]
  readonly errors: readonly string[]
}

/** Throws where the file is not as the official tests are: then it is the suite that must be mended. */
export function readCase(text: string): CorpusCase {
  const json = readJson(text)
  if (!json.ok) throw new Error(json.errors[0]?.message)
  const object = objectAt(json.value, '')
  return {
    policies: stringAt(object['policies'], 'policies'),
    entities: stringAt(object['entities'], 'entities'),
    schema: stringAt(object['schema'], 'schema'),
    shouldValidate: object['shouldValidate'] === true,
    requests: (object['requests'] as Json[]).map(readRequest),
  }
}

function readRequest(json: Json): CorpusRequest {
  const object = objectAt(json, 'request')
  const uid = (name: string): EntityUid => {
    const { type, id } = objectAt(object[name], name)
    return new EntityUid(stringAt(type, name), stringAt(id, name))
  }
  return {
    description: stringAt(object['description'], 'description'),
    principal: uid('principal'),
    action: uid('action'),
    resource: uid('resource'),
    context: object['context'] as Json,
    decision: stringAt(object['decision'], 'decision'),
    reason: (object['reason'] as string[]).toSorted(),
    errors: (object['errors'] as string[]).toSorted(),
  }
}

function objectAt(json: Json | undefined, name: string): Readonly<Record<string, Json>> {
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    throw new Error(`${name} is no object`)
  return json as Readonly<Record<string, Json>>
}

function stringAt(json: Json | undefined, name: string): string {
  if (typeof json !== 'string') throw new Error(`${name} is no string`)
  return json
}

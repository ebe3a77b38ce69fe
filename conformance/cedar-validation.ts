// What the reference validator says of the official corpus: policies in both modes with the kinds of faults found,
// entities and requests. One case is one file: all of its results must be equal.
import { statSync } from 'node:fs'
import { join } from 'node:path'

import {
  contextFrom,
  type Entities,
  parseEntities,
  parseJsonSchema,
  parsePolicies,
  parseSchema,
  type Policy,
  type Schema,
  validateEntity,
  validatePolicies,
  validateRequest,
} from '../src/access/index.ts'
import { type Expected, readExpected } from './cedar-validation/expected.ts'
import { readArchive } from './cedar/archive.ts'
import { type CorpusCase, readCase } from './cedar/case.ts'
import { DataAbsent, type SuiteResult } from './suite.ts'

/** Where the data is to be had. */
export const data =
  'check out cedar-policy/cedar-go at 3354e006c3ff as `cedar-validation` and cedar-policy/cedar-integration-tests at f161e9f858a0 as `cedar`; pass the directory that holds both with --data'

/** How many files the suite has. */
export const cases = 7750

const PROGRESS_EVERY = 2000
const NAME = /^corpus-tests-validation\/([0-9a-f]+)\.validation\.json$/

export async function run(dataDir: string): Promise<SuiteResult> {
  for (const part of ['cedar', 'cedar-validation'])
    if (!statSync(join(dataDir, part), { throwIfNoEntry: false }))
      throw new DataAbsent(`\`${part}\` is missing`)
  const results = readArchive(join(dataDir, 'cedar-validation/corpus-tests-validation.tar.gz'))
  const schemas = readArchive(join(dataDir, 'cedar-validation/corpus-tests-json-schemas.tar.gz'))
  const corpus = readArchive(join(dataDir, 'cedar/corpus-tests.tar.gz'))
  const failed: string[] = []
  let total = 0
  for (const [name, text] of results) {
    const hash = NAME.exec(name)?.[1]
    if (hash === undefined) continue
    const jsonSchema = schemas.get(`corpus-tests-json-schemas/${hash}.cedarschema.json`) ?? ''
    const why = judge(hash, readExpected(text), corpus, jsonSchema)
    if (why !== undefined) failed.push(`${hash}: ${why}`)
    if (++total % PROGRESS_EVERY === 0) console.error(`${total} files, ${failed.length} failed`)
  }
  return { total, passed: total - failed.length, failed, notRun: [], known: [] }
}

/** What is not as expected, if anything. */
function judge(
  hash: string,
  expected: Expected,
  corpus: ReadonlyMap<string, string>,
  jsonSchema: string,
): string | undefined {
  const found = readCase(corpus.get(`corpus-tests/${hash}.json`) ?? '')
  const policies = parsePolicies(corpus.get(found.policies) ?? '')
  const human = parseSchema(corpus.get(found.schema) ?? '')
  const json = parseJsonSchema(jsonSchema)
  if (!policies.ok || !human.ok || !json.ok) return 'the policies or a schema cannot be read'
  for (const schema of [human.value, json.value]) {
    const entities = parseEntities(corpus.get(found.entities) ?? '', schema)
    if (!entities.ok) return entities.errors[0]?.message
    const why =
      judgePolicies(policies.value, schema, expected) ??
      judgeEntities(entities.value, schema, expected) ??
      judgeRequests(found, schema, expected)
    if (why !== undefined) return why
  }
  const isValid = expected.strict.get('')?.isValid === true
  return found.shouldValidate === isValid ? undefined : 'the corpus and the validation results differ'
}

function judgePolicies(policies: readonly Policy[], schema: Schema, expected: Expected): string | undefined {
  for (const mode of ['strict', 'permissive'] as const) {
    const { errors } = validatePolicies(policies, schema, mode)
    for (const [id, { isValid, kinds }] of expected[mode]) {
      const own = errors.filter((error) => id === '' || error.policy === id)
      const got = [...new Set(own.map((error) => error.kind))].toSorted().join(', ')
      if ((own.length === 0) !== isValid || got !== kinds)
        return `${mode}, ${id}: got [${got}], expected [${kinds}]`
    }
  }
  return undefined
}

function judgeEntities(entities: Entities, schema: Schema, expected: Expected): string | undefined {
  for (const entity of entities) {
    const isValid = validateEntity(entity, schema).length === 0
    const name = `${entity.uid.type}::${entity.uid.id}`
    if (isValid !== (expected.entities.get(name) ?? true)) return `entity ${name}: got ${isValid}`
  }
  return undefined
}

function judgeRequests(found: CorpusCase, schema: Schema, expected: Expected): string | undefined {
  for (const [at, request] of found.requests.entries()) {
    const context = contextFrom(request.context, schema, request.action)
    if (!context.ok) return context.errors[0]?.message
    const isValid = validateRequest({ ...request, context: context.value }, schema).length === 0
    if (isValid !== expected.requests[at]) return `${request.description}: got ${isValid}`
  }
  return undefined
}

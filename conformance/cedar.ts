// The official Cedar integration tests: for each request the decision, the determining policies and the policies
// that failed must be equal.
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'

import {
  Authorizer,
  contextFrom,
  parseEntities,
  parsePolicies,
  parseSchema,
  type Schema,
} from '../src/access/index.ts'
import { readArchive } from './cedar/archive.ts'
import { type CorpusCase, type CorpusRequest, readCase } from './cedar/case.ts'
import { DataAbsent, type SuiteResult } from './suite.ts'

/** Where the data is to be had. */
export const data =
  'check out cedar-policy/cedar-integration-tests at f161e9f858a0 and pass the directory that holds it as `cedar` with --data'

/** How many requests the suite has: 62,472 of the corpus and 74 by hand. */
export const cases = 62_546

const PROGRESS_EVERY = 2000

export async function run(dataDir: string): Promise<SuiteResult> {
  const root = statSync(join(dataDir, 'cedar'), { throwIfNoEntry: false }) ? join(dataDir, 'cedar') : dataDir
  const failed: string[] = []
  let total = 0
  const judge = (id: string, found: CorpusCase, read: (path: string) => string, guided: boolean): void => {
    const wrong = judgeCase(found, read, guided)
    total += found.requests.length
    failed.push(...wrong.map((description) => `${id}: ${description}`))
  }
  for (const { id, found } of handWritten(root))
    judge(id, found, (path) => readFileSync(join(root, path), 'utf8'), true)
  console.error(`hand-written: ${total} requests, ${failed.length} failed`)
  const files = readArchive(join(root, 'corpus-tests.tar.gz'))
  let count = 0
  for (const [name, text] of files) {
    if (!/^corpus-tests\/[0-9a-f]+\.json$/.test(name)) continue
    judge(name, readCase(text), (path) => files.get(path) ?? '', false)
    if (++count % PROGRESS_EVERY === 0)
      console.error(`corpus: ${count} files, ${total} requests, ${failed.length} failed`)
  }
  return { total, passed: total - failed.length, failed, notRun: [], known: [] }
}

function handWritten(root: string): { id: string; found: CorpusCase }[] {
  const tests = join(root, 'tests')
  if (!statSync(tests, { throwIfNoEntry: false })?.isDirectory())
    throw new DataAbsent(`\`${tests}\` is missing`)
  return readdirSync(tests, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.json'))
    .sort()
    .map((file) => ({ id: `tests/${file}`, found: readCase(readFileSync(join(tests, file), 'utf8')) }))
}

/** The descriptions of the requests that went wrong. With `guided`, entities and context are read by the schema. */
function judgeCase(found: CorpusCase, read: (path: string) => string, guided: boolean): string[] {
  const policies = parsePolicies(read(found.policies))
  const schema = parseSchema(read(found.schema))
  const guide = guided && schema.ok ? schema.value : undefined
  const entities = parseEntities(read(found.entities), guide)
  if (!policies.ok || !schema.ok || !entities.ok) {
    const why = [policies, schema, entities].flatMap((parsed) =>
      parsed.ok ? [] : [parsed.errors[0]?.message],
    )
    return found.requests.map(({ description }) => `${description}: ${why.join('; ')}`)
  }
  const authorizer = new Authorizer(policies.value)
  return found.requests.flatMap((request) => {
    const why = judgeRequest(request, authorizer, entities.value, guide)
    return why === undefined ? [] : [`${request.description}: ${why}`]
  })
}

function judgeRequest(
  request: CorpusRequest,
  authorizer: Authorizer,
  entities: Parameters<Authorizer['isAuthorized']>[1],
  schema: Schema | undefined,
): string | undefined {
  const context = contextFrom(request.context, schema, request.action)
  if (!context.ok) return context.errors[0]?.message
  const { principal, action, resource } = request
  const asked = { principal, action, resource, context: context.value }
  const { decision, reasons, errors } = authorizer.isAuthorized(asked, entities)
  const failures = errors.map(({ policy }) => policy)
  const got = JSON.stringify([decision, reasons.toSorted(), failures.toSorted()])
  const want = JSON.stringify([request.decision, request.reason, request.errors])
  if (got !== want) return `got ${got}, expected ${want}`
  const isAllowed = authorizer.isAllowed(asked, entities)
  return isAllowed === (decision === 'allow') ? undefined : 'the short way decides otherwise'
}

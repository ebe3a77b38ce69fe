// The guide's policies: valid, without warnings, tested by hand and from their boundaries.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'

import { parse } from 'yaml'

import {
  Authorizer,
  coverClauses,
  Explainer,
  formatPolicies,
  generateCases,
  lintPolicies,
  parsePolicies,
  parseSchema,
  readTests,
  renameByAnnotation,
  runCases,
  scoreMutants,
} from '../../src/access/index.ts'

const read = (name: string): string => readFileSync(join(import.meta.dirname, name), 'utf8')
const text = read('guide.cedar')
const parsed = parsePolicies(text)
const schemaRead = parseSchema(read('guide.cedarschema'))
assert.ok(parsed.ok && schemaRead.ok)
const named = renameByAnnotation(parsed.value)
assert.ok(typeof named !== 'string')
const policies = named
const schema = schemaRead.value

test('guide policies: they fit their schema and are laid out as `policy fmt` does', () => {
  const lints = lintPolicies(policies, schema)
  assert.deepEqual(
    lints.filter(({ level }) => level !== 'advice'),
    [],
  )
  const formatted = formatPolicies(text)
  assert.ok(formatted.ok)
  assert.equal(formatted.value, text)
})

test('guide policies: the tests by hand pass, see every condition both ways, and notice 95 of 100 mistakes', (t) => {
  const file = readTests(parse(read('guide.tests.yaml')), { schema })
  assert.ok(file.ok, JSON.stringify(file))
  const failed = runCases(policies, file.cases).filter(({ isPassed }) => !isPassed)
  assert.deepEqual(
    failed.map((result) => `${result.case.name}: ${result.message ?? ''}`),
    [],
  )
  const { percent } = coverClauses(policies, file.cases, schema)
  const score = scoreMutants(policies, file.cases, schema)
  t.diagnostic(
    `${file.cases.length} cases: clause coverage ${percent.toFixed(1)} %, mutation score ${score.percent.toFixed(1)} %`,
  )
  assert.equal(percent, 100)
  assert.ok(score.percent >= 95, `${score.percent} %`)
})

test('guide policies: an explanation says what the authorizer says, and blames something for every refusal', () => {
  const explainer = new Explainer(policies, { mask: (value) => value })
  const authorizer = new Authorizer(policies)
  for (const { name, request, entities } of generateCases(policies, schema)) {
    const { decision, reasons } = authorizer.isAuthorized(request, entities)
    const explained = explainer.explain(request, entities)
    const deciders = decision === 'allow' ? explained.permits : explained.forbids
    assert.equal(explained.decision, decision, name)
    assert.deepEqual(
      deciders.filter(({ outcome }) => outcome === 'satisfied').map(({ policy }) => policy),
      reasons,
      name,
    )
    const silent = explained.permits.filter(
      ({ outcome, because }) => outcome !== 'satisfied' && because === undefined,
    )
    assert.deepEqual(silent, [], name)
  }
})

test('guide policies: the generated tests notice 95 of 100 mistakes', (t) => {
  const cases = generateCases(policies, schema)
  const { percent, total, killed, equivalent, survivors } = scoreMutants(policies, cases, schema)
  t.diagnostic(
    `${cases.length} cases: mutation score ${percent.toFixed(1)} % (${killed} of ${total} mutants, ${equivalent.length} proved equivalent)`,
  )
  const told = survivors.map(({ mutant }) => `${mutant.policy.id}: ${mutant.what}`)
  assert.ok(percent >= 95, told.join('\n'))
  assert.equal(coverClauses(policies, cases, schema).percent, 100)
  const totals = new Set(
    cases.flatMap(({ request, entities }) => entities.get(request.resource)?.attributes.get('total') ?? []),
  )
  for (const total_ of [9999, 10_000, 10_001]) assert.ok(totals.has(total_), String(total_))
})

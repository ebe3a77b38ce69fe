// The Core Rule Set, where its files are: its own tests in process, linear time on hostile values, rules that are wrong.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import test from 'node:test'

import { readCases } from '../conformance/crs/cases.ts'
import { runInProcess } from '../conformance/crs/in-process.ts'
import { disagreement } from '../conformance/crs/judge.ts'
import { requestBytes } from '../conformance/crs/request.ts'
import { crsEngine } from '../conformance/crs/rules.ts'
import { absentData } from '../src/perimeter/testing.ts'
import { Pattern } from '../src/perimeter/regex/pattern.ts'
import type { Rule } from '../src/perimeter/seclang/rule.ts'

const DATA =
  process.env['RINGWALL_CONFORMANCE'] ?? join(import.meta.dirname, '..', '..', 'shared', 'conformance')
const options = { skip: absentData(join(DATA, 'coreruleset', 'rules')) }

/** Tests that ask for what Apache makes of a message, or for the answer of an HTTP server to one that is none. */
const NOT_OF_THE_ENGINE = new Set(['920181-1', '920620-1'])

test('the regression tests that are about rules pass in process', options, () => {
  const engine = crsEngine(DATA)
  const failed: string[] = []
  let count = 0
  for (const { id, stages } of readCases(DATA)) {
    if (NOT_OF_THE_ENGINE.has(id) || stages.some((stage) => stage.output.status === 400)) continue
    count++
    for (const stage of stages) {
      const why = disagreement(stage, runInProcess(engine, requestBytes(stage)))
      if (why !== undefined) failed.push(`${id}: ${why}`)
    }
  }
  assert.deepEqual(failed, [])
  assert.ok(count > 4950, `${count} tests`)
})

const UNITS = [
  '\n',
  '<',
  '-',
  '()',
  'a',
  ' ',
  "'",
  '"',
  '/*',
  '../',
  '%',
  '${',
  ';',
  '=',
  '\\',
  '1',
  '<a ',
  '&#',
  '{{',
  '\xe2',
  'on=',
]
const SMALL = 8 * 1024
const LARGE = 128 * 1024

test('every pattern of the rule set takes linear time on hostile values of 128 KB', options, (t) => {
  const patterns = crsEngine(DATA)
    .rules.flatMap(linksOf)
    .filter((rule) => rule.operator.name === 'rx')
    .map((rule) => ({ id: rule.origin, pattern: new Pattern(rule.operator.argument) }))
  let worst = { ms: 0, what: '' }
  for (const { id, pattern } of patterns) {
    for (const unit of UNITS) {
      const time = (bytes: number): number => {
        const value = unit.repeat(Math.ceil(bytes / unit.length))
        const startedAt = performance.now()
        pattern.test(value)
        return performance.now() - startedAt
      }
      const small = Math.min(time(SMALL), time(SMALL))
      const large = Math.min(time(LARGE), time(LARGE))
      if (large > worst.ms) worst = { ms: large, what: `${id.file}:${id.line} on ${JSON.stringify(unit)}` }
      // Sixteen times the bytes; squared growth would be 256 times. What is below the clock's noise says nothing.
      assert.ok(
        large < 100 || large < small * 80,
        `${id.file}:${id.line} on ${JSON.stringify(unit)}: ${small.toFixed(1)} ms, then ${large.toFixed(1)} ms`,
      )
    }
  }
  t.diagnostic(
    `${patterns.length} patterns; the worst takes ${worst.ms.toFixed(0)} ms for 128 KB: ${worst.what}`,
  )
  assert.ok(patterns.length > 280)
})

function linksOf(rule: Rule): Rule[] {
  return rule.chained ? [rule, ...linksOf(rule.chained)] : [rule]
}

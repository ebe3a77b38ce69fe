import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'

import { VIEWS } from '../engine/views.ts'
import { OPERATORS } from '../operators/table.ts'
import { TRANSFORMATIONS } from '../transformations/table.ts'
import { ACTIONS, DIRECTIVES, VARIABLES, type Word } from './vocabulary.ts'

const count = (words: ReadonlyMap<string, Word>): readonly number[] => {
  const all = [...words.values()]
  const refused = all.filter((word) => word.why !== undefined).length
  const noted = all.filter((word) => word.note !== undefined).length
  return [all.length - refused - noted, noted, refused]
}

const operators: ReadonlyMap<string, Word> = new Map(
  [...OPERATORS].map(([name, word]) => [name, 'why' in word ? { why: word.why } : {}]),
)
const transformations: ReadonlyMap<string, Word> = new Map(
  [...TRANSFORMATIONS.keys()].map((name) => [name, {}]),
)

for (const { row, words } of [
  { row: 'directives', words: DIRECTIVES },
  { row: 'variables', words: VARIABLES },
  { row: 'operators', words: operators },
  { row: 'transformations', words: transformations },
  { row: 'actions', words: ACTIONS },
]) {
  test(`the README counts the ${row} as the code does`, () => {
    const readme = readFileSync(join(import.meta.dirname, '..', 'README.md'), 'utf8')
    const line = readme.split('\n').find((one) => one.startsWith(`| ${row} |`))
    assert.equal(line, `| ${row} | ${count(words).join(' | ')} |`)
  })
}

test('every variable that is supported has a view', () => {
  const missing = [...VARIABLES].filter(([name, word]) => word.why === undefined && !VIEWS.has(name))
  assert.deepEqual(missing, [])
})

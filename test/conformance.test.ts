// The door to public suites, with suites planted beside a copy of it: what is printed last, and when the process is green.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { after } from 'node:test'

const HERE = join(import.meta.dirname, '..', 'conformance')
const house = mkdtempSync(join(tmpdir(), 'ringwall-conformance-'))
after(() => rmSync(house, { recursive: true, force: true }))

const result = (fields: string): string =>
  `export const run = async () => ({ total: 1, passed: 1, failed: [], notRun: [], known: [], ${fields} })`

const PLANTED: Readonly<Record<string, string>> = {
  'package.json': '{"type":"module"}',
  'green.ts': result(''),
  'red.ts': result('total: 26, failed: Array.from({ length: 25 }, (_, index) => `case-${index}`), passed: 1'),
  'known.ts': result(`total: 2, known: [{ id: 'k', why: 'RFC 9112 3.2: two Host fields are refused' }]`),
  'left-out.ts': result(`total: 2, notRun: [{ id: 'n', why: 'needs a server' }]`),
  'unreasoned.ts': result(`total: 2, known: [{ id: 'k', why: ' ' }]`),
  'lost.ts': result('total: 3'),
  'empty.ts': result('total: 0, passed: 0'),
  'far.ts': `import { existsSync } from 'node:fs'
import { DataAbsent } from './suite.ts'
export const data = 'clone the public suite'
export const cases = 40
export async function run(dataDir: string) {
  if (!existsSync(dataDir + '/package.json')) throw new DataAbsent('package.json is missing')
  return { total: 1, passed: 1, failed: [], notRun: [], known: [] }
}`,
}
for (const file of ['run.ts', 'suite.ts']) cpSync(join(HERE, file), join(house, file))
for (const [file, text] of Object.entries(PLANTED)) writeFileSync(join(house, file), text)

interface Case {
  readonly name: string
  readonly args: readonly string[]
  readonly require?: string
  readonly exit: number
  readonly stderr: RegExp
  /** The last line of stdout; not given: nothing is printed there. */
  readonly report?: object
}

const one = { total: 1, passed: 1, failed: [], not_run: 0, known: [] }
const CASES: readonly Case[] = [
  { name: 'a suite that passes is green', args: ['green'], exit: 0, stderr: /1 of 1 passed/, report: one },
  {
    name: 'a failure is red, and at most 20 ids are printed',
    args: ['red'],
    exit: 1,
    stderr: /1 of 26 passed, 25 failed/,
    report: { ...one, total: 26, failed: Array.from({ length: 20 }, (_, index) => `case-${index}`) },
  },
  {
    name: 'a known deviation is counted apart',
    args: ['known'],
    exit: 0,
    stderr: /1 of 2 passed, 0 failed, 0 not run, 1 known/,
    report: { ...one, total: 2, known: [{ id: 'k', why: 'RFC 9112 3.2: two Host fields are refused' }] },
  },
  {
    name: 'a known deviation without a reason is red',
    args: ['unreasoned'],
    exit: 1,
    stderr: /`k` has no reason/,
    report: { ...one, total: 2, known: [{ id: 'k', why: ' ' }] },
  },
  {
    name: 'a case that was not run is named with its reason',
    args: ['left-out'],
    exit: 0,
    stderr: /NOT RUN n: needs a server/,
    report: { ...one, total: 2, not_run: 1 },
  },
  {
    name: 'a case that was not run is red where everything is required',
    args: ['left-out'],
    require: 'all',
    exit: 1,
    stderr: /NOT RUN n: needs a server/,
    report: { ...one, total: 2, not_run: 1 },
  },
  {
    name: 'a count that does not add up is red',
    args: ['lost'],
    exit: 1,
    stderr: /3 cases in all, but the groups hold 1/,
    report: { ...one, total: 3 },
  },
  {
    name: 'a suite without a case is red',
    args: ['empty'],
    exit: 1,
    stderr: /it has no case/,
    report: { ...one, total: 0, passed: 0 },
  },
  {
    name: 'absent data is said with the way to get it and counts as not run',
    args: ['far'],
    exit: 0,
    stderr: /NOT RUN far: no --data was given\nget its data: clone the public suite/,
    report: { ...one, total: 40, passed: 0, not_run: 40 },
  },
  {
    name: 'absent data is red where everything is required',
    args: ['far'],
    require: 'all',
    exit: 1,
    stderr: /NOT RUN far/,
    report: { ...one, total: 40, passed: 0, not_run: 40 },
  },
  {
    name: 'data that was named and is not there is red',
    args: ['far', '--data', join(house, 'nowhere')],
    exit: 1,
    stderr: /nowhere` is not a directory/,
    report: { ...one, total: 40, passed: 0, not_run: 40 },
  },
  {
    name: 'a directory that holds something else is red',
    args: ['far', '--data', HERE],
    exit: 1,
    stderr: /NOT RUN far: package.json is missing/,
    report: { ...one, total: 40, passed: 0, not_run: 40 },
  },
  {
    name: 'data that is there is read',
    args: ['far', '--data', house],
    require: 'all',
    exit: 0,
    stderr: /1 of 1 passed/,
    report: one,
  },
  {
    name: 'an unknown suite gets the list',
    args: ['greeen'],
    exit: 2,
    stderr: /no suite is called `greeen`; there is empty, far, green/,
  },
  { name: 'no suite gets the usage and the list', args: [], exit: 2, stderr: /usage: .*there is empty, far/ },
]

for (const { name, args, require, exit, stderr, report } of CASES) {
  test(name, () => {
    const { RINGWALL_REQUIRE: _, ...env } = process.env
    const run = spawnSync(process.execPath, [join(house, 'run.ts'), ...args], {
      encoding: 'utf8',
      env: require === undefined ? env : { ...env, RINGWALL_REQUIRE: require },
    })
    assert.match(run.stderr, stderr)
    assert.equal(run.status, exit)
    const last = run.stdout.trimEnd().split('\n').at(-1) as string
    if (report) assert.deepEqual(JSON.parse(last), { suite: args[0], ...report })
    else assert.equal(run.stdout, '')
  })
}

// The catalogue of refusals against the tree: each row is raised, explained and provoked, and there is none beside it.
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'

import { REFUSALS, type RefusalCode } from '../src/core/refusals.ts'

const ROOT = join(import.meta.dirname, '..')
const CODES = Object.keys(REFUSALS) as RefusalCode[]

interface Text {
  readonly path: string
  readonly text: string
}

function read(pattern: string): Text[] {
  return globSync(pattern, { cwd: ROOT })
    .map((path) => path.replaceAll('\\', '/'))
    .map((path) => ({ path, text: readFileSync(join(ROOT, path), 'utf8') }))
}

const sources = read('src/**/*.ts').filter(
  ({ path }) => !path.endsWith('.test.ts') && !path.endsWith('core/refusals.ts'),
)
const flows = read('test/flows/*.flow')

/** Codes that stand where only a refusal can: in `refuse(`, `new StreamFault(`, or a table or variable of RefusalCode. */
function raisedCodes({ text }: Text): string[] {
  const code = text.replace(/^\s*(\/\/|\*|\/\*).*$/gm, '')
  // A file that knows nothing of refusals may call something of its own by that word.
  const knows = /from '[^']*\/core\/(?:verdict|refusals|fault)\.ts'/.test(code)
  const direct = knows
    ? [...code.matchAll(/\b(?:refuse|StreamFault|malformed\w*|refus\w+)\(\s*'([^']*)'/g)]
    : []
  const fields = [...code.matchAll(/\bcode(?:\s*[:=]|\s*===)\s*(?:[^'\n;]*\?\s*)?'([a-z]+\.[a-z-]+)'/g)]
  return [...direct, ...fields].map((match) => match[1] as string)
}

/** Codes with the status that the flow expects with them. */
function provokedCodes({ text }: Text): (readonly [status: number, code: string])[] {
  return [...text.matchAll(/^<-- (\d{3}) (\S+)$/gm)].map((match) => [Number(match[1]), match[2] as string])
}

for (const code of CODES) {
  test(`${code} is raised, explained and provoked`, () => {
    const { status, title, help } = REFUSALS[code]
    assert.ok(
      sources.some(({ text }) => text.includes(`'${code}'`)),
      'no source raises it',
    )
    const page = readFileSync(join(ROOT, 'docs/refusals.md'), 'utf8')
    const row = page.split('\n').find((line) => line.startsWith(`| \`${code}\` |`))
    assert.ok(row !== undefined, 'docs/refusals.md has no row')
    assert.ok(row.includes(`| ${status} | ${title} |`), row)
    assert.ok(row.includes(help.slice(0, 40)), row)
    const expected = flows.flatMap(provokedCodes).filter(([, other]) => other === code)
    assert.ok(expected.length > 0, 'no flow provokes it')
    for (const [given] of expected) assert.equal(given, status)
  })
}

test('every code is a room and what happened, with a status of an error and one public sentence', () => {
  for (const code of CODES) {
    const { status, title, help } = REFUSALS[code]
    assert.match(
      code,
      /^(perimeter|edge|gateway|identity|access|application|data|upstream|audit|ringwall)\.[a-z]+(-[a-z]+)*$/,
    )
    assert.ok(status >= 400 && status <= 599, `${code}: ${status}`)
    assert.match(title, /^[A-Z][^.`]{5,80}$/)
    assert.match(help, /^[A-Z`].{20,}\.$/)
  }
})

test('no ghosts: what sources raise and flows expect is in the catalogue', () => {
  const raised = sources.flatMap((source) => raisedCodes(source).map((code) => `${source.path}: ${code}`))
  const isKnown = (line: string): boolean => CODES.some((code) => line.endsWith(`: ${code}`))
  assert.ok(raised.length >= CODES.length / 2, `only ${raised.length} are found: the search is broken`)
  assert.deepEqual(
    raised.filter((line) => !isKnown(line)),
    [],
  )
  const expected = flows.flatMap((flow) => provokedCodes(flow).map(([, code]) => `${flow.path}: ${code}`))
  assert.deepEqual(
    expected.filter((line) => !isKnown(line)),
    [],
  )
})

const VERDICT = "import { refuse } from '../core/verdict.ts'\n"
const FAULT = "import { StreamFault } from './core/fault.ts'\n"

for (const { name, text, want } of [
  { name: 'a refusal', text: `${VERDICT}return refuse('edge.ghost', why)`, want: ['edge.ghost'] },
  {
    name: 'a refusal over two lines',
    text: `${VERDICT}refuse(\n  'edge.ghost',\n  why)`,
    want: ['edge.ghost'],
  },
  { name: 'a fault', text: `${FAULT}throw new StreamFault('upstream.ghost', why)`, want: ['upstream.ghost'] },
  { name: "a word of the room's own", text: "return refuse('too long')", want: [] },
  { name: 'a field', text: "return { code: 'edge.ghost' }", want: ['edge.ghost'] },
  { name: 'a choice', text: "const code = isLong ? 'edge.ghost' : other", want: ['edge.ghost'] },
  { name: 'a comment', text: "// refuse('edge.ghost')", want: [] },
]) {
  test(`planted: ${name} is seen as it should be`, () => {
    assert.deepEqual(raisedCodes({ path: 'x.ts', text }), want)
  })
}

// JSON.parse as the judge: what is JSON, and which leaves are in it.
import assert from 'node:assert/strict'
import test from 'node:test'

import { readJson } from './json.ts'
import { BODY_BOUNDS } from './reading.ts'
import { type Random, damage, pick, randomNumbers } from './testing.ts'

const DOCUMENTS = 5_000
const ALPHABET = [...'abc<>&\'"\\/{}[]:,.0 \n\té€😀\0\x7f\ud800\udc00']
const NUMBERS = ['0', '-0', '7', '1.50', '-12.5e3', '1E5', '0.1', '123456789012345678901']

/** A random document as text, with random blanks and escapes. Keys are unique in their object: JSON.parse keeps one. */
function document(random: Random, depth = 0): string {
  const kind = random(depth > 4 ? 4 : 7)
  const blank = (): string => pick(random, ['', '', ' ', '\n\t', '\r\n'])
  if (kind === 0) return pick(random, NUMBERS)
  if (kind === 1) return pick(random, ['true', 'false', 'null'])
  if (kind <= 3) return quoted(random, text(random))
  const members = Array.from({ length: random(5) }, (_, i) => {
    const key = kind === 4 ? '' : `${quoted(random, `${text(random)}k${i}`)}${blank()}:${blank()}`
    return `${blank()}${key}${document(random, depth + 1)}${blank()}`
  })
  return kind === 4 ? `[${members.join(',')}]` : `{${members.join(',')}}`
}

function text(random: Random): string {
  return Array.from({ length: random(8) }, () => pick(random, ALPHABET)).join('')
}

function quoted(random: Random, value: string): string {
  const json = JSON.stringify(value)
  return random(2) === 0
    ? json
    : json.replaceAll(/[a-z<é€]/g, (char, at: number) =>
        json[at - 1] === '\\' || random(2) === 0 || inEscape(json, at)
          ? char
          : `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
      )
}

function inEscape(json: string, at: number): boolean {
  const escape = json.lastIndexOf('\\u', at)
  return escape >= 0 && at - escape < 6
}

function bytes(value: string): string {
  return Buffer.from(value, 'utf8').toString('latin1')
}

/** Leaves as `readJson` names them; numbers as their value. */
function* leaves(value: unknown, name = 'json', isRoot = true): Generator<string> {
  if (typeof value !== 'object' || value === null) {
    yield `${bytes(name)}=${bytes(String(value))}`
    return
  }
  const isArray = Array.isArray(value)
  const members = Object.entries(value)
  if (members.length === 0 && !isRoot) yield `${bytes(name)}=`
  for (const [key, member] of members) yield* leaves(member, isArray ? name : `${name}.${key}`, false)
}

const WIDE = { ...BODY_BOUNDS, maxArguments: 100_000, maxNameBytes: 10_000_000 }

test('the leaves of random documents are those of JSON.parse', () => {
  const random = randomNumbers(1)
  let seen = 0
  for (let n = 0; n < DOCUMENTS; n++) {
    const json = document(random)
    const found = readJson(bytes(json), WIDE)
    assert.equal(found.error, undefined, json)
    const numbers = new Set(NUMBERS)
    const ours = found.args.map(
      ([name, value]) => `${name}=${numbers.has(value) ? String(Number(value)) : value}`,
    )
    const theirs = [...leaves(JSON.parse(json, (_, value: unknown) => unambiguous(value)))]
    assert.deepEqual(ours.toSorted(), theirs.toSorted(), json)
    seen += ours.length
  }
  assert.ok(seen > DOCUMENTS, `${seen} leaves`)
})

// A text that is spelled like one of the numbers is compared as the number.
function unambiguous(value: unknown): unknown {
  return typeof value === 'string' && NUMBERS.includes(value) ? Number(value) : value
}

test('damaged documents are JSON exactly when JSON.parse takes them', () => {
  const random = randomNumbers(2)
  const verdicts = { json: 0, damaged: 0 }
  for (let n = 0; n < DOCUMENTS; n++) {
    const body = damage(random, bytes(document(random)))
    const accepted = isJson(body)
    verdicts[accepted ? 'json' : 'damaged']++
    assert.equal(readJson(body, WIDE).error === undefined, accepted, JSON.stringify(body))
  }
  assert.ok(verdicts.json > 100 && verdicts.damaged > 100, JSON.stringify(verdicts))
})

function isJson(body: string): boolean {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(body, 'latin1'))
    // An empty body is no error.
    if (/^[ \t\r\n]*$/.test(text)) return true
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

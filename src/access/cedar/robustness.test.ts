import assert from 'node:assert/strict'
import test from 'node:test'

import { contextFrom, entitiesFrom, parseEntities } from './entities-json.ts'
import { formatPolicies } from './formatter.ts'
import type { Json } from './json.ts'
import { parsePolicies } from './parser.ts'
import { parseJsonPolicies, policyFromJson } from './policy-json.ts'
import { policyToJson, writeJson } from './policy-json-writer.ts'
import { parseJsonSchema } from './schema-json.ts'
import { parseSchema } from './schema-parser.ts'
import { validatePolicies } from './validator.ts'

/** A seeded source of numbers from 0 to 1 (mulberry32), so that a failure can be seen again. */
function random(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}

const POLICY =
  '@id("x") permit(principal is A::B in ?principal, action in [Action::"a"], resource == C::"d") when { if !context.a["b"] then {a: 1 + -2, "b": [ip("::1").isIpv4()]}.a > 1 else principal has a.b && "x\\u{e9}" like "*\\*" } unless { false }; // end\n'
const SCHEMA =
  '@a("b") namespace N { entity A, B in [A] = {a?: Set<Long>, "b": {c: ipaddr}} tags String; entity E enum ["x"]; type T = {a: A}; action a, "b" in [c] appliesTo {principal: [A], resource: B, context: T}; action c; }'
const ENTITIES =
  '[{"uid":{"type":"A","id":"b"},"attrs":{"a":{"__entity":{"type":"A","id":"c"}},"b":[{"__extn":{"fn":"ip","arg":"::1"}},9007199254740993]},"parents":[{"type":"A","id":"d"}],"tags":{"x":null}}]'
const policy = parsePolicies(POLICY)
assert.ok(policy.ok && policy.value[0])
const POLICY_JSON = writeJson(policyToJson(policy.value[0]))

const READERS: readonly (readonly [
  name: string,
  text: string,
  read: (text: string) => { readonly ok: boolean },
])[] = [
  ['parsePolicies', POLICY, parsePolicies],
  ['formatPolicies', POLICY, formatPolicies],
  ['parseSchema', SCHEMA, parseSchema],
  ['parseEntities', ENTITIES, parseEntities],
  ['parseJsonPolicies', `{"templates":{"t":${POLICY_JSON}}}`, parseJsonPolicies],
  [
    'parseJsonSchema',
    '{"":{"entityTypes":{"A":{"shape":{"type":"Record","attributes":{}}}},"actions":{"a":{}}}}',
    parseJsonSchema,
  ],
]

for (const [name, text, read] of READERS) {
  test(`robustness: ${name} answers every prefix and every change of a good text`, () => {
    assert.equal(read(text).ok, name !== 'parseEntities')
    for (let end = 0; end < text.length; end++) read(text.slice(0, end))
    const next = random(7)
    const alphabet = `${text}\0\ud800"\\{}[]()<>:;,.?@!-+*&|=9eE`
    for (let round = 0; round < 3000; round++) {
      let changed = text
      for (let count = 0; count < 1 + next() * 3; count++) {
        const at = Math.floor(next() * changed.length)
        const put = alphabet.charAt(Math.floor(next() * alphabet.length))
        changed =
          changed.slice(0, at) + (next() < 0.3 ? '' : put) + changed.slice(at + (next() < 0.5 ? 1 : 0))
      }
      const result = read(changed)
      if (!result.ok) continue
      if (name === 'formatPolicies') assert.equal(parsePolicies(changed).ok, true)
    }
  })
}

/** Any JSON, with the names and values that readers look for. */
function anyJson(next: () => number, depth: number): Json {
  const pick = <T>(items: readonly T[]): T => items[Math.floor(next() * items.length)] as T
  const words = [
    'uid',
    'type',
    'id',
    'attrs',
    'parents',
    'tags',
    '__entity',
    '__extn',
    'fn',
    'arg',
    'args',
    'effect',
    'op',
    '==',
    '&&',
    'left',
    'right',
    'Value',
    'Var',
    'has',
    'attr',
    'is',
    'entity_type',
    'Set',
    'Record',
    'ip',
    '__proto__',
    'constructor',
    'permit',
    'All',
    'principal',
    'A',
    'pattern',
    'like',
    'Literal',
    'Wildcard',
    'if-then-else',
    'entityTypes',
    'actions',
    'shape',
    'attributes',
    'element',
    'name',
    'Entity',
  ]
  if (depth === 0 || next() < 0.2) return pick<Json>([null, true, 1, Number.NaN, 2n ** 62n, 'x', pick(words)])
  if (next() < 0.3) return Array.from({ length: Math.floor(next() * 3) }, () => anyJson(next, depth - 1))
  return Object.fromEntries(
    Array.from({ length: Math.floor(next() * 4) }, () => [pick(words), anyJson(next, depth - 1)]),
  )
}

test('robustness: what reads JSON answers every JSON', () => {
  const next = random(3)
  for (let round = 0; round < 5000; round++) {
    const json = anyJson(next, 5)
    entitiesFrom(json)
    contextFrom(json)
    policyFromJson(json, 'p')
    const text = writeJson(json)
    parseJsonPolicies(text)
    parseJsonSchema(text)
  }
})

test('robustness: the validator answers policies that have nothing to do with the schema', () => {
  const schema = parseSchema(SCHEMA)
  assert.ok(policy.ok && schema.ok)
  const { errors } = validatePolicies(policy.value, schema.value)
  assert.ok(errors.length > 0)
})

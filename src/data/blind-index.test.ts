import assert from 'node:assert/strict'
import test from 'node:test'

import { BlindIndex, type BlindIndexOptions, searchCondition } from './blind-index.ts'
import { SEARCH_SCOPE } from './data-keys.ts'
import { normalize } from './normalization.ts'
import { openTestKeys } from './testing.ts'

const keys = await openTestKeys()
const indexOf = (more: Partial<BlindIndexOptions<'string'>> = {}): BlindIndex<'string'> =>
  new BlindIndex({
    keys,
    table: 'users',
    column: 'email',
    name: 'email_eq',
    type: 'string',
    kind: 'equality',
    ...more,
  })

for (const { steps, from, to } of [
  { steps: ['nfkc', 'casefold', 'trim'], from: '  Ｊohn.Doe@EXAMPLE.com ', to: 'john.doe@example.com' },
  { steps: ['casefold'], from: 'STRASSE', to: 'strasse' },
  { steps: ['casefold'], from: 'straße', to: 'strasse' },
  { steps: ['casefold'], from: 'ΟΔΟΣ', to: 'οδοσ' },
  { steps: ['nfkc'], from: 'e\u0301', to: 'é' },
  { steps: ['spaces'], from: 'a \t\n b\u00a0c', to: 'a b c' },
  { steps: ['digits'], from: '+49 (30) 12-34 ٥', to: '49301234' },
  { steps: [], from: ' A ', to: ' A ' },
] as const) {
  test(`${steps.join(', ') || 'nothing'}: \`${from}\` is compared as \`${to}\``, () =>
    assert.equal(normalize(from, steps), to))
}

test('a prefix folds as the whole does', () => {
  const steps = ['casefold'] as const
  for (const text of ['ΟΔΟΣΑ', 'STRASSE', 'İstanbul', 'ŒUVRE'])
    for (let at = 1; at <= text.length; at++)
      assert.ok(normalize(text, steps).startsWith(normalize(text.slice(0, at), steps)), text.slice(0, at))
})

test('equal values have equal tokens, and tokens of other columns, tables and indexes cannot be compared', () => {
  const token = indexOf().tokensOf('a@b.c')
  assert.equal(indexOf().tokensOf('a@b.c'), token)
  assert.match(token, /^[0-9a-f]{40}$/)
  assert.notEqual(indexOf().tokensOf('a@b.d'), token)
  for (const other of [{ table: 'admins' }, { column: 'mail' }, { name: 'email_2' }])
    assert.notEqual(indexOf(other).tokensOf('a@b.c').slice(8), token.slice(8))
})

for (const { bits, characters } of [
  { bits: 4, characters: 1 },
  { bits: 12, characters: 3 },
  { bits: 13, characters: 4 },
  { bits: 16, characters: 4 },
  { bits: 256, characters: 64 },
]) {
  test(`${bits} bits are ${characters} characters, and no more than 2^${bits} tokens`, () => {
    const index = indexOf({ bits })
    const tokens = new Set(Array.from({ length: 300 }, (_, i) => index.tokensOf(String(i))))
    for (const token of tokens) assert.equal(token.length, 8 + characters)
    assert.ok(bits > 16 ? tokens.size === 300 : tokens.size <= 2 ** bits)
  })
}

test('a short token also finds others, at the rate that its length says, and they are dropped after decryption', () => {
  const index = indexOf({ bits: 8 })
  const values = Array.from({ length: 4096 }, (_, i) => `user${i}`)
  const rows = values.map((value) => ({ value, token: index.tokensOf(value) }))
  let found = 0
  for (let i = 0; i < 64; i++) {
    const plan = index.search(`user${i}`)
    assert.ok(plan.ok)
    const hits = rows.filter((row) => plan.groups[0]?.includes(row.token))
    found += hits.length
    assert.deepEqual(
      hits.filter((row) => plan.matches(row.value)).map((row) => row.value),
      [`user${i}`],
    )
  }
  // Expected 64 * (1 + 4095 / 256) = 1088.
  assert.ok(found > 850 && found < 1350, String(found))
})

test('while keys are rotated a search asks for the tokens of both', async () => {
  const own = await openTestKeys()
  const index = indexOf({ keys: own })
  const old = index.tokensOf('a')
  const oldTag = index.currentTag()
  await own.add(SEARCH_SCOPE)
  const plan = index.search('a')
  assert.ok(plan.ok)
  assert.deepEqual(plan.groups, [[index.tokensOf('a'), old]])
  assert.ok(old.startsWith(oldTag) && !index.tokensOf('a').startsWith(oldTag))
})

test('grams are sorted, each once, and found by every part of the text', () => {
  const index = indexOf({ kind: 'ngram', name: 'email_grams', normalize: ['casefold'] })
  const stored = index.tokensOf('Abcabcd')
  const tokens = stored.trim().split(' ')
  assert.deepEqual(tokens, [...new Set(tokens)].sort())
  assert.equal(tokens.length, 4, 'abc bca cab bcd')
  for (const part of ['abc', 'BCD', 'cabcd']) {
    const plan = index.search(part)
    assert.ok(plan.ok)
    assert.ok(plan.groups.every((group) => group.some((token) => stored.includes(` ${token} `))))
    assert.ok(plan.matches('Abcabcd') && !plan.matches('xyz'))
  }
  assert.equal(index.tokensOf('ab'), ' ')
  assert.deepEqual(index.search('ab'), { ok: false, reason: 'too-short', needs: 3 })
})

test('characters beyond the basic plane count as one', () => {
  const plan = indexOf({ kind: 'prefix', length: 2 }).search('👋')
  assert.deepEqual(plan, { ok: false, reason: 'too-short', needs: 2 })
  assert.ok(indexOf({ kind: 'prefix', length: 2 }).search('👋a').ok)
})

test('other types are searched for as they are', () => {
  for (const { type, value, other } of [
    { type: 'number', value: 1.5, other: 1.25 },
    { type: 'bigint', value: 2n ** 80n, other: 1n },
    { type: 'date', value: new Date(5), other: new Date(6) },
    { type: 'boolean', value: true, other: false },
    { type: 'bytes', value: new Uint8Array([1]), other: new Uint8Array([2]) },
    { type: 'json', value: { a: 1, b: 2 }, other: { a: 1 } },
  ] as const) {
    const index = new BlindIndex({
      keys,
      table: 't',
      column: 'c',
      name: 'i',
      type,
      kind: 'equality',
    } as never)
    const plan = index.search(value)
    assert.ok(plan.ok)
    assert.deepEqual(plan.groups, [[index.tokensOf(value as never)]])
    assert.ok(plan.matches(value) && !plan.matches(other))
  }
})

test('a plan as SQL', () => {
  const equality = indexOf().search('a')
  const grams = indexOf({ kind: 'ngram' }).search('abcd')
  assert.ok(equality.ok && grams.ok)
  assert.equal(searchCondition('postgres', equality).sql, '"email_eq" IN (?)')
  assert.equal(searchCondition('mysql', grams).sql, '(`email_eq` LIKE ?) AND (`email_eq` LIKE ?)')
})

for (const { name, more } of [
  { name: 'three bits', more: { bits: 3 } },
  { name: '257 bits', more: { bits: 257 } },
  { name: 'grams of nothing', more: { kind: 'ngram', length: 0 } },
  { name: 'prefixes of numbers', more: { type: 'number', kind: 'prefix' } },
] as const) {
  test(`misuse is told: ${name}`, () =>
    assert.throws(() => indexOf(more as Partial<BlindIndexOptions<'string'>>), { code: 'data.index' }))
}

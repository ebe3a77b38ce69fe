import assert from 'node:assert/strict'
import test from 'node:test'
import { inspect } from 'node:util'

import type { FieldType } from './canonical-value.ts'
import { FIELDS_SCOPE } from './data-keys.ts'
import { ENVELOPE_OVERHEAD, parseEnvelope } from './envelope.ts'
import { FieldCipher, type FieldCipherOptions } from './field-cipher.ts'
import { mutate, openTestKeys, seeded } from './testing.ts'

const keys = await openTestKeys()
const cipherOf = <T extends FieldType>(
  type: T,
  more: Partial<Omit<FieldCipherOptions<T>, 'type'>> = {},
): FieldCipher<T> => new FieldCipher({ keys, table: 'users', column: 'email', type, ...more })

for (const { type, value } of [
  { type: 'string', value: 'a@example.com' },
  { type: 'string', value: '' },
  { type: 'number', value: -0.1 },
  { type: 'bigint', value: -(2n ** 70n) },
  { type: 'boolean', value: false },
  { type: 'date', value: new Date(1_700_000_000_123) },
  { type: 'json', value: { a: [1, null] } },
  { type: 'bytes', value: new Uint8Array(300).fill(7) },
] as const) {
  for (const form of ['text', 'bytes'] as const) {
    for (const padBytes of [0, 32]) {
      test(`a ${type} comes back as ${form}, padded to ${padBytes}: ${inspect(value).slice(0, 20)}`, () => {
        const cipher = cipherOf(type, { form, padBytes })
        const stored = cipher.encrypt(value, 7)
        assert.equal(typeof stored, form === 'text' ? 'string' : 'object')
        const opened = cipher.decrypt(stored, 7)
        assert.ok(opened.ok)
        assert.deepEqual(opened.value, value)
        assert.equal(opened.keyId, keys.current(FIELDS_SCOPE).id)
        assert.notDeepEqual(cipher.encrypt(value, 7), stored, 'the same value twice gives two ciphertexts')
      })
    }
  }
}

test('a value costs 87 bytes, or 116 characters and its prefix', () => {
  assert.equal(ENVELOPE_OVERHEAD, 87)
  assert.equal(cipherOf('string', { form: 'bytes' }).encrypt('', 1).length, 87)
  assert.equal(cipherOf('string').encrypt('', 1).length, 17 + Math.ceil((77 * 4) / 3))
})

test('padding hides lengths within its step', () => {
  const cipher = cipherOf('string', { form: 'bytes', padBytes: 16 })
  const lengths = [0, 1, 15, 16, 31].map(
    (length) => cipher.encrypt('x'.repeat(length), 1).length - ENVELOPE_OVERHEAD,
  )
  assert.deepEqual(lengths, [16, 16, 16, 32, 32])
})

test('a key is the same row, however the driver writes it', () => {
  const cipher = cipherOf('string')
  const stored = cipher.encrypt('x', 7)
  for (const row of [7, 7n, '7', [7], ['7']]) assert.ok(cipher.decrypt(stored, row).ok)
})

const stored = cipherOf('string').encrypt('a@example.com', 7)
const moved = (more: Partial<FieldCipherOptions<'string'>>, row: number | readonly number[] = 7): unknown =>
  cipherOf('string', more).decrypt(stored, row)
for (const { name, got, reason } of [
  { name: 'of another row', got: moved({}, 8), reason: 'wrong-key-or-place' },
  { name: 'of a row with a longer key', got: moved({}, [7, 7]), reason: 'wrong-key-or-place' },
  { name: 'of another column', got: moved({ column: 'name' }), reason: 'wrong-key-or-place' },
  { name: 'of another table', got: moved({ table: 'admins' }), reason: 'wrong-key-or-place' },
  {
    name: 'of names that run together alike',
    got: moved({ table: 'use', column: 'rsemail' }),
    reason: 'wrong-key-or-place',
  },
  {
    name: 'read as bound to its column only',
    got: moved({ binding: 'column' }),
    reason: 'wrong-key-or-place',
  },
  { name: 'of another type', got: cipherOf('json').decrypt(stored, 7), reason: 'another-type' },
  { name: 'in plain text', got: cipherOf('string').decrypt('a@example.com', 7), reason: 'not-encrypted' },
  { name: 'that is a number', got: cipherOf('string').decrypt(7, 7), reason: 'not-encrypted' },
  { name: 'in plain bytes', got: cipherOf('string').decrypt(Buffer.from('abc'), 7), reason: 'not-encrypted' },
  { name: 'of another cipher', got: cipherOf('string').decrypt('gAAAAABx', 7), reason: 'not-encrypted' },
  { name: 'longer than the column allows', got: moved({ maxBytes: 4 }), reason: 'too-long' },
  { name: 'of a key that is not known', got: await ofAnotherKey(), reason: 'unknown-key' },
]) {
  test(`a value ${name} is refused: ${reason}`, () => assert.deepEqual(got, { ok: false, reason }))
}

async function ofAnotherKey(): Promise<unknown> {
  const others = await openTestKeys()
  return cipherOf('string').decrypt(cipherOf('string', { keys: others }).encrypt('x', 7), 7)
}

test('the key id of another key in front of a value does not help', async () => {
  const old = keys.current(FIELDS_SCOPE).id
  const next = await keys.add(FIELDS_SCOPE)
  const renamed = (stored as string).replace(old, next.id)
  assert.deepEqual(cipherOf('string').decrypt(renamed, 7), { ok: false, reason: 'wrong-key-or-place' })
  assert.ok(cipherOf('string').decrypt(stored, 7).ok, 'the old key still reads')
})

test('an envelope has one text form: nothing around it, no padding, no other alphabet, no spare bits', () => {
  const text = cipherOf('string').encrypt('abcd', 7) as string
  const last = text.at(-1) as string
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  const spare = alphabet[alphabet.indexOf(last) + 1] as string
  for (const raw of [
    `${text}=`,
    `${text}\n`,
    ` ${text}`,
    text.toUpperCase(),
    `${text}A`,
    text.slice(0, -1) + spare,
  ])
    assert.ok(!cipherOf('string').decrypt(raw, 7).ok, raw)
  const dashed = text.replaceAll('-', '+').replaceAll('_', '/')
  assert.ok(dashed === text || !cipherOf('string').decrypt(dashed, 7).ok)
})

const MUTATIONS = Number(process.env['RINGWALL_MUTATIONS'] ?? 20_000)
test(`${MUTATIONS} altered, cut, spliced and moved values are all refused`, () => {
  const next = seeded(20_261_124)
  const cipher = cipherOf('string', { form: 'bytes' })
  const values = Array.from({ length: 50 }, (_, i) => cipher.encrypt('x'.repeat(i), i) as Uint8Array)
  const reasons = new Map<string, number>()
  for (let i = 0; i < MUTATIONS; i++) {
    const row = next(values.length)
    const other = (row + 1 + next(values.length - 1)) % values.length
    const isMove = next(5) === 0
    const altered = isMove
      ? values[other]
      : mutate(values[row] as Uint8Array, values[other] as Uint8Array, next)
    const opened = cipher.decrypt(altered, row)
    assert.ok(!opened.ok, `mutation ${i} of row ${row} was taken`)
    reasons.set(opened.reason, (reasons.get(opened.reason) ?? 0) + 1)
  }
  assert.ok(reasons.size >= 5, JSON.stringify([...reasons]))
})

test('a value that was not touched is still read: the test above can fail', () => {
  const cipher = cipherOf('string', { form: 'bytes' })
  assert.ok(cipher.decrypt(Uint8Array.from(cipher.encrypt('x', 3) as Uint8Array), 3).ok)
})

test('misuse says what to do', () => {
  assert.throws(() => cipherOf('string').encrypt('x'), { code: 'data.row-unknown' })
  assert.throws(() => cipherOf('string').encrypt('x', []), { code: 'data.row-unknown' })
  assert.throws(() => cipherOf('string', { maxBytes: 3 }).encrypt('1234', 1), { code: 'data.too-long' })
  assert.throws(() => cipherOf('string', { padBytes: -1 }), { code: 'data.padding' })
  assert.throws(() => cipherOf('string').encrypt('x', 1, 'subject:7'), { code: 'data.key-not-loaded' })
})

test('keys and ciphers print nothing of the key', () => {
  const text = inspect(keys, { depth: 9, showHidden: true }) + JSON.stringify(keys.current(FIELDS_SCOPE))
  const material = keys.current(FIELDS_SCOPE).key.export()
  for (const form of ['hex', 'base64', 'base64url'] as const)
    assert.ok(!text.includes(material.toString(form)))
})

test('a text of a million characters that is no envelope costs nothing to refuse', () => {
  const text = `rw1.${Buffer.alloc(1_000_000, 'A').toString('latin1')}`
  const startedAt = performance.now()
  for (let i = 0; i < 10_000; i++) assert.equal(parseEnvelope(text, 1000), 'too-long')
  assert.ok(performance.now() - startedAt < 1000)
})

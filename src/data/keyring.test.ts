import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { after } from 'node:test'
import { inspect } from 'node:util'

import { ManualClock } from '../core/clock.ts'
import { KEY_PURPOSES, openKeyring, openMemoryKeyring, secretsOfKeys } from './keyring.ts'
import { SecretRegistry } from './mask-secrets.ts'

const directory = mkdtempSync(join(tmpdir(), 'ringwall-keyring-'))
after(() => rmSync(directory, { recursive: true, force: true }))

test('the first start makes one key for each purpose, the next finds the same', () => {
  const file = join(directory, 'a', 'keyring.json')
  const clock = new ManualClock()
  const first = openKeyring(file, clock)
  assert.equal(statSync(file).mode & 0o777, 0o600)
  assert.equal(statSync(join(directory, 'a')).mode & 0o777, 0o700)
  assert.equal(
    openKeyring(file, clock).current('pepper').material.reveal(),
    first.current('pepper').material.reveal(),
  )
  assert.equal(JSON.parse(first.current('assertion').material.reveal()).crv, 'P-256')
  assert.equal(Buffer.from(first.current('field').material.reveal(), 'base64url').length, 32)
})

test('a rotation makes the new key current and keeps the old one to read with', () => {
  const file = join(directory, 'b.json')
  const clock = new ManualClock()
  const keyring = openKeyring(file, clock)
  const old = keyring.current('pepper')
  clock.advance(91 * 86_400_000)
  assert.deepEqual(keyring.due(90), ['assertion', 'pepper', 'cookie', 'field', 'checkpoint'])
  const next = keyring.rotate('pepper')
  assert.notEqual(next.id, old.id)
  assert.equal(keyring.current('pepper').id, next.id)
  assert.equal(keyring.find('pepper', old.id)?.material.reveal(), old.material.reveal())
  assert.equal(keyring.find('cookie', old.id), undefined, 'a key has one purpose')
  assert.ok(!keyring.due(90).includes('pepper'))
  assert.equal(openKeyring(file, clock).current('pepper').id, next.id)
})

test('two rotations in one millisecond have an order, and a key that another process added is kept', () => {
  const file = join(directory, 'rotations.json')
  const clock = new ManualClock()
  const [a, b] = [openKeyring(file, clock), openKeyring(file, clock)]
  const first = a.rotate('field').id
  const second = b.rotate('field').id
  assert.equal(b.current('field').id, second)
  assert.ok(b.find('field', first))
  assert.equal(b.all('field').length, 3)
})

test('an old key can be retired, the newest cannot', () => {
  const file = join(directory, 'retire.json')
  const keyring = openKeyring(file, new ManualClock())
  const old = keyring.current('pepper').id
  assert.throws(() => keyring.retire('pepper', old), { code: 'data.key-in-use' })
  keyring.rotate('pepper')
  assert.throws(() => keyring.retire('cookie', old), { code: 'data.key-missing' })
  keyring.retire('pepper', old)
  assert.equal(openKeyring(file, new ManualClock()).find('pepper', old), undefined)
})

test('a key never prints', () => {
  const key = openKeyring(join(directory, 'c.json'), new ManualClock()).current('pepper')
  for (const text of [inspect(key), JSON.stringify(key), String(key.material)])
    assert.ok(!text.includes(key.material.reveal()))
})

for (const { name, spoil, want } of [
  { name: 'readable by others', spoil: (file: string) => chmodSync(file, 0o644), want: /chmod 600/ },
  { name: 'not JSON', spoil: (file: string) => writeFileSync(file, '{'), want: /restore it from a backup/ },
  {
    name: 'with an unknown purpose',
    spoil: (file: string) =>
      writeFileSync(
        file,
        JSON.stringify({ version: 1, keys: [{ id: 'x', purpose: 'y', created_ms: 1, material: 'z' }] }),
      ),
    want: /damaged at keys\.0\.purpose/,
  },
]) {
  test(`a keyring that is ${name} is refused with what to do`, () => {
    const file = join(directory, `${name.replaceAll(' ', '-')}.json`)
    openKeyring(file, new ManualClock())
    spoil(file)
    assert.throws(() => openKeyring(file, new ManualClock()), want)
  })
}

test('a running process takes up within a second what another one rotated, and at once a key that it does not know', () => {
  const file = join(directory, 'shared', 'keyring.json')
  const clock = new ManualClock()
  const gateway = openKeyring(file, clock)
  const operator = openKeyring(file, clock)
  const before = gateway.current('assertion').id
  const next = operator.rotate('assertion').id
  assert.equal(gateway.current('assertion').id, before)
  assert.equal(gateway.find('assertion', next)?.id, next)
  assert.equal(gateway.find('assertion', 'nobody'), undefined)
  const last = operator.rotate('assertion').id
  clock.advance(1000)
  assert.equal(gateway.current('assertion').id, last)
  assert.ok(gateway.find('assertion', before))
  // A file that is half written changes nothing.
  writeFileSync(file, '{')
  clock.advance(1000)
  assert.equal(gateway.current('assertion').id, last)
})

test('every key is known as a secret, and the private number of a signing key on its own', () => {
  const keys = openMemoryKeyring(new ManualClock())
  const secrets = secretsOfKeys(keys)
  assert.equal(secrets.length, KEY_PURPOSES.length + 1)
  const registry = new SecretRegistry(secrets)
  const { d } = JSON.parse(keys.current('assertion').material.reveal()) as { d: string }
  for (const text of [d, keys.current('pepper').material.reveal(), keys.current('field').material.reveal()])
    assert.equal(registry.find(`key ${text}.`).length, 1)
})

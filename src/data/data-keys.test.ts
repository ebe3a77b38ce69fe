import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { after } from 'node:test'

import { Pool } from 'pg'

import { ManualClock, systemRandom } from '../core/clock.ts'
import { Secret } from '../core/secret.ts'
import { leasePostgres, notHere } from '../store/testing.ts'
import {
  createDataKeyTable,
  type DataKeyStore,
  fileDataKeyStore,
  memoryDataKeyStore,
  sqlDataKeyStore,
} from './data-key-store.ts'
import { type DataKeys, FIELDS_SCOPE, openDataKeys, SEARCH_SCOPE } from './data-keys.ts'
import { openKeyring } from './keyring.ts'
import { awsKmsWrapper, keyringWrapper, type KeyWrapper, secretWrapper } from './key-wrapper.ts'
import { mysqlSession, postgresSession, sqliteSession } from './sql-session.ts'
import { leaseMysql } from './testing.ts'
import { shred } from './shredding.ts'

const directory = mkdtempSync(join(tmpdir(), 'ringwall-data-keys-'))
after(() => rmSync(directory, { recursive: true, force: true }))
let files = 0

const keyring = openKeyring(join(directory, 'keyring.json'), new ManualClock())
const wrapper = keyringWrapper(keyring, systemRandom)
const open = (store: DataKeyStore, wrappers: [KeyWrapper, ...KeyWrapper[]] = [wrapper]): Promise<DataKeys> =>
  openDataKeys({ store, wrappers, clock: new ManualClock() })

async function storeLife(store: DataKeyStore): Promise<void> {
  const first = await open(store)
  const id = first.current(FIELDS_SCOPE).id
  const second = await open(store)
  assert.equal(second.current(FIELDS_SCOPE).id, id, 'the next process finds the same key')
  assert.ok(second.current(FIELDS_SCOPE).key.equals(first.current(FIELDS_SCOPE).key))
  assert.notEqual(first.current(SEARCH_SCOPE).id, id)

  const next = await second.add(FIELDS_SCOPE)
  assert.equal(first.current(FIELDS_SCOPE).id, id, 'another process does not know yet')
  assert.equal(first.find(next.id), 'unknown-key')
  await first.loadIds([next.id])
  assert.equal(first.current(FIELDS_SCOPE).id, next.id)
  assert.deepEqual(
    first.all(FIELDS_SCOPE).map((key) => key.id),
    [next.id, id],
  )

  await first.load(['subject:7'])
  const subject = first.current('subject:7').id
  await second.load(['subject:7'])
  const receipt = await shred(second, 'subject:7', {
    by: 'dpo',
    reason: 'erasure request',
    clock: new ManualClock(),
  })
  assert.deepEqual(receipt.keyIds, [subject])
  assert.match(receipt.digest, /^[\w-]{43}$/)
  assert.equal(second.find(subject), 'key-destroyed')
  assert.notEqual(first.find(subject), 'key-destroyed', 'until the refresh')
  await first.refresh()
  assert.equal(first.find(subject), 'key-destroyed')
  assert.throws(() => first.current('subject:7'), { code: 'data.key-not-loaded' })
  await assert.rejects(first.add('subject:7'), { code: 'data.scope-destroyed' })
  const third = await open(store)
  await third.load(['subject:7'])
  assert.throws(() => third.current('subject:7'), { code: 'data.key-not-loaded' })
  assert.equal(third.find(subject), 'key-destroyed')
  await assert.rejects(shred(third, 'subject:8', { by: 'dpo', reason: 'typo' }), { code: 'data.no-scope' })

  await assert.rejects(third.forget(next.id), { code: 'data.key-in-use' })
  await third.forget(id)
  assert.equal(third.find(id), 'unknown-key')
  assert.deepEqual(
    (await store.find([id, next.id])).map((key) => key.id),
    [next.id],
  )
}

test('keys live in memory', () => storeLife(memoryDataKeyStore()))

test('keys live in a file of mode 0600', async () => {
  const file = join(directory, `${files++}.json`)
  await storeLife(fileDataKeyStore(file))
  assert.equal(statSync(file).mode & 0o777, 0o600)
})

test('keys live in a table of SQLite', async () => {
  const session = sqliteSession(new DatabaseSync(':memory:'))
  await createDataKeyTable(session)
  await createDataKeyTable(session)
  await storeLife(sqlDataKeyStore(session))
})

test('keys live in a table of PostgreSQL', async (t) => {
  const lease = await leasePostgres()
  if (!lease) return notHere(t, 'PostgreSQL', 'apt-get install postgresql')
  const pool = new Pool({ connectionString: lease.url.reveal() }).on('error', () => undefined)
  try {
    const session = postgresSession(pool)
    await createDataKeyTable(session)
    await storeLife(sqlDataKeyStore(session))
  } finally {
    await pool.end()
    await lease.release()
  }
})

test('keys live in a table of MariaDB', async (t) => {
  const lease = await leaseMysql()
  if (!lease) return notHere(t, 'MariaDB', 'apt-get install mariadb-server')
  try {
    const session = mysqlSession(lease.pool)
    await createDataKeyTable(session)
    await storeLife(sqlDataKeyStore(session))
  } finally {
    await lease.release()
  }
})

test('a wrapped key cannot be passed off as another, nor as one of another scope', async () => {
  for (const change of ['id', 'scope'] as const) {
    const store = memoryDataKeyStore()
    const keys = await open(store)
    const a = keys.current(FIELDS_SCOPE)
    const [stored] = await store.find([a.id])
    assert.ok(stored)
    await store.forget(a.id)
    await store.add({ ...stored, [change]: change === 'id' ? 'AAAAAAAAAAAA' : SEARCH_SCOPE })
    const fresh = open(store)
    await assert.rejects(fresh, { code: 'data.key-unwrap' })
  }
})

test('after a new key of the keyring the data keys are wrapped anew, and the old one is not needed', async () => {
  const file = join(directory, 'rewrap.json')
  const ring = openKeyring(file, new ManualClock())
  const own = keyringWrapper(ring, systemRandom)
  const store = memoryDataKeyStore()
  const keys = await open(store, [own])
  await keys.load(['tenant:1', 'tenant:2'])
  assert.equal(await keys.rewrap(), 0)
  const old = ring.current('field').id
  ring.rotate('field')
  assert.equal(await keys.rewrap(), 4)
  const all = await store.page('', 100)
  assert.ok(all.every((key) => !key.wrapped.startsWith(old)))
  const without = {
    ...ring,
    current: ring.current.bind(ring),
    all: ring.all.bind(ring),
    find: (purpose: 'field', id: string) => (id === old ? undefined : ring.find(purpose, id)),
  }
  const again = await open(store, [keyringWrapper(without, systemRandom)])
  assert.ok(again.current(FIELDS_SCOPE).key.equals(keys.current(FIELDS_SCOPE).key))
})

test('moving from one key service to another is a rewrap, and without the old one it says which is missing', async () => {
  const store = memoryDataKeyStore()
  await open(store)
  const env = secretWrapper(
    'env:RINGWALL_DATA_KEY',
    new Secret(Buffer.alloc(32, 7).toString('base64')),
    systemRandom,
  )
  await assert.rejects(open(store, [env]), { code: 'data.no-wrapper', message: /wrapped by `keyring`/ })
  const both = await open(store, [env, wrapper])
  assert.equal(await both.rewrap(), 2)
  await open(store, [env])
  const other = secretWrapper(
    'env:RINGWALL_DATA_KEY',
    new Secret(Buffer.alloc(32, 8).toString('base64')),
    systemRandom,
  )
  await assert.rejects(open(store, [other]), { code: 'data.key-unwrap' })
})

test('a key of the wrong length from the environment is refused', () => {
  for (const text of ['', 'short', Buffer.alloc(31).toString('base64'), Buffer.alloc(33).toString('base64')])
    assert.throws(() => secretWrapper('env:X', new Secret(text), systemRandom), { code: 'data.key-length' })
})

test('a client of AWS KMS is given the key id and the encryption context', async () => {
  const calls: unknown[] = []
  const sealed = new Map<string, { plain: Uint8Array; context: string }>()
  // What KMS promises: the same encryption context, or InvalidCiphertextException.
  const client = {
    async encrypt(input: {
      KeyId: string
      Plaintext: Uint8Array
      EncryptionContext: Record<string, string>
    }) {
      calls.push(input.KeyId)
      const blob = systemRandom(64)
      sealed.set(Buffer.from(blob).toString('hex'), {
        plain: Uint8Array.from(input.Plaintext),
        context: JSON.stringify(input.EncryptionContext),
      })
      return { CiphertextBlob: blob }
    },
    async decrypt(input: {
      KeyId: string
      CiphertextBlob: Uint8Array
      EncryptionContext: Record<string, string>
    }) {
      const found = sealed.get(Buffer.from(input.CiphertextBlob).toString('hex'))
      if (!found || found.context !== JSON.stringify(input.EncryptionContext))
        throw new Error('InvalidCiphertextException')
      return { Plaintext: Uint8Array.from(found.plain) }
    },
  }
  const kms = awsKmsWrapper(client, 'alias/ringwall')
  const store = memoryDataKeyStore()
  const keys = await open(store, [kms])
  const again = await open(store, [kms])
  assert.ok(again.current(FIELDS_SCOPE).key.equals(keys.current(FIELDS_SCOPE).key))
  assert.deepEqual(new Set(calls), new Set(['alias/ringwall']))
  const [stored] = await store.find([keys.current(FIELDS_SCOPE).id])
  await assert.rejects(
    kms.unwrap(stored?.wrapped ?? '', { id: 'other', scope: FIELDS_SCOPE }),
    /InvalidCiphertext/,
  )
})

test('of many scopes only so many stay unwrapped', async () => {
  const store = memoryDataKeyStore()
  const keys = await openDataKeys({ store, wrappers: [wrapper], clock: new ManualClock(), maxLoaded: 4 })
  await keys.load(['a', 'b'])
  const a = keys.current('a').id
  await keys.load(['a', 'c'])
  assert.ok(keys.current('a'), 'used lately, so it stays')
  assert.throws(() => keys.current('b'), { code: 'data.key-not-loaded' })
  assert.ok(keys.current(FIELDS_SCOPE))
  await keys.load(['x', 'y', 'z'])
  assert.equal(keys.find(a), 'unknown-key')
  await keys.loadIds([a])
  assert.equal(keys.current('a').id, a)
})

test('a damaged file of keys is refused with its place', async () => {
  const file = join(directory, 'damaged.json')
  writeFileSync(file, '{"version":1,"keys":[{"id":"x"}]}')
  await assert.rejects(open(fileDataKeyStore(file)), /damaged at keys\.0\.id/)
  writeFileSync(file, '{')
  await assert.rejects(open(fileDataKeyStore(file)), /not JSON/)
})

// A realm on a real store in memory, with a keyring that can rotate and a post office whose letters can be read.
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import assert from 'node:assert/strict'
import { after } from 'node:test'

import { ManualClock, systemRandom } from '../core/clock.ts'
import type { Key, KeyPurpose, Keys } from '../core/keys.ts'
import { Secret } from '../core/secret.ts'
import { type Database, LocalNews, MemoryCounters, migrate, openSqlite, SqlSessions } from '../store/index.ts'
import {
  type Account,
  admit,
  type Admitted,
  authenticationSchema,
  Identity,
  type Letter,
  MailQueue,
  MemoryTransport,
  PasswordHasher,
  PostOffice,
  writeLetter,
} from './index.ts'

export const HOME = { ip: '192.0.2.1', userAgent: 'test' }
export const GOOD = 'Correct-horse-7'
/** What a password proves. */
export const PROOF = { assurance: 1, methods: ['pwd'], atMs: Date.UTC(2026, 0, 1) } as const

/** Past the gate, as a right password brings an account. */
export function admitted(account: Account): Admitted {
  const claim = { way: 'password', realm: account.realm, sessionVersion: undefined } as const
  const admission = admit(account, claim, Date.UTC(2026, 0, 1))
  assert.ok(admission.ok)
  return admission.admitted
}

/** A keyring in memory that can rotate. */
export class TestKeys implements Keys {
  readonly #keys: Key[] = []
  #created = 0
  constructor() {
    this.rotate('pepper')
    this.rotate('assertion')
    this.rotate('cookie')
  }
  rotate(purpose: KeyPurpose): void {
    const jwk = (): string =>
      JSON.stringify(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' }))
    const material = new Secret(purpose === 'assertion' ? jwk() : randomBytes(32).toString('base64url'))
    this.#keys.unshift({ id: `k${this.#created++}`, purpose, createdMs: this.#created, material })
  }
  all(purpose: KeyPurpose): readonly Key[] {
    return this.#keys.filter((key) => key.purpose === purpose)
  }
  current(purpose: KeyPurpose): Key {
    return this.all(purpose)[0] as Key
  }
  find(purpose: KeyPurpose, id: string): Key | undefined {
    return this.all(purpose).find((key) => key.id === id)
  }
}

export const keys = new TestKeys()
export const hasher = new PasswordHasher(keys, systemRandom)
const databases: Database[] = []
after(async () => {
  await hasher.close()
  for (const database of databases) await database.close()
})

/** What a test of accounts works with. */
export interface House {
  readonly identity: Identity
  /** The other realm on the same store. */
  readonly other: Identity
  readonly clock: ManualClock
  readonly database: Database
  /** Makes an account with a password. */
  add(email: string, password?: string): Promise<Account>
  /** What was mailed since the last call. */
  letters(): Promise<readonly Letter[]>
}

export async function openHouse(config: unknown = {}, realm: 'site' | 'operator' = 'site'): Promise<House> {
  const database = await openSqlite(':memory:')
  databases.push(database)
  await migrate(database)
  const clock = new ManualClock()
  const parsed = authenticationSchema.parse(config)
  const news = new LocalNews()
  const parts = {
    database,
    news,
    sessions: new SqlSessions(database),
    counters: new MemoryCounters(),
    keys,
    hasher,
    clock,
    random: systemRandom,
    pause: async () => undefined,
  }
  const identity = new Identity({ realm, config: parsed, ...parts })
  const add = async (email: string, password = GOOD): Promise<Account> => {
    const account = await identity.accounts.create(email, 'Ann Example', ['customer'])
    assert.deepEqual(await identity.accounts.setPassword(account, password), { ok: true })
    return (await identity.accounts.find(account.id)) as Account
  }
  const other = new Identity({ realm: realm === 'site' ? 'operator' : 'site', config: parsed, ...parts })
  const transport = new MemoryTransport()
  const post = new PostOffice({
    queue: new MailQueue(database, clock, systemRandom),
    transport,
    write: (row) =>
      writeLetter(
        { identity: row.realm === realm ? identity : other, publicUrl: 'https://shop.test', site: 'Shop' },
        row,
      ),
    onNotice: (line) => assert.fail(line),
  })
  const letters = async (): Promise<readonly Letter[]> => {
    await post.flush()
    return transport.letters.splice(0)
  }
  return { identity, other, clock, database, add, letters }
}

/** The token of the only link with one in a letter. */
export function tokenOf(letter: Letter | undefined): string {
  return /\?t=([\w-]{43})/.exec(letter?.text ?? '')?.[1] ?? ''
}

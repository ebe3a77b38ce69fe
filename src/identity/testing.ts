// A house for tests of identity: a real store, a keyring in memory that can rotate, and accounts.
import { generateKeyPairSync, randomBytes } from 'node:crypto'

import { type Clock, ManualClock, systemRandom } from '../core/clock.ts'
import type { Key, KeyPurpose, Keys } from '../core/keys.ts'
import { Secret } from '../core/secret.ts'
import {
  type Database,
  MemoryCounters,
  migrate,
  openPostgres,
  openSqlite,
  SqlSessions,
} from '../store/index.ts'
import type { Lease } from '../store/testing.ts'
import { type Account, authenticationSchema, Identity, PasswordHasher } from './index.ts'

/** Where somebody comes from. */
export const HOME = { ip: '192.0.2.1', userAgent: 'test' } as const
/** A password that every profile takes. */
export const GOOD = 'Correct-horse-7'

/** A keyring in memory that can rotate. */
export class TestKeys implements Keys {
  readonly #keys: Key[] = []
  #created = 0

  constructor() {
    for (const purpose of ['pepper', 'assertion', 'cookie'] as const) this.rotate(purpose)
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

/** Identity on a real store. */
export interface House {
  readonly identity: Identity
  readonly operators: Identity
  readonly database: Database
  readonly clock: ManualClock
  readonly keys: TestKeys
  readonly notices: string[]
  /** Another process on the same store. */
  second(): Identity
  add(email: string, password?: string, roles?: readonly string[]): Promise<Account>
  find(account: Account): Promise<Account>
  close(): Promise<void>
}

/** Opens a house on SQLite, or on a leased PostgreSQL. */
export async function openHouse(config: unknown = {}, lease?: Lease): Promise<House> {
  const database = lease ? await openPostgres(lease.url) : await openSqlite(':memory:')
  await migrate(database)
  const clock = new ManualClock()
  const keys = new TestKeys()
  const notices: string[] = []
  const hasher = new PasswordHasher(keys, systemRandom)
  const parts = {
    config: authenticationSchema.parse(config),
    database,
    sessions: new SqlSessions(database),
    counters: new MemoryCounters(),
    keys,
    hasher,
    clock: clock as Clock,
    random: systemRandom,
    onNotice: (line: string) => void notices.push(line),
  }
  const identity = new Identity({ realm: 'site', ...parts })
  return {
    identity,
    operators: new Identity({ realm: 'operator', ...parts }),
    database,
    clock,
    keys,
    notices,
    second: () => new Identity({ realm: 'site', ...parts }),
    async add(email, password = GOOD, roles = ['customer']) {
      const account = await identity.accounts.create(email, 'Ann Example', roles)
      await identity.accounts.setPassword(account, password)
      return (await identity.accounts.find(account.id)) as Account
    },
    find: async (account) => (await identity.accounts.find(account.id)) as Account,
    async close() {
      await hasher.close()
      await database.close()
    },
  }
}

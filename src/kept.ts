import { join } from 'node:path'

import { Grants } from './access/index.ts'
import type { Config } from './config/index.ts'
import { type Clock, type RandomBytes, systemClock, systemRandom } from './core/clock.ts'
import type { Keys } from './core/keys.ts'
import { ClientAuthorities } from './edge/index.ts'
import { openKeyring, openMemoryKeyring } from './data/index.ts'
import { type Accounts, Identity, PasswordHasher } from './identity/index.ts'
import { openStore, type Store } from './store/index.ts'
import { VisitorBook } from './visitors.ts'

/** What outlives a reload: the store, the keys, who people are. Also for commands beside a running gateway. A store directory of `:memory:` keeps nothing. */
export interface Kept {
  readonly store: Store
  readonly keys: Keys
  readonly hasher: PasswordHasher
  readonly visitors: VisitorBook
  /** Who may sign the certificates of clients; empty until a configuration's are put in force. */
  readonly authorities: ClientAuthorities
  /** Roles and permissions that were given beside those of the accounts. */
  readonly grants: Grants
  identity(realm: 'site' | 'operator', config?: Config): Identity
  accounts(realm: 'site' | 'operator'): Accounts
  close(): Promise<void>
}

const SWEEP_MS = 60_000

/** Opens the store and the keyring of a configuration. */
export async function openKept(
  config: Config,
  options: {
    readonly clock?: Clock
    readonly random?: RandomBytes
    readonly onNotice?: (line: string) => void
  } = {},
): Promise<Kept> {
  const { clock = systemClock, random = systemRandom, onNotice = () => undefined } = options
  const { directory, postgres, redis } = config.store
  const isMemory = directory === ':memory:'
  const keys = isMemory ? openMemoryKeyring(clock) : openKeyring(join(directory, 'keyring.json'), clock)
  const store = await openStore({
    file: isMemory ? ':memory:' : join(directory, 'ringwall.sqlite'),
    postgres,
    redis,
    onCountersState: (state) =>
      onNotice(
        state === 'local'
          ? 'ALARM: Redis is away; each gateway counts for itself'
          : 'Redis is back; counting is shared',
      ),
  })
  const hasher = new PasswordHasher(keys, random)
  const visitors = new VisitorBook({ keys, clock, random, onNotice })
  const authorities = new ClientAuthorities({}, { clock, onNotice })
  const grants = new Grants({ database: store.database, clock, random, onNotice })
  const identity = (realm: 'site' | 'operator', current = config): Identity =>
    new Identity({
      realm,
      config: current.security.authentication,
      database: store.database,
      sessions: store.sessions,
      counters: store.counters,
      keys,
      hasher,
      clock,
      random,
      holdingsOf: (subjectId, nowMs) => grants.heldBy(subjectId, nowMs),
    })
  const sweeping = setInterval(() => {
    store.sessions
      .sweep(clock.now())
      .catch((error: unknown) => onNotice(`sweeping sessions failed: ${String(error)}`))
  }, SWEEP_MS).unref()
  return {
    store,
    keys,
    hasher,
    visitors,
    authorities,
    grants,
    identity,
    accounts: (realm) => identity(realm).accounts,
    async close() {
      clearInterval(sweeping)
      visitors.close()
      authorities.close()
      await hasher.close()
      await grants.close()
      await store.close()
    },
  }
}

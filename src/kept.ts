import { join } from 'node:path'

import { Grants } from './access/index.ts'
import { CspBook } from './application/index.ts'
import { type Config, secretsOf, settleConfig } from './config/index.ts'
import { type Clock, type RandomBytes, systemClock, systemRandom } from './core/clock.ts'
import type { Keys } from './core/keys.ts'
import { constantSecret, type LiveSecret } from './core/live-secret.ts'
import { referenceOf, type Secret } from './core/secret.ts'
import {
  createSecretMask,
  openKeyring,
  openMemoryKeyring,
  openSecrets,
  registerSecrets,
  SecretRegistry,
  type Secrets,
} from './data/index.ts'
import { ClientAuthorities } from './edge/index.ts'
import { type Accounts, Identity, PasswordHasher, Suspensions } from './identity/index.ts'
import { ApiKeys } from './gateway/index.ts'
import { followResets, openStore, type Store } from './store/index.ts'
import { VisitorBook } from './visitors.ts'

/** What outlives a reload: the store, the keys, who people are. Also for commands beside a running gateway. A store directory of `:memory:` keeps nothing. */
export interface Kept {
  readonly store: Store
  readonly keys: Keys
  /** Every secret that any configuration or provider brought: none of them may stand in a log. */
  readonly secrets: Secrets
  readonly hasher: PasswordHasher
  readonly visitors: VisitorBook
  /** Who may sign the certificates of clients; empty until a configuration's are put in force. */
  readonly authorities: ClientAuthorities
  /** What pages hold and browsers report of them. */
  readonly csp: CspBook
  /** Roles and permissions that were given beside those of the accounts. */
  readonly grants: Grants
  /** Tells the operator something, in a line. */
  readonly notice: (line: string) => void

  readonly suspensions: Suspensions
  /** Keys of machines. */
  readonly apiKeys: ApiKeys
  identity(realm: 'site' | 'operator', config?: Config): Identity
  accounts(realm: 'site' | 'operator'): Accounts
  /** Fetches the secrets of a configuration that was loaded without them; throws with all that are missing. */
  settle(config: Config): Promise<void>
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
  const { clock = systemClock, random = systemRandom } = options
  const registry = new SecretRegistry()
  const mask = createSecretMask(registry)
  const onNotice = (line: string): void => options.onNotice?.(mask(line))
  const { directory, postgres, redis } = config.store
  const isMemory = directory === ':memory:'
  const secrets = openSecrets(config.security.data.secrets, { clock, registry, onNotice })
  await settleConfig(config, secrets)
  registerSecrets(secrets.registry, secretsOf(config))
  const keys = isMemory ? openMemoryKeyring(clock) : openKeyring(join(directory, 'keyring.json'), clock)
  const store = await openStore({
    file: isMemory ? ':memory:' : join(directory, 'ringwall.sqlite'),
    postgres: postgres && (await liveOf(postgres, secrets)),
    redis: redis && (await liveOf(redis, secrets)),
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
  const csp = new CspBook({
    now: () => clock.now(),
    onNotice,
    ...(!isMemory && { file: cspFile(directory) }),
  })
  const apiKeys = new ApiKeys({ database: store.database, clock, random, onNotice })
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
      onNotice,
      holdingsOf: (subjectId, nowMs, session) => grants.heldBy(subjectId, nowMs, session),
    })
  const sweeping = setInterval(() => {
    store.sessions
      .sweep(clock.now())
      .catch((error: unknown) => onNotice(`sweeping sessions failed: ${String(error)}`))
  }, SWEEP_MS).unref()
  // Counters in Redis are reset there; those in this process only by this process.
  const stopFollowing = redis ? () => undefined : followResets(store.database, store.counters, clock)
  return {
    store,
    keys,
    secrets,
    hasher,
    visitors,
    authorities,
    csp,
    grants,
    notice: onNotice,

    suspensions: new Suspensions(store.database, clock),
    apiKeys,
    identity,
    accounts: (realm) => identity(realm).accounts,
    async settle(next) {
      await settleConfig(next, openSecrets(next.security.data.secrets, { clock, registry, onNotice }))
      registerSecrets(registry, secretsOf(next))
    },
    async close() {
      secrets.close()
      clearInterval(sweeping)
      stopFollowing()
      visitors.close()
      authorities.close()
      await csp.close()
      await hasher.close()
      await grants.close()
      await apiKeys.close()
      await store.close()
    },
  }
}

/** A secret that came by reference follows what is there; the environment of a process does not change. */
async function liveOf(secret: Secret, secrets: Secrets): Promise<LiveSecret> {
  const reference = referenceOf(secret)
  if (reference === undefined || reference.startsWith('${env:')) return constantSecret(secret)
  await secrets.get(reference)
  return secrets.live(reference)
}

/** Where what was learned of pages is kept. */
export function cspFile(directory: string): string {
  return join(directory, 'csp-learned.json')
}

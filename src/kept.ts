import { join } from 'node:path'

import { Grants } from './access/index.ts'
import type { Config } from './config/index.ts'
import { type Clock, type RandomBytes, systemClock, systemRandom } from './core/clock.ts'
import type { Keys } from './core/keys.ts'
import { openKeyring, openMemoryKeyring } from './data/index.ts'
import {
  type Accounts,
  folderTransport,
  type HashCost,
  Identity,
  MailQueue,
  MemoryTransport,
  openPasswordLists,
  PasswordHasher,
  PostOffice,
  smtpTransport,
  Suspensions,
  type Transport,
  writeLetter,
} from './identity/index.ts'
import { openGeography } from './rule-engine.ts'
import { openStore, type Store } from './store/index.ts'
import { VisitorBook } from './visitors.ts'

export type { HashCost } from './identity/index.ts'

/** What outlives a reload: the store, the keys, who people are. Also for commands beside a running gateway. A store directory of `:memory:` keeps nothing. */
export interface Kept {
  readonly store: Store
  readonly keys: Keys
  readonly hasher: PasswordHasher
  readonly visitors: VisitorBook
  /** Roles and permissions that were given beside those of the accounts. */
  readonly grants: Grants
  readonly suspensions: Suspensions
  identity(realm: 'site' | 'operator', config?: Config): Identity
  accounts(realm: 'site' | 'operator'): Accounts
  /** Brings mails away; begins by itself only where a gateway starts it. */
  readonly post: PostOffice
  close(): Promise<void>
}

const SWEEP_MS = 60_000
/** The rarer sweep: links, devices, counts, deletions. */
const SLOW_SWEEP_MS = 10 * 60_000

/** Opens the store and the keyring of a configuration. */
export async function openKept(
  config: Config,
  options: {
    readonly clock?: Clock
    readonly random?: RandomBytes
    readonly onNotice?: (line: string) => void
    /** What a password hash costs; for measurements of everything else. */
    readonly hashCost?: HashCost | undefined
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
  const hasher = new PasswordHasher(keys, random, options.hashCost)
  const visitors = new VisitorBook({ keys, clock, random, onNotice })
  const grants = new Grants({ database: store.database, clock, random, onNotice })
  openPasswordLists(config.security.authentication.password)
  const latest = new Map<'site' | 'operator', Correspondence>()
  const identity = (realm: 'site' | 'operator', current = config): Identity => {
    const geography = openGeography(current.security.perimeter)
    const made = new Identity({
      realm,
      config: current.security.authentication,
      database: store.database,
      sessions: store.sessions,
      news: store.news,
      counters: store.counters,
      keys,
      hasher,
      clock,
      random,
      onNotice,
      holdingsOf: (subjectId, nowMs, session) => grants.heldBy(subjectId, nowMs, session),
      placeOf: (ip) => geography?.country(ip),
    })
    latest.set(realm, { identity: made, config: current })
    return made
  }
  const of = (realm: 'site' | 'operator'): Correspondence =>
    latest.get(realm) ?? { identity: identity(realm), config }
  const post = new PostOffice({
    queue: new MailQueue(store.database, clock, random),
    transport: openTransport(config),
    write: (row) => {
      const { identity: by, config: current } = of(row.realm)
      const { name: site = 'Ringwall' } = current.security.authentication.pages
      return writeLetter({ identity: by, publicUrl: publicUrl(current, row.realm), site }, row)
    },
    onNotice,
  })
  const sweeping = setInterval(() => {
    store.sessions
      .sweep(clock.now())
      .catch((error: unknown) => onNotice(`sweeping sessions failed: ${String(error)}`))
  }, SWEEP_MS).unref()
  const sweepingSlowly = setInterval(() => {
    Promise.all((['site', 'operator'] as const).map((realm) => of(realm).identity.sweep())).catch(
      (error: unknown) => onNotice(`sweeping accounts failed: ${String(error)}`),
    )
  }, SLOW_SWEEP_MS).unref()
  return {
    store,
    keys,
    hasher,
    visitors,
    grants,
    suspensions: new Suspensions(store.database, clock),
    identity,
    accounts: (realm) => identity(realm).accounts,
    post,
    async close() {
      clearInterval(sweeping)
      clearInterval(sweepingSlowly)
      await post.close()
      visitors.close()
      await hasher.close()
      await grants.close()
      await store.close()
    },
  }
}

interface Correspondence {
  readonly identity: Identity
  readonly config: Config
}

/** What brings mails away: the configured server, else a folder, else memory where nothing is kept. */
function openTransport({ security, store }: Config): Transport {
  const { smtp, from, directory, dangerously_allow_plain: allowPlain } = security.authentication.mail
  if (smtp) return smtpTransport(smtp, from, allowPlain)
  if (directory === undefined && store.directory === ':memory:') return new MemoryTransport()
  return folderTransport(mailDirectory({ security, store }), from)
}

/** Where mails are written when there is no server. */
export function mailDirectory({ security, store }: Pick<Config, 'security' | 'store'>): string {
  return security.authentication.mail.directory ?? join(store.directory, 'mail')
}

/**
 * Where links in mails lead: the configured URL, else the first host that is served, else the address that is listened on. Never the
 * Host field of a request: whoever sends one could have links to his own site mailed.
 */
export function publicUrl({ security, listen }: Config, realm: 'site' | 'operator'): string {
  const at = (scheme: string, { host, port }: { readonly host: string; readonly port: number }): string =>
    `${scheme}://${host.includes(':') ? `[${host}]` : host}:${port}`
  if (realm === 'operator') return listen.operator ? at('http', listen.operator) : 'http://localhost'
  const { public_url: configured } = security.authentication
  if (configured !== undefined) return configured
  const host = security.edge.hosts.find((one) => !one.startsWith('*'))
  if (host !== undefined) return `https://${host}`
  if (listen.https) return at('https', listen.https)
  return listen.http ? at('http', listen.http) : 'http://localhost'
}

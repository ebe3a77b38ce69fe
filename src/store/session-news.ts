import type { Redis } from 'ioredis'
import { sql } from 'kysely'
import { Client } from 'pg'

import { constantSecret, type LiveSecret } from '../core/live-secret.ts'
import { Secret } from '../core/secret.ts'
import type { Database } from './database.ts'
import type { SessionStore } from './sessions.ts'
import type { SessionRow } from './tables.ts'

/**
 * Tells every gateway at once that sessions of an account have ended, for what outlives its request: WebSockets and streams. News
 * decide nothing: whoever hears it asks the store. What gets lost on the way is found out within a second all the same.
 */
export interface SessionNews {
  tell(accountId: string): void
  /** Calls back for each account of which sessions ended, here or elsewhere; gives how to stop. */
  listen(onEnded: (accountId: string) => void): () => void
  close(): Promise<void>
}

/** News within this process. */
export class LocalNews implements SessionNews {
  readonly #listeners = new Set<(accountId: string) => void>()

  tell(accountId: string): void {
    for (const onEnded of this.#listeners) onEnded(accountId)
  }

  listen(onEnded: (accountId: string) => void): () => void {
    this.#listeners.add(onEnded)
    return () => this.#listeners.delete(onEnded)
  }

  async close(): Promise<void> {
    this.#listeners.clear()
  }
}

/** News over Redis: publish and subscribe, on a connection of its own. */
export class RedisNews implements SessionNews {
  readonly #local = new LocalNews()
  readonly #redis: Redis
  readonly #subscriber: Redis
  readonly #channel: string

  constructor(redis: Redis, prefix = 'ringwall:') {
    this.#redis = redis
    this.#channel = `${prefix}sessions-ended`
    this.#subscriber = redis.duplicate({ autoResubscribe: true, commandTimeout: 5000 })
    this.#subscriber.on('error', () => undefined)
    this.#subscriber.on('ready', () => {
      this.#subscriber.subscribe(this.#channel).catch(() => undefined)
    })
    this.#subscriber.on('message', (_channel: string, accountId: string) => this.#local.tell(accountId))
  }

  tell(accountId: string): void {
    this.#local.tell(accountId)
    this.#redis.publish(this.#channel, accountId).catch(() => undefined)
  }

  listen(onEnded: (accountId: string) => void): () => void {
    return this.#local.listen(onEnded)
  }

  async close(): Promise<void> {
    this.#subscriber.disconnect()
    await this.#local.close()
  }
}

const CHANNEL = 'ringwall_sessions_ended'
const RECONNECT_MS = 1000

/** News over PostgreSQL: NOTIFY, and LISTEN on a connection of its own, which comes back by itself. */
export class PostgresNews implements SessionNews {
  readonly #local = new LocalNews()
  readonly #database: Database
  readonly #url: LiveSecret
  #client: Client | undefined
  #retry: NodeJS.Timeout | undefined
  readonly #stopFollowing: () => void
  #isClosed = false

  constructor(database: Database, url: Secret | LiveSecret) {
    this.#database = database
    this.#url = url instanceof Secret ? constantSecret(url) : url
    void this.#connect()
    // A connection with an old password would keep that password from being retired.
    this.#stopFollowing = this.#url.onChange(() => void this.#reconnect())
  }

  tell(accountId: string): void {
    this.#local.tell(accountId)
    sql`SELECT pg_notify(${CHANNEL}, ${accountId})`.execute(this.#database.kysely).catch(() => undefined)
  }

  listen(onEnded: (accountId: string) => void): () => void {
    return this.#local.listen(onEnded)
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#stopFollowing()
    clearTimeout(this.#retry)
    await this.#client?.end().catch(() => undefined)
    await this.#local.close()
  }

  /** Listens with the new secret before it lets go of the connection with the old one, so that nothing is missed. */
  async #reconnect(): Promise<void> {
    const before = this.#client
    clearTimeout(this.#retry)
    await this.#connect()
    await before?.end().catch(() => undefined)
  }

  #connectLater(): void {
    this.#retry = setTimeout(() => void this.#connect(), RECONNECT_MS).unref()
  }

  async #connect(): Promise<void> {
    let connectionString: string
    try {
      connectionString = this.#url.current().reveal()
    } catch {
      // The secret is out of reach for longer than it may be trusted; it is asked for again.
      this.#connectLater()
      return
    }
    const client = new Client({ connectionString, connectionTimeoutMillis: 5000 })
    this.#client = client
    const again = (): void => {
      if (this.#isClosed || this.#client !== client) return
      this.#client = undefined
      client.end().catch(() => undefined)
      this.#connectLater()
    }
    client.on('error', again)
    client.on('end', again)
    client.on('notification', ({ payload }) => this.#local.tell(payload ?? ''))
    try {
      await client.connect()
      await client.query(`LISTEN ${CHANNEL}`)
      if (this.#isClosed) await client.end()
    } catch {
      again()
    }
  }
}

/** Sessions whose end is told. */
export class AnnouncedSessions implements SessionStore {
  readonly #inner: SessionStore
  readonly #news: SessionNews

  constructor(inner: SessionStore, news: SessionNews) {
    this.#inner = inner
    this.#news = news
  }

  create(session: SessionRow): Promise<void> {
    return this.#inner.create(session)
  }

  find(idHash: string): Promise<SessionRow | undefined> {
    return this.#inner.find(idHash)
  }

  touch(idHash: string, lastUsedAt: number, idleExpiresAt: number): Promise<void> {
    return this.#inner.touch(idHash, lastUsedAt, idleExpiresAt)
  }

  async end(idHash: string): Promise<void> {
    const session = await this.#inner.find(idHash)
    await this.#inner.end(idHash)
    if (session) this.#news.tell(session.account_id)
  }

  async endAll(accountId: string, exceptIdHash?: string): Promise<number> {
    const ended = await this.#inner.endAll(accountId, exceptIdHash)
    this.#news.tell(accountId)
    return ended
  }

  list(accountId: string): Promise<readonly SessionRow[]> {
    return this.#inner.list(accountId)
  }

  sweep(nowMs: number): Promise<number> {
    return this.#inner.sweep(nowMs)
  }
}

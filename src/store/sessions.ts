import type { Redis } from 'ioredis'

import type { Database } from './database.ts'
import type { SessionRow } from './tables.ts'

/** Where sessions live: found by the hash of their token, indexed by account, never scanned. */
export interface SessionStore {
  create(session: SessionRow): Promise<void>
  find(idHash: string): Promise<SessionRow | undefined>
  /** Moves the idle end of a session that is in use. */
  touch(idHash: string, lastUsedAt: number, idleExpiresAt: number): Promise<void>
  end(idHash: string): Promise<void>
  /** Ends all sessions of an account but one; gives how many. */
  endAll(accountId: string, exceptIdHash?: string): Promise<number>
  list(accountId: string): Promise<readonly SessionRow[]>
  /** Removes what has expired. Redis does so by itself. */
  sweep(nowMs: number): Promise<number>
}

/** Sessions in the database. */
export class SqlSessions implements SessionStore {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  async create(session: SessionRow): Promise<void> {
    await this.#database.kysely.insertInto('sessions').values(session).execute()
  }

  find(idHash: string): Promise<SessionRow | undefined> {
    return this.#database.kysely
      .selectFrom('sessions')
      .selectAll()
      .where('id_hash', '=', idHash)
      .executeTakeFirst()
  }

  async touch(idHash: string, lastUsedAt: number, idleExpiresAt: number): Promise<void> {
    await this.#database.kysely
      .updateTable('sessions')
      .set({ last_used_at: lastUsedAt, idle_expires_at: idleExpiresAt })
      .where('id_hash', '=', idHash)
      .execute()
  }

  async end(idHash: string): Promise<void> {
    await this.#database.kysely.deleteFrom('sessions').where('id_hash', '=', idHash).execute()
  }

  async endAll(accountId: string, exceptIdHash = ''): Promise<number> {
    const done = await this.#database.kysely
      .deleteFrom('sessions')
      .where('account_id', '=', accountId)
      .where('id_hash', '!=', exceptIdHash)
      .executeTakeFirst()
    return Number(done.numDeletedRows)
  }

  list(accountId: string): Promise<readonly SessionRow[]> {
    return this.#database.kysely
      .selectFrom('sessions')
      .selectAll()
      .where('account_id', '=', accountId)
      .orderBy('last_used_at', 'desc')
      .limit(1000)
      .execute()
  }

  async sweep(nowMs: number): Promise<number> {
    const done = await this.#database.kysely
      .deleteFrom('sessions')
      .where((where) =>
        where.or([where('absolute_expires_at', '<=', nowMs), where('idle_expires_at', '<=', nowMs)]),
      )
      .executeTakeFirst()
    return Number(done.numDeletedRows)
  }
}

// KEYS: session, index of the account. ARGV: expiry, row as JSON, id, now. One step, so that no session is without its index;
// what has expired leaves the index at the same time, so that it does not grow.
const CREATE_SCRIPT = `
redis.call('SET', KEYS[1], ARGV[2], 'PXAT', ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', ARGV[4])
redis.call('ZADD', KEYS[2], ARGV[1], ARGV[3])
if redis.call('PEXPIRETIME', KEYS[2]) < tonumber(ARGV[1]) then redis.call('PEXPIREAT', KEYS[2], ARGV[1]) end`

// Changes the row only while it exists: a session that was ended must not come back.
const TOUCH_SCRIPT = `
local text = redis.call('GET', KEYS[1])
if not text then return 0 end
local row = cjson.decode(text)
row.last_used_at = tonumber(ARGV[1])
row.idle_expires_at = tonumber(ARGV[2])
redis.call('SET', KEYS[1], cjson.encode(row), 'KEEPTTL')
return 1`

// KEYS[1] index. ARGV: prefix of session keys, id to keep.
const END_ALL_SCRIPT = `
local ended = 0
for _, id in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  if id ~= ARGV[2] then
    ended = ended + redis.call('DEL', ARGV[1] .. id)
    redis.call('ZREM', KEYS[1], id)
  end
end
return ended`

/** Sessions in Redis: one key each, which expires with the session, and one sorted set of ids per account. */
export class RedisSessions implements SessionStore {
  readonly #redis: Redis
  readonly #prefix: string

  constructor(redis: Redis, prefix = 'ringwall:') {
    this.#redis = redis
    this.#prefix = prefix
  }

  async create(session: SessionRow): Promise<void> {
    const { id_hash: id, account_id: account, absolute_expires_at: expiry } = session
    const keys = [this.#key(id), this.#index(account)]
    await this.#redis.eval(CREATE_SCRIPT, 2, ...keys, expiry, JSON.stringify(session), id, Date.now())
  }

  async find(idHash: string): Promise<SessionRow | undefined> {
    const text = await this.#redis.get(this.#key(idHash))
    return text === null ? undefined : (JSON.parse(text) as SessionRow)
  }

  async touch(idHash: string, lastUsedAt: number, idleExpiresAt: number): Promise<void> {
    await this.#redis.eval(TOUCH_SCRIPT, 1, this.#key(idHash), lastUsedAt, idleExpiresAt)
  }

  async end(idHash: string): Promise<void> {
    const session = await this.find(idHash)
    if (!session) return
    await this.#redis.multi().del(this.#key(idHash)).zrem(this.#index(session.account_id), idHash).exec()
  }

  async endAll(accountId: string, exceptIdHash = ''): Promise<number> {
    return Number(
      await this.#redis.eval(END_ALL_SCRIPT, 1, this.#index(accountId), this.#key(''), exceptIdHash),
    )
  }

  async list(accountId: string): Promise<readonly SessionRow[]> {
    const ids = await this.#redis.zrange(this.#index(accountId), '0', '-1')
    if (ids.length === 0) return []
    const texts = await this.#redis.mget(ids.map((id) => this.#key(id)))
    return texts
      .filter((text) => text !== null)
      .map((text) => JSON.parse(text) as SessionRow)
      .sort((a, b) => b.last_used_at - a.last_used_at)
  }

  async sweep(): Promise<number> {
    return 0
  }

  #key(idHash: string): string {
    return `${this.#prefix}session:${idHash}`
  }

  #index(accountId: string): string {
    return `${this.#prefix}account-sessions:${accountId}`
  }
}

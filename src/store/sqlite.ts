import { chmodSync, closeSync, mkdirSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import { Worker } from 'node:worker_threads'

import {
  type CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  Kysely,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely'

import { describeError, RingwallError } from '../core/errors.ts'
import type { Database, SqlValue } from './database.ts'
import type { WorkerRequest, WorkerResponse } from './sqlite-worker.ts'
import type { Tables } from './tables.ts'

const MAX_WAITING = 10_000
const TRANSACTION_TIMEOUT_MS = 30_000

/** Distributes over the union, which Omit alone does not. */
type Ask = WorkerRequest extends infer R ? (R extends WorkerRequest ? Omit<R, 'id'> : never) : never
type Answer = Extract<WorkerResponse, { rows: unknown }>

/** The event loop's end of the worker: numbered questions, numbered answers. */
class SqliteThread {
  readonly #worker: Worker
  readonly #open = new Map<number, { resolve: (answer: Answer) => void; reject: (error: Error) => void }>()
  #nextId = 1
  #ended: Error | undefined

  constructor(file: string) {
    // The type stripper keeps .ts, the compiler writes .js, and neither rewrites this name.
    const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
    this.#worker = new Worker(new URL(`./sqlite-worker.${extension}`, import.meta.url), {
      workerData: { file },
    })
    this.#worker.unref()
    this.#worker.on('message', (response: WorkerResponse) => {
      const waiting = this.#open.get(response.id)
      this.#open.delete(response.id)
      if (this.#open.size === 0) this.#worker.unref()
      if ('error' in response) waiting?.reject(databaseError(response.error.message, response.error.code))
      else waiting?.resolve(response)
    })
    this.#worker.on('error', (error) => this.#end(databaseError(describeError(error), 'worker')))
    this.#worker.on('exit', () => this.#end(databaseError('the database is closed', 'closed')))
  }

  ask(request: Ask): Promise<Answer> {
    if (this.#ended) return Promise.reject(this.#ended)
    const id = this.#nextId++
    this.#worker.ref()
    return new Promise((resolve, reject) => {
      this.#open.set(id, { resolve, reject })
      this.#worker.postMessage({ ...request, id } satisfies { id: number })
    })
  }

  #end(error: Error): void {
    this.#ended ??= error
    for (const waiting of this.#open.values()) waiting.reject(error)
    this.#open.clear()
  }
}

function databaseError(message: string, code: string): RingwallError {
  return new RingwallError('store.database', `${message} [${code}]`)
}

/** Opens the embedded database: one file, mode 0600, in a directory of mode 0700. */
export async function openSqlite(file: string): Promise<Database> {
  if (file !== ':memory:') {
    try {
      mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
      closeSync(openSync(file, 'a', 0o600))
      chmodSync(file, 0o600)
    } catch (cause) {
      throw new RingwallError(
        'store.unwritable',
        `cannot write \`${file}\`; check the directory's owner and mode`,
        { cause },
      )
    }
  }
  const thread = new SqliteThread(file)
  const lock = new Lock()
  const alone = async <T>(work: () => Promise<T>): Promise<T> => {
    const release = await lock.take()
    try {
      return await work()
    } finally {
      release()
    }
  }
  const kysely = new Kysely<Tables>({ dialect: dialectOf(thread, lock) })
  return {
    kind: 'sqlite',
    kysely,
    async insertRows(table, columns, rows) {
      const names = columns.map((column) => `"${column}"`).join(', ')
      const sql = `INSERT INTO "${table}" (${names}) VALUES (${columns.map(() => '?').join(', ')})`
      await alone(() => thread.ask({ kind: 'rows', sql, rows: rows }))
    },
    async script(sql) {
      await alone(() => thread.ask({ kind: 'script', sql }))
    },
    async close() {
      await kysely.destroy()
      await alone(() => thread.ask({ kind: 'close' }))
    },
  }
}

function dialectOf(thread: SqliteThread, lock: Lock): Dialect {
  return {
    // Kysely would queue for a single connection without a bound; the lock below queues for it with one.
    createAdapter: () =>
      Object.defineProperty(new SqliteAdapter(), 'supportsMultipleConnections', { value: true }),
    createQueryCompiler: () => new SqliteQueryCompiler(),
    createIntrospector: (database) => new SqliteIntrospector(database),
    createDriver: () => new SqliteThreadDriver(thread, lock),
  }
}

/**
 * There is one connection. A query holds it for one statement, a transaction until it ends. A transaction that is never
 * ended is rolled back after 30 seconds, so that it cannot hang everyone.
 */
class SqliteThreadDriver implements Driver {
  readonly #thread: SqliteThread
  readonly #lock: Lock

  constructor(thread: SqliteThread, lock: Lock) {
    this.#thread = thread
    this.#lock = lock
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<DatabaseConnection> {
    return new ThreadConnection(this.#thread, this.#lock)
  }

  async beginTransaction(connection: DatabaseConnection): Promise<void> {
    await (connection as ThreadConnection).begin()
  }

  async commitTransaction(connection: DatabaseConnection): Promise<void> {
    await (connection as ThreadConnection).end('COMMIT')
  }

  async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    await (connection as ThreadConnection).end('ROLLBACK')
  }

  async releaseConnection(): Promise<void> {}

  async destroy(): Promise<void> {}
}

class ThreadConnection implements DatabaseConnection {
  readonly #thread: SqliteThread
  readonly #lock: Lock
  #release: (() => void) | undefined
  #timer: NodeJS.Timeout | undefined
  #expired = false

  constructor(thread: SqliteThread, lock: Lock) {
    this.#thread = thread
    this.#lock = lock
  }

  async begin(): Promise<void> {
    this.#release = await this.#lock.take()
    await this.#thread.ask({ kind: 'script', sql: 'BEGIN IMMEDIATE' }).catch((error: unknown) => {
      this.#release?.()
      this.#release = undefined
      throw error
    })
    this.#timer = setTimeout(() => {
      this.#expired = true
      this.#finish('ROLLBACK').catch(() => undefined)
    }, TRANSACTION_TIMEOUT_MS)
    this.#timer.unref()
  }

  async end(how: 'COMMIT' | 'ROLLBACK'): Promise<void> {
    clearTimeout(this.#timer)
    if (this.#expired) {
      if (how === 'COMMIT')
        throw databaseError(`the transaction took more than ${TRANSACTION_TIMEOUT_MS} ms`, 'expired')
      return
    }
    await this.#finish(how)
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    if (this.#expired)
      throw databaseError(`the transaction took more than ${TRANSACTION_TIMEOUT_MS} ms`, 'expired')
    const release = this.#release ? undefined : await this.#lock.take()
    try {
      const { rows, changes, lastId } = await this.#thread.ask({
        kind: 'query',
        statement: { sql: query.sql, parameters: query.parameters as SqlValue[] },
      })
      return { rows: rows as R[], numAffectedRows: BigInt(changes), insertId: BigInt(lastId) }
    } finally {
      release?.()
    }
  }

  // Kysely's interface asks for it; nothing here streams.
  // oxlint-disable-next-line require-yield
  async *streamQuery<R>(): AsyncIterableIterator<QueryResult<R>> {
    throw new Error('streaming queries are not supported on the embedded database')
  }

  async #finish(how: 'COMMIT' | 'ROLLBACK'): Promise<void> {
    try {
      await this.#thread.ask({ kind: 'script', sql: how })
    } finally {
      this.#release?.()
      this.#release = undefined
    }
  }
}

/** First come, first served. */
class Lock {
  #last: Promise<void> = Promise.resolve()
  #waiting = 0

  async take(): Promise<() => void> {
    // INVARIANT: the bound on what waits for the database is here, since only one request at a time gets past.
    if (this.#waiting >= MAX_WAITING)
      throw databaseError(`more than ${MAX_WAITING} database requests are waiting`, 'busy')
    this.#waiting++
    const before = this.#last
    let release: () => void = () => undefined
    this.#last = new Promise((resolve) => {
      release = resolve
    })
    await before
    return () => {
      this.#waiting--
      release()
    }
  }
}

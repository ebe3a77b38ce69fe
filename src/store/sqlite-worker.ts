// The worker thread that owns one SQLite file: node:sqlite is synchronous, so it never runs on the event loop.
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'
import { parentPort, workerData } from 'node:worker_threads'

/** One statement with its parameters. */
export interface Statement {
  readonly sql: string
  readonly parameters: readonly SQLInputValue[]
}

/** What the event loop asks the worker for. */
export type WorkerRequest =
  | { readonly id: number; readonly kind: 'query'; readonly statement: Statement }
  /** One statement for each row of parameters, all in one transaction. */
  | {
      readonly id: number
      readonly kind: 'rows'
      readonly sql: string
      readonly rows: readonly (readonly SQLInputValue[])[]
    }
  | { readonly id: number; readonly kind: 'script'; readonly sql: string }
  | { readonly id: number; readonly kind: 'close' }

/** What it answers. An error never holds parameters: they may be secrets. */
export type WorkerResponse =
  | {
      readonly id: number
      readonly rows: readonly Record<string, unknown>[]
      readonly changes: number
      readonly lastId: number
    }
  | { readonly id: number; readonly error: { readonly message: string; readonly code: string } }

const MAX_PREPARED = 200

if (parentPort) serve(parentPort, (workerData as { file: string }).file)

function serve(port: NonNullable<typeof parentPort>, file: string): void {
  // Processes that open a fresh file together wait for each other, from the very first statement on.
  const database = new DatabaseSync(file, { timeout: 5000 })
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON')
  const prepared = new Map<string, StatementSync>()

  const prepare = (sql: string): StatementSync => {
    const known = prepared.get(sql)
    if (known) return known
    if (prepared.size >= MAX_PREPARED) prepared.delete(prepared.keys().next().value as string)
    const statement = database.prepare(sql)
    prepared.set(sql, statement)
    return statement
  }
  const transact = (work: () => void): void => {
    database.exec('BEGIN IMMEDIATE')
    try {
      work()
      database.exec('COMMIT')
    } catch (thrown) {
      // A full disk has rolled back already; a second rollback would hide why.
      if (database.isTransaction) database.exec('ROLLBACK')
      throw thrown
    }
  }
  const act = (request: WorkerRequest): Omit<Extract<WorkerResponse, { rows: unknown }>, 'id'> => {
    const nothing = { rows: [], changes: 0, lastId: 0 }
    switch (request.kind) {
      case 'query': {
        const statement = prepare(request.statement.sql)
        if (statement.columns().length > 0)
          return { ...nothing, rows: statement.all(...request.statement.parameters) }
        const done = statement.run(...request.statement.parameters)
        return { rows: [], changes: Number(done.changes), lastId: Number(done.lastInsertRowid) }
      }
      case 'rows':
        transact(() => {
          const statement = prepare(request.sql)
          for (const row of request.rows) statement.run(...row)
        })
        return nothing
      case 'script':
        database.exec(request.sql)
        return nothing
      case 'close':
        prepared.clear()
        database.close()
        return nothing
      default:
        throw new Error('an unknown request')
    }
  }
  port.on('message', (request: WorkerRequest) => {
    try {
      port.postMessage({ id: request.id, ...act(request) })
    } catch (thrown) {
      const error = thrown as Error & { code?: string; errcode?: number }
      port.postMessage({
        id: request.id,
        error: { message: error.message, code: `${error.code ?? ''}:${error.errcode ?? ''}` },
      })
    }
    if (request.kind === 'close') port.close()
  })
}

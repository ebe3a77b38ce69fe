import { type Clock, systemClock } from '../core/clock.ts'
import { RingwallError } from '../core/errors.ts'
import type { EncryptedColumns, EncryptedTable } from './columns.ts'
import { type DataKeys, FIELDS_SCOPE } from './data-keys.ts'
import { parseEnvelope } from './envelope.ts'
import type { Unreadable } from './field-cipher.ts'
import {
  countAll,
  countOld,
  keyTypesOf,
  type Rewrite,
  type RotatedColumn,
  selectOld,
  updateRows,
} from './rotation-sql.ts'
import type { SqlParameter, SqlSession, SqlStatement } from './sql-session.ts'

/** How one column is written anew. */
export interface RotationOptions {
  readonly session: SqlSession
  readonly columns: EncryptedColumns
  readonly keys: DataKeys
  readonly table: string
  readonly column: string
  readonly batchRows?: number
  /** Leaves the database room for others; default: as fast as it goes. */
  readonly maxRowsPerSecond?: number
  readonly onProgress?: (progress: RotationProgress) => void
  /** Stops between two batches; what is done stays done. */
  readonly signal?: AbortSignal
  readonly clock?: Clock
  readonly wait?: (ms: number) => Promise<void>
}

/** How far it is. */
export interface RotationProgress {
  readonly table: string
  readonly column: string
  readonly done: number
  readonly total: number
  readonly rowsPerSecond: number
}

/** How it went. */
export interface RotationReport {
  readonly table: string
  readonly column: string
  readonly rewritten: number
  /** Rows that somebody else wrote between reading and writing; they were read again. */
  readonly overtaken: number
  /** Values that are refused and stay as they are: the first hundred. */
  readonly refused: readonly { readonly key: readonly SqlParameter[]; readonly reason: Unreadable }[]
  /** Values that are still under an old key, counted at the end by the database. 0 is the proof that the old key is not needed here. */
  readonly remaining: number
  readonly passes: number
}

interface State {
  readonly rotated: RotatedColumn
  readonly keyTypes: readonly string[]
  readonly refused: { key: readonly SqlParameter[]; reason: Unreadable }[]
  refusedCount: number
  rewritten: number
  overtaken: number
}

const MAX_PASSES = 50
const MAX_REFUSED = 100
const MAX_FAILURES = 20
/** PostgreSQL counts the parameters of a statement in 16 bits. */
const MAX_PARAMETERS = 60_000

/**
 * Writes every value of a column that is under an old data key, or whose search tokens are, under the newest. Online: rows are
 * swapped one by one only if nobody wrote them meanwhile. There is no state to lose: which key a value is under stands in the value, so
 * after a `kill -9` the next run goes on where this one stopped. It ends when the database counts none that is left.
 */
export async function rotateColumn(options: RotationOptions): Promise<RotationReport> {
  const { session, keys, batchRows = 500 } = options
  const table = options.columns.table(options.table)
  const state: State = {
    rotated: {
      table,
      column: options.column,
      currentKeyId: table.declaration.shredBy ? undefined : keys.current(FIELDS_SCOPE).id,
    },
    keyTypes: await keyTypesOf(session, table),
    refused: [],
    refusedCount: 0,
    rewritten: 0,
    overtaken: 0,
  }
  const width = state.keyTypes.length + 2 + table.indexesOf(options.column).length
  const limit = Math.max(1, Math.min(batchRows, Math.floor(MAX_PARAMETERS / width)))
  const total = await countOf(session, countAll(session.kind, state.rotated))
  const pace = paceOf(options, total, () => state.rewritten)
  let passes = 0
  while (passes < MAX_PASSES && !isStopped(options)) {
    passes++
    const before = state.rewritten + state.overtaken
    state.refused.length = 0
    state.refusedCount = 0
    await runPass(options, state, limit, pace)
    if (state.rewritten + state.overtaken === before) break
  }
  const { rewritten, overtaken, refused } = state
  const remaining =
    state.rotated.currentKeyId === undefined
      ? state.refusedCount
      : await countOf(session, countOld(session.kind, state.rotated))
  return { table: table.name, column: options.column, rewritten, overtaken, refused, remaining, passes }
}

function isStopped({ signal }: RotationOptions): boolean {
  return signal?.aborted === true
}

async function runPass(
  options: RotationOptions,
  state: State,
  limit: number,
  pace: () => Promise<void>,
): Promise<void> {
  const { session, wait = sleep } = options
  let after: readonly SqlParameter[] | undefined
  let failures = 0
  while (!isStopped(options)) {
    try {
      const { sql, parameters } = selectOld(session.kind, state.rotated, after, limit)
      const { rows } = await session.run(sql, parameters)
      const last = rows.at(-1)
      if (!last) return
      await rewrite(options, state, rows)
      after = keyOf(state.rotated.table, last)
      failures = 0
      await pace()
      if (rows.length < limit) return
    } catch (thrown) {
      // Another transaction was in the way: nothing of the batch was written, so it is read again.
      if (!isContention(thrown) || ++failures > MAX_FAILURES) throw thrown
      await wait(10 * 2 ** Math.min(failures, 6))
    }
  }
}

async function rewrite(
  { session, keys }: RotationOptions,
  state: State,
  rows: readonly Readonly<Record<string, unknown>>[],
): Promise<void> {
  const { rotated, refused } = state
  const { table, column } = rotated
  await keys.load(rows.map((row) => table.scopeOf(row)))
  await keys.loadIds(rows.flatMap((row) => keyIdOf(row[column])))
  const rewrites: Rewrite[] = []
  for (const row of rows) {
    const found = rewriteOf(table, column, keys, row)
    if (found === 'current') continue
    if ('reason' in found) {
      state.refusedCount++
      if (refused.length < MAX_REFUSED) refused.push({ key: keyOf(table, row), reason: found.reason })
    } else rewrites.push(found)
  }
  if (rewrites.length === 0) return
  const changed = await session.runTogether(updateRows(session.kind, rotated, rewrites, state.keyTypes))
  const count = changed.reduce((sum, one) => sum + one, 0)
  state.rewritten += count
  state.overtaken += rewrites.length - count
}

function rewriteOf(
  table: EncryptedTable,
  column: string,
  keys: DataKeys,
  row: Readonly<Record<string, unknown>>,
): Rewrite | { readonly reason: Unreadable } | 'current' {
  const cipher = table.cipherOf(column)
  const indexes = table.indexesOf(column)
  const from = row[column] as string | Uint8Array
  const key = keyOf(table, row)
  const scope = table.scopeOf(row)
  const opened = cipher.decrypt(from, key as never)
  // A destroyed value has nothing that could be written anew; it is not left over, it is gone.
  if (!opened.ok) return opened.reason === 'key-destroyed' ? 'current' : { reason: opened.reason }
  const hasCurrentTokens = indexes.every((index) => isCurrentToken(row[index.name], index.currentTag()))
  if (opened.keyId === keys.current(scope).id && hasCurrentTokens) return 'current'
  const tokens = Object.fromEntries(indexes.map((index) => [index.name, index.tokensOf(opened.value)]))
  return { key, from, to: cipher.encrypt(opened.value, key as never, scope), tokens }
}

function isCurrentToken(stored: unknown, tag: string): boolean {
  return typeof stored === 'string' && (stored.startsWith(tag) || stored === ' ')
}

function keyIdOf(raw: unknown): string[] {
  const envelope = parseEnvelope(raw, Number.MAX_SAFE_INTEGER)
  return typeof envelope === 'string' ? [] : [envelope.keyId]
}

function keyOf(table: EncryptedTable, row: Readonly<Record<string, unknown>>): readonly SqlParameter[] {
  return table.keyColumns.map((column) => row[column] as SqlParameter)
}

/** Counts what a column still has under old keys, for `status`. A table with a key for each row cannot be counted this way. */
export async function countRemaining(
  session: SqlSession,
  columns: EncryptedColumns,
  keys: DataKeys,
  name: string,
  column: string,
): Promise<{ readonly total: number; readonly remaining: number | undefined }> {
  const table = columns.table(name)
  const currentKeyId = table.declaration.shredBy ? undefined : keys.current(FIELDS_SCOPE).id
  const rotated = { table, column, currentKeyId }
  const total = await countOf(session, countAll(session.kind, rotated))
  if (currentKeyId === undefined) return { total, remaining: undefined }
  return { total, remaining: await countOf(session, countOld(session.kind, rotated)) }
}

async function countOf(session: SqlSession, { sql, parameters }: SqlStatement): Promise<number> {
  const { rows } = await session.run(sql, parameters)
  return Number(rows[0]?.['count'] ?? 0)
}

/** Tells how far it is and waits as long as the throttle wants. */
function paceOf(options: RotationOptions, total: number, rewritten: () => number): () => Promise<void> {
  const { clock = systemClock, wait = sleep, maxRowsPerSecond, onProgress, table, column } = options
  const startedAt = clock.elapsed()
  return async () => {
    const seconds = (clock.elapsed() - startedAt) / 1000
    const done = rewritten()
    onProgress?.({ table, column, done, total, rowsPerSecond: seconds > 0 ? done / seconds : 0 })
    const aheadSeconds = maxRowsPerSecond === undefined ? 0 : done / maxRowsPerSecond - seconds
    if (aheadSeconds > 0) await wait(aheadSeconds * 1000)
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

/** Deadlocks, serialization failures and locks of PostgreSQL, MySQL and SQLite. */
function isContention(thrown: unknown): boolean {
  if (thrown instanceof RingwallError) return false
  const { code, errno, errcode } = thrown as { code?: unknown; errno?: unknown; errcode?: unknown }
  return (
    ['40P01', '40001', '55P03'].includes(String(code)) ||
    errno === 1213 ||
    errno === 1205 ||
    errcode === 5 ||
    errcode === 6
  )
}

import { systemClock } from '../core/clock.ts'
import type { EncryptedColumns } from './columns.ts'
import { FIELDS_SCOPE, SEARCH_SCOPE } from './data-keys.ts'
import { countRemaining, rotateColumn, type RotationOptions, type RotationReport } from './rotation.ts'

/** How all columns are rotated. */
export interface FullRotationOptions extends Omit<RotationOptions, 'table' | 'column'> {
  /**
   * How long the applications may take to learn of a new key: nothing is written with it before that. They learn by
   * `keys.refresh()`, which they should call at least this often.
   */
  readonly graceMs: number
  /** Makes new keys also where a rotation is under way. */
  readonly force?: boolean
  /** Forgets the old keys if nothing is left under them, now and after another `graceMs`. */
  readonly retire?: boolean
  readonly onStep?: (line: string) => void
}

/** How it went. */
export interface FullRotationReport {
  /** Whether this run made new keys, or went on with those of an earlier run. */
  readonly isNew: boolean
  readonly keyId: string
  readonly searchKeyId: string
  readonly columns: readonly RotationReport[]
  readonly remaining: number
  /** Old keys that were forgotten. */
  readonly retired: readonly string[]
}

/**
 * Makes new data keys for fields and search and writes every declared column under them. A run that was killed is
 * taken up by the next one: more than one living key means that a rotation is under way, so no further key is made.
 */
export async function rotateAll(options: FullRotationOptions): Promise<FullRotationReport> {
  const { keys, columns, graceMs, onStep = () => undefined, clock = systemClock, wait = sleep } = options
  await keys.refresh()
  const isUnderWay = [FIELDS_SCOPE, SEARCH_SCOPE].some((scope) => keys.all(scope).length > 1)
  const isNew = !isUnderWay || options.force === true
  if (isNew) {
    await keys.add(FIELDS_SCOPE)
    await keys.add(SEARCH_SCOPE)
  }
  const current = keys.current(FIELDS_SCOPE)
  const search = keys.current(SEARCH_SCOPE)
  onStep(`${isNew ? 'new keys' : 'going on with keys'} ${current.id} (fields), ${search.id} (search)`)
  const graceLeftMs = Math.max(current.createdMs, search.createdMs) + graceMs - clock.now()
  if (graceLeftMs > 0) {
    onStep(`waiting ${Math.ceil(graceLeftMs / 1000)} s until every application knows them`)
    await wait(graceLeftMs)
  }
  const reports: RotationReport[] = []
  for (const { table, column } of declared(columns)) {
    if (options.signal?.aborted === true) break
    reports.push(await rotateColumn({ ...options, table, column }))
  }
  const isWhole = reports.length === declared(columns).length
  const remaining = reports.reduce((sum, report) => sum + report.remaining, 0)
  const report = {
    isNew,
    keyId: current.id,
    searchKeyId: search.id,
    columns: reports,
    remaining,
    retired: [],
  }
  if (options.retire !== true || !isWhole || remaining > 0) return report
  onStep(`nothing is left under old keys; looking again in ${Math.ceil(graceMs / 1000)} s`)
  await wait(graceMs)
  const late = await remainingOf(options)
  if (late > 0) return { ...report, remaining: late }
  const old = [FIELDS_SCOPE, SEARCH_SCOPE].flatMap((scope) => keys.all(scope).slice(1))
  for (const { id } of old) await keys.forget(id)
  return { ...report, retired: old.map(({ id }) => id) }
}

/** All declared columns. */
export function declared(columns: EncryptedColumns): { readonly table: string; readonly column: string }[] {
  return columns.names.flatMap((table) =>
    columns.table(table).columnNames.map((column) => ({ table, column })),
  )
}

/** Counts once more; where each row has a key of its own the database cannot count, so those are gone through again. */
async function remainingOf(options: FullRotationOptions): Promise<number> {
  const { session, columns, keys } = options
  let sum = 0
  for (const { table, column } of declared(columns)) {
    const { remaining } = await countRemaining(session, columns, keys, table, column)
    if (remaining !== undefined) sum += remaining
    else {
      const again = await rotateColumn({ ...options, table, column })
      sum += again.rewritten + again.remaining
    }
  }
  return sum
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

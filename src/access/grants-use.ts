import { sql } from 'kysely'

import { describeError } from '../core/errors.ts'
import type { Database } from '../store/index.ts'

const MAX_NOTED = 50_000
const ROWS_AT_ONCE = 400

/**
 * When grants were last used, written in batches: a request notes it in memory and waits for nothing. What a crash
 * loses is at most one interval of uses, never a right.
 */
export class GrantUses {
  readonly #database: Database
  readonly #flushMs: number
  readonly #onNotice: (line: string) => void
  #noted = new Map<string, number>()
  #timer: NodeJS.Timeout | undefined
  #writing: Promise<void> = Promise.resolve()

  constructor(database: Database, flushMs: number, onNotice: (line: string) => void) {
    this.#database = database
    this.#flushMs = flushMs
    this.#onNotice = onNotice
  }

  /** Roles of the account itself have no row; reviews find their uses in the audit log. */
  note(ids: readonly string[], nowMs: number): void {
    for (const id of ids) {
      if (id.startsWith('account:')) continue
      // INVARIANT: at most MAX_NOTED; while the database is away, further ones are not noted.
      const known = this.#noted.get(id)
      if (known === undefined ? this.#noted.size < MAX_NOTED : known < nowMs) this.#noted.set(id, nowMs)
    }
    if (this.#noted.size > 0) this.#timer ??= setTimeout(() => void this.flush(), this.#flushMs).unref()
  }

  /** Writes what is noted; what could not be written is kept for the next time. Never rejects. */
  flush(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#writing = this.#writing.then(() => this.#write())
    return this.#writing
  }

  async #write(): Promise<void> {
    const uses = [...this.#noted]
    this.#noted = new Map()
    while (uses.length > 0) {
      const part = uses.slice(0, ROWS_AT_ONCE)
      try {
        await this.#update(part)
        uses.splice(0, part.length)
      } catch (thrown) {
        this.#onNotice(`when grants were last used could not be written: ${describeError(thrown)}`)
        for (const [id, atMs] of uses.splice(0)) this.note([id], atMs)
      }
    }
  }

  async #update(uses: readonly (readonly [id: string, atMs: number])[]): Promise<void> {
    const rows = sql.join(uses.map(([id, atMs]) => sql`(CAST(${id} AS TEXT), CAST(${atMs} AS BIGINT))`))
    for (const table of ['role_assignments', 'permission_grants'] as const) {
      await sql`UPDATE ${sql.table(table)} SET last_used_at = used.column2 FROM (VALUES ${rows}) AS used
        WHERE id = used.column1 AND (last_used_at IS NULL OR last_used_at < used.column2)`.execute(
        this.#database.kysely,
      )
    }
  }
}

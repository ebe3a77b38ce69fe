import { sql } from 'kysely'

import { describeError } from '../core/errors.ts'
import type { Database } from '../store/index.ts'

const MAX_NOTED = 50_000

interface Use {
  readonly atMs: number
  readonly ip: string
  readonly times: number
}

/**
 * When and from where keys were last used, and how often, written in batches: a request notes it in memory and waits for
 * nothing. What a crash loses is at most one interval of uses.
 */
export class ApiKeyUses {
  readonly #database: Database
  readonly #flushMs: number
  readonly #onNotice: (line: string) => void
  #noted = new Map<string, Use>()
  #timer: NodeJS.Timeout | undefined
  #writing: Promise<void> = Promise.resolve()

  constructor(database: Database, flushMs: number, onNotice: (line: string) => void = () => undefined) {
    this.#database = database
    this.#flushMs = flushMs
    this.#onNotice = onNotice
  }

  note(id: string, ip: string, atMs: number, times = 1): void {
    const known = this.#noted.get(id)
    // INVARIANT: at most MAX_NOTED; while the database is away, further keys are not noted.
    if (!known && this.#noted.size >= MAX_NOTED) return
    const newest = known && known.atMs > atMs ? known : { atMs, ip }
    this.#noted.set(id, { ...newest, times: (known?.times ?? 0) + times })
    this.#timer ??= setTimeout(() => void this.flush(), this.#flushMs).unref()
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
    for (const [id, { atMs, ip, times }] of uses) {
      try {
        await sql`UPDATE api_keys SET uses = uses + ${times},
          last_used_ip = CASE WHEN last_used_at IS NULL OR last_used_at < ${atMs} THEN ${ip} ELSE last_used_ip END,
          last_used_at = CASE WHEN last_used_at IS NULL OR last_used_at < ${atMs} THEN ${atMs} ELSE last_used_at END
          WHERE id = ${id}`.execute(this.#database.kysely)
      } catch (thrown) {
        this.#onNotice(`when API keys were last used could not be written: ${describeError(thrown)}`)
        this.note(id, ip, atMs, times)
      }
    }
  }
}

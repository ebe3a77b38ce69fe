import { describeError } from '../core/errors.ts'
import type { MaskText } from '../core/keys.ts'
import type { AuditRecord, Watch } from '../core/watch.ts'
import type { Database } from '../store/index.ts'
import type { AuditConfig } from './config.ts'
import { AUDIT_COLUMNS, rowOf } from './row.ts'

/** Told once when the log can no longer be written, and once when it can again. */
export type OnAlarm = (state: 'failing' | 'working', detail: string) => void

interface Waiting {
  readonly resolve: () => void
  readonly reject: (error: Error) => void
}

const RETRY_MS = 250
const MAX_BATCH = 2000

/**
 * The watch: an append-only log with group commit. While one batch is on its way to the disk the next gathers, so that
 * many refusals share one fsync. What is only queued is written within the configured time, in order.
 */
export class AuditLog implements Watch {
  readonly #database: Database
  readonly #config: AuditConfig
  readonly #mask: MaskText
  readonly #onAlarm: OnAlarm
  #queue: AuditRecord[] = []
  #waiting: Waiting[] = []
  #timer: NodeJS.Timeout | undefined
  #writing: Promise<void> | undefined
  #failing = false

  constructor(options: {
    readonly database: Database
    readonly config: AuditConfig
    readonly mask: MaskText
    readonly onAlarm?: OnAlarm
  }) {
    this.#database = options.database
    this.#config = options.config
    this.#mask = options.mask
    this.#onAlarm = options.onAlarm ?? (() => undefined)
  }

  healthy(): boolean {
    return !this.#failing && this.#queue.length < this.#config.queue
  }

  /** Records that wait for the disk. */
  get queued(): number {
    return this.#queue.length
  }

  record(record: AuditRecord): void {
    if (this.#isFull()) return
    this.#queue.push(record)
    if (this.#queue.length >= MAX_BATCH) this.#write()
    else this.#schedule(this.#config.flush)
  }

  recordDurably(records: readonly AuditRecord[]): Promise<void> {
    if (this.#isFull()) return Promise.reject(new Error('the queue of the audit log is full'))
    return new Promise((resolve, reject) => {
      this.#queue.push(...records)
      this.#waiting.push({ resolve, reject })
      this.#write()
    })
  }

  /**
   * INVARIANT: the queue is bounded. `healthy` stops new requests at its size; what was under way may fill it once more, and
   * only then records are lost, with an alarm.
   */
  #isFull(): boolean {
    if (this.#queue.length < this.#config.queue * 2) return false
    this.#alarm('failing', 'the queue is full; records are lost')
    return true
  }

  /** Writes what is queued. */
  async flush(): Promise<void> {
    while (this.#queue.length > 0 && !this.#failing) {
      this.#write()
      await this.#writing
    }
  }

  /** Flushes, and tries once more where writing had failed. */
  async close(): Promise<void> {
    clearTimeout(this.#timer)
    await this.#writing
    this.#failing = false
    await this.flush()
    clearTimeout(this.#timer)
  }

  #write(): void {
    if (this.#writing) return
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#writing = this.#writeBatch().finally(() => {
      this.#writing = undefined
      if (this.#queue.length === 0) return
      if (this.#failing) this.#schedule(RETRY_MS)
      else if (this.#waiting.length > 0 || this.#queue.length >= MAX_BATCH) this.#write()
      else this.#schedule(this.#config.flush)
    })
  }

  /** Does not keep the process alive: who ends it closes the log. */
  #schedule(ms: number): void {
    this.#timer ??= setTimeout(() => this.#write(), ms).unref()
  }

  async #writeBatch(): Promise<void> {
    // Everything that waits for the disk goes into this batch: it is at most as long as the queue.
    const batch = this.#queue
    const waiting = this.#waiting
    this.#queue = []
    this.#waiting = []
    try {
      await this.#database.insertRows(
        'audit_events',
        AUDIT_COLUMNS,
        batch.map((record) => rowOf(record, this.#mask)),
      )
      for (const one of waiting) one.resolve()
      this.#alarm('working', `${batch.length} records written`)
    } catch (thrown) {
      // Nothing is lost while memory allows: the batch goes back to the head of the queue and is tried again.
      this.#queue = [...batch, ...this.#queue]
      const error = thrown instanceof Error ? thrown : new Error(String(thrown))
      for (const one of waiting) one.reject(error)
      this.#alarm('failing', describeError(thrown))
    }
  }

  #alarm(state: 'failing' | 'working', detail: string): void {
    const failing = state === 'failing'
    if (failing === this.#failing) return
    this.#failing = failing
    this.#onAlarm(state, detail)
  }
}

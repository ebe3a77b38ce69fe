import type { Clock, RandomBytes } from '../../core/clock.ts'
import type { Database, MailQueueRow } from '../../store/index.ts'
import type { Language } from '../words.ts'

/** Reasons to write to somebody. */
export type MailKind =
  | 'register-asked'
  | 'invited'
  | 'reset-asked'
  | 'email-change-asked'
  | 'email-changed'
  | 'new-device'
  | 'password-changed'
  | 'deletion-asked'
  | 'deleted'

/** A wish to write. Nothing of it opens anything. */
export interface MailWish {
  readonly kind: MailKind
  readonly realm: 'site' | 'operator'
  readonly email: string
  readonly language: Language
  readonly data?: Readonly<Record<string, string | number | readonly string[]>>
}

const MAX_QUEUED = 10_000
const MINUTE_MS = 60_000
/** Waits between tries; after the last one the mail is given up. */
const RETRY_MS = [1, 5, 15, 60, 180, 480].map((minutes) => minutes * MINUTE_MS)
/** Whoever sends a mail has so long before another may try. */
const LEASE_MS = 2 * MINUTE_MS

/**
 * Mails that wait in the store. A request only adds a line here, whether there is an account or not: what is written, and
 * whether anything is, is decided later, where nobody can measure it. Several gateways share the queue.
 */
export class MailQueue {
  readonly #database: Database
  readonly #clock: Clock
  readonly #random: RandomBytes

  constructor(database: Database, clock: Clock, random: RandomBytes) {
    this.#database = database
    this.#clock = clock
    this.#random = random
  }

  /** Adds a line. False when the queue is full: the mail is not sent, and nothing else fails. */
  async add(wish: MailWish): Promise<boolean> {
    if ((await this.waiting()) >= MAX_QUEUED) return false
    const nowMs = this.#clock.now()
    await this.#database.kysely
      .insertInto('mail_queue')
      .values({
        id: Buffer.from(this.#random(12)).toString('base64url'),
        kind: wish.kind,
        realm: wish.realm,
        email: wish.email,
        language: wish.language,
        data: JSON.stringify(wish.data ?? {}),
        created_at: nowMs,
        next_at: nowMs,
        tries: 0,
      })
      .execute()
    return true
  }

  /** How many wait. */
  async waiting(): Promise<number> {
    const row = await this.#database.kysely
      .selectFrom('mail_queue')
      .select((select) => select.fn.countAll<number>().as('count'))
      .executeTakeFirstOrThrow()
    return row.count
  }

  /** Takes what is due, so that no other gateway does. */
  async claim(limit: number): Promise<readonly MailQueueRow[]> {
    const nowMs = this.#clock.now()
    const due = await this.#database.kysely
      .selectFrom('mail_queue')
      .selectAll()
      .where('next_at', '<=', nowMs)
      .orderBy('next_at')
      .limit(limit)
      .execute()
    const mine: MailQueueRow[] = []
    for (const row of due) {
      const done = await this.#database.kysely
        .updateTable('mail_queue')
        .set({ next_at: nowMs + LEASE_MS, tries: row.tries + 1 })
        .where('id', '=', row.id)
        .where('next_at', '=', row.next_at)
        .where('tries', '=', row.tries)
        .executeTakeFirst()
      if (Number(done.numUpdatedRows) === 1) mine.push({ ...row, tries: row.tries + 1 })
    }
    return mine
  }

  async done(row: MailQueueRow): Promise<void> {
    await this.#database.kysely.deleteFrom('mail_queue').where('id', '=', row.id).execute()
  }

  /** Puts a mail back for later. False when that was the last try, and it is given up. */
  async retry(row: MailQueueRow): Promise<boolean> {
    const waitMs = RETRY_MS[row.tries - 1]
    if (waitMs === undefined) {
      await this.done(row)
      return false
    }
    await this.#database.kysely
      .updateTable('mail_queue')
      .set({ next_at: this.#clock.now() + waitMs })
      .where('id', '=', row.id)
      .execute()
    return true
  }
}

import type { Clock } from '../core/clock.ts'
import type { Database } from '../store/index.ts'

/** A tenant whose accounts may not act. */
export interface Suspension {
  readonly tenant: string
  readonly reason: string
  readonly by: string
  readonly suspendedMs: number
}

/** Tenants that are suspended. The gate reads them with the account, for each request; nothing is kept. */
export class Suspensions {
  readonly #database: Database
  readonly #clock: Clock

  constructor(database: Database, clock: Clock) {
    this.#database = database
    this.#clock = clock
  }

  /** False: it was suspended before. */
  async suspend(tenant: string, reason: string, by: string): Promise<boolean> {
    const { numInsertedOrUpdatedRows } = await this.#database.kysely
      .insertInto('suspended_tenants')
      .values({ tenant, reason, suspended_by: by, suspended_at: this.#clock.now() })
      .onConflict((conflict) => conflict.column('tenant').doNothing())
      .executeTakeFirst()
    return numInsertedOrUpdatedRows === 1n
  }

  /** False: it was not suspended. */
  async resume(tenant: string): Promise<boolean> {
    const done = await this.#database.kysely
      .deleteFrom('suspended_tenants')
      .where('tenant', '=', tenant)
      .executeTakeFirst()
    return done.numDeletedRows === 1n
  }

  async list(): Promise<readonly Suspension[]> {
    const rows = await this.#database.kysely
      .selectFrom('suspended_tenants')
      .selectAll()
      .orderBy('suspended_at')
      .limit(10_000)
      .execute()
    return rows.map(({ tenant, reason, suspended_by: by, suspended_at: suspendedMs }) => ({
      tenant,
      reason,
      by,
      suspendedMs,
    }))
  }
}

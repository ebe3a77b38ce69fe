import type { Kysely } from 'kysely'

import type { Tables } from './tables.ts'

/** What a column can hold on both databases. */
export type SqlValue = string | number | bigint | null | Uint8Array

/** Accounts, sessions and the audit log: the embedded file, or PostgreSQL. Asynchronous everywhere. */
export interface Database {
  readonly kind: 'sqlite' | 'postgres'
  readonly kysely: Kysely<Tables>
  /** Inserts many rows in one transaction and one message; resolves when they are on disk. */
  insertRows(
    table: keyof Tables,
    columns: readonly string[],
    rows: readonly (readonly SqlValue[])[],
  ): Promise<void>
  /** Runs several statements of our own, such as a migration. Never with anything that a user sent. */
  script(sql: string): Promise<void>
  close(): Promise<void>
}

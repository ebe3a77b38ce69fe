export { followResets, requestReset } from './counter-resets.ts'
export {
  type CounterResult,
  type CounterRule,
  type Counters,
  gcra,
  MemoryCounters,
  type Place,
} from './counters.ts'
export type { Database, SqlValue } from './database.ts'
export { migrate, type Migration, readMigrations } from './migrate.ts'
export { openPostgres } from './postgres.ts'
export { openRedis, requireRedis } from './redis.ts'
export { RedisSessions, type SessionStore, SqlSessions } from './sessions.ts'
export { SharedCounters, type SharedFigures } from './shared-counters.ts'
export { openSqlite } from './sqlite.ts'
export { openStore, type Store, type StoreOptions } from './store.ts'
export type {
  AccountLinkRow,
  AccountRow,
  ApiKeyRow,
  AuditRow,
  ElevationRequestRow,
  PasskeyRow,
  KnownDeviceRow,
  MailQueueRow,
  PasswordHistoryRow,
  PermissionGrantRow,
  RememberedDeviceRow,
  RoleAssignmentRow,
  SessionRow,
  Tables,
} from './tables.ts'

export { type CounterResult, type CounterRule, type Counters, gcra, MemoryCounters } from './counters.ts'
export type { Database, SqlValue } from './database.ts'
export { migrate, type Migration, readMigrations } from './migrate.ts'
export { openPostgres } from './postgres.ts'
export { openRedis, RedisCounters, requireRedis } from './redis.ts'
export { LocalNews, type SessionNews } from './session-news.ts'
export { RedisSessions, type SessionStore, SqlSessions } from './sessions.ts'
export { openSqlite } from './sqlite.ts'
export { openStore, type Store, type StoreOptions } from './store.ts'
export type {
  AccountLinkRow,
  AccountRow,
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

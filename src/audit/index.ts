export { type AuditConfig, auditSchema } from './config.ts'
export { formatLine, formatTrace, formatWhy } from './format.ts'
export { AuditLog, type OnAlarm } from './log.ts'
export { type AuditEvent, type AuditFilter, queryAudit } from './query.ts'

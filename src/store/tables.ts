import type { Generated } from 'kysely'

/** People and machines that can sign in. Times are milliseconds since 1970, flags are 0 or 1. */
export interface AccountRow {
  readonly id: string
  /** `site`: users of the application. `operator`: those who run Ringwall. The two never mix. */
  readonly realm: 'site' | 'operator'
  readonly email: string
  /** Lower-cased; unique within a realm. */
  readonly email_key: string
  readonly name: string
  /** JSON array of role names. */
  readonly roles: string
  readonly password_hash: string | null
  readonly password_set_at: number
  readonly password_must_change: number
  /** For one-time passwords. */
  readonly password_expires_at: number | null
  /** Sessions with an older version are dead. */
  readonly session_version: number
  readonly disabled: number
  readonly created_at: number
  readonly last_sign_in_at: number | null
}

/** Hashes of former passwords, so that they are not taken again. */
export interface PasswordHistoryRow {
  readonly account_id: string
  readonly password_hash: string
  readonly set_at: number
}

/** Live sessions. The token itself is nowhere; only its SHA-256. */
export interface SessionRow {
  readonly id_hash: string
  readonly account_id: string
  readonly realm: 'site' | 'operator'
  readonly session_version: number
  readonly created_at: number
  readonly last_used_at: number
  readonly idle_expires_at: number
  readonly absolute_expires_at: number
  readonly ip: string
  readonly user_agent: string
}

/** One line of the audit log. Append-only: the database itself refuses changes. */
export interface AuditRow {
  readonly seq: Generated<number>
  readonly id: string
  readonly at: number
  readonly kind: string
  readonly subject: string | null
  readonly ip: string | null
  readonly method: string | null
  readonly host: string | null
  readonly path: string | null
  readonly status: number | null
  readonly verdict: string
  readonly wall: string | null
  readonly code: string | null
  readonly detail: string | null
  readonly duration_us: number | null
  readonly bytes_in: number | null
  readonly bytes_out: number | null
  /** JSON: the steps of the walk. */
  readonly trace: string | null
  /** JSON: facts of a security event. */
  readonly data: string | null
}

/** What a stored grant has, whatever it grants. Rows are never removed: they are who had what, and by whom. */
interface GrantColumns {
  readonly id: string
  /** The account. */
  readonly subject: string
  /** Only for resources of this type; null for everything. */
  readonly resource_type: string | null
  /** Only for this one. */
  readonly resource_id: string | null
  /** 1 for a short one that was taken for a task. */
  readonly elevation: number
  readonly reason: string
  readonly granted_by: string
  readonly approved_by: string | null
  readonly granted_at: number
  readonly not_before: number
  /** From this moment on it does not count. */
  readonly expires_at: number | null
  /** Not null: it does not count, whatever the time is. */
  readonly revoked_at: number | null
  readonly revoked_by: string | null
  readonly last_used_at: number | null
}

/** A role that a subject was given beside those of the account. */
export interface RoleAssignmentRow extends GrantColumns {
  readonly role: string
}

/** A permission that a subject was given directly. */
export interface PermissionGrantRow extends GrantColumns {
  readonly permission: string
}

/** Keys of machines. The key itself is nowhere; only its SHA-256. Rows are never removed. */
export interface ApiKeyRow {
  readonly id: string
  /** The machine: the same through all rotations. */
  readonly client: string
  readonly realm: 'site' | 'operator'
  readonly name: string
  /** Whom to ask about it. */
  readonly owner: string
  /** The first characters, to tell keys apart. */
  readonly hint: string
  readonly key_hash: string
  /** JSON arrays of text. Empty routes and networks: all. */
  readonly roles: string
  readonly scopes: string
  readonly routes: string
  readonly networks: string
  readonly rate_requests: number | null
  readonly rate_period_ms: number | null
  readonly created_at: number
  readonly created_by: string
  readonly expires_at: number | null
  /** The key that was made in its place. */
  readonly replaced_by: string | null
  readonly revoked_at: number | null
  readonly revoked_by: string | null
  readonly last_used_at: number | null
  readonly last_used_ip: string | null
  readonly uses: number
}

/** Counters that somebody reset by hand, for the gateways that hold them in memory. */
export interface LimitResetRow {
  readonly key: string
  readonly at: number
}

/** Every table of the store. */
export interface Tables {
  readonly accounts: AccountRow
  readonly password_history: PasswordHistoryRow
  readonly sessions: SessionRow
  readonly audit_events: AuditRow
  readonly role_assignments: RoleAssignmentRow
  readonly permission_grants: PermissionGrantRow
  readonly api_keys: ApiKeyRow
  readonly limit_resets: LimitResetRow
}

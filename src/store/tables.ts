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
  /** Since when it is a sealed account for emergencies. */
  readonly break_glass_sealed_at: number | null
  /** The tenant that it belongs to, where there are tenants. */
  readonly tenant: string | null
  /** When its owner proved to read mail at the address; null where nobody asked. */
  readonly email_verified_at: number | null
  /** Not null: the owner asked for deletion, and from this moment on it may be carried out. */
  readonly delete_after: number | null
  /** Of mails to the owner; null where it is not known. */
  readonly language: string | null
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
  /** 1: one factor; 2: two, or one that verified its user. */
  readonly assurance: number
  /** How it was authenticated (RFC 8176), separated by spaces. */
  readonly methods: string
  /** When that was: a session that goes on does not make it later. */
  readonly authenticated_at: number
  /** Of the device cookie that the session began with; null where there was none. */
  readonly device_hash: string | null
  /** The operator who acts as this account, and why; null for the account itself. */
  readonly impersonator: string | null
  readonly impersonation_reason: string | null
}

/** The secret of an authenticator application. It counts once a code of it was shown. */
export interface TotpFactorRow {
  readonly account_id: string
  /** Sealed with the pepper key. */
  readonly secret: string
  /** The step of the last code that was taken; no code of it or before is taken again. */
  readonly last_step: number
  readonly created_at: number
  readonly confirmed_at: number | null
  readonly last_used_at: number | null
}

/** Hashes of backup codes. A used one stays, so that it can be said when it was. */
export interface BackupCodeRow {
  readonly account_id: string
  readonly code_hash: string
  /** The same for all codes of one set. */
  readonly salt: string
  readonly created_at: number
  readonly used_at: number | null
}

/** Wrong codes in a row, from wherever they came. */
export interface FactorFailureRow {
  readonly account_id: string
  readonly failures: number
}

/** A WebAuthn credential. Texts are base64url. */
export interface PasskeyRow {
  readonly credential_id: string
  readonly account_id: string
  readonly rp_id: string
  readonly public_key: string
  readonly counter: number
  /** Separated by commas. */
  readonly transports: string
  readonly name: string
  readonly aaguid: string
  readonly backup_eligible: number
  readonly backed_up: number
  readonly created_at: number
  readonly last_used_at: number | null
}

/** Signed tokens that were used, until they expire. */
export interface SpentTokenRow {
  readonly id: string
  readonly expires_at: number
}

/** Devices where the second factor is not asked for again. */
export interface RememberedDeviceRow {
  readonly token_hash: string
  readonly account_id: string
  readonly session_version: number
  readonly user_agent: string
  readonly created_at: number
  readonly last_used_at: number
  readonly expires_at: number
}

/** Tenants whose accounts may not act. */
export interface SuspendedTenantRow {
  readonly tenant: string
  readonly reason: string
  readonly suspended_by: string
  readonly suspended_at: number
}

/** More rights that somebody asked for, and what became of it. */
export interface ElevationRequestRow {
  readonly id: string
  readonly realm: 'site' | 'operator'
  readonly account_id: string
  readonly session_ref: string
  readonly session_version: number
  /** JSON array of roles and permissions. */
  readonly names: string
  readonly reason: string
  readonly ttl_ms: number
  readonly requested_at: number
  /** Until when it can be approved. */
  readonly expires_at: number
  readonly decision: 'approved' | 'refused' | 'withdrawn' | null
  readonly decided_by: string | null
  readonly decided_at: number | null
}

/** Links of mails and invitations: single use, and only the hash of the token is stored. */
export interface AccountLinkRow {
  readonly token_hash: string
  readonly purpose: string
  readonly realm: 'site' | 'operator'
  /** Null where there is no account yet. */
  readonly account_id: string | null
  readonly email: string
  /** JSON object: what the purpose needs. */
  readonly data: string
  readonly created_at: number
  readonly expires_at: number
  readonly used_at: number | null
}

/** Devices from which an account was signed in to. The token of the cookie is nowhere; only its SHA-256. */
export interface KnownDeviceRow {
  readonly account_id: string
  readonly device_hash: string
  readonly first_seen_at: number
  readonly last_seen_at: number
  readonly ip: string
  readonly user_agent: string
}

/** Consecutive failures to sign in, by a hash of realm and address or device; also of addresses without an account. */
export interface SignInFailureRow {
  readonly whose: string
  readonly failures: number
  readonly last_failed_at: number
}

/** Mails that wait to be written and sent. Nothing in a row opens anything: links are made when the mail is written. */
export interface MailQueueRow {
  readonly id: string
  readonly kind: string
  readonly realm: 'site' | 'operator'
  readonly email: string
  readonly language: string
  /** JSON object: what the template needs. */
  readonly data: string
  readonly created_at: number
  /** Not before this moment. Whoever sends it moves this into the future first, so that nobody else does. */
  readonly next_at: number
  readonly tries: number
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
  /** Only in this session, and only while the account has this version. Null: in all. */
  readonly session_ref: string | null
  readonly session_version: number | null
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
  readonly account_links: AccountLinkRow
  readonly known_devices: KnownDeviceRow
  readonly sign_in_failures: SignInFailureRow
  readonly mail_queue: MailQueueRow
  readonly audit_events: AuditRow
  readonly role_assignments: RoleAssignmentRow
  readonly permission_grants: PermissionGrantRow
  readonly totp_factors: TotpFactorRow
  readonly backup_codes: BackupCodeRow
  readonly factor_failures: FactorFailureRow
  readonly passkeys: PasskeyRow
  readonly spent_tokens: SpentTokenRow
  readonly remembered_devices: RememberedDeviceRow
  readonly suspended_tenants: SuspendedTenantRow
  readonly elevation_requests: ElevationRequestRow
  readonly api_keys: ApiKeyRow
  readonly limit_resets: LimitResetRow
}

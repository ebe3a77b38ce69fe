import type { AccountRow } from '../store/index.ts'

/** Somebody who can sign in. */
export interface Account {
  readonly id: string
  readonly realm: 'site' | 'operator'
  readonly email: string
  readonly name: string
  readonly roles: readonly string[]
  readonly passwordHash: string | null
  readonly passwordSetMs: number
  readonly mustChangePassword: boolean
  readonly passwordExpiresMs: number | null
  readonly sessionVersion: number
  readonly disabled: boolean
  readonly createdMs: number
  readonly lastSignInMs: number | null
  readonly tenant: string | null
  readonly isTenantSuspended: boolean
  /** Since when it is sealed for emergencies, 0 once the seal was broken; null for an ordinary account. */
  readonly breakGlassSealedMs: number | null
  /** When its owner proved to read mail at the address; null where nobody asked. */
  readonly emailVerifiedMs: number | null
  /** Not null: from this moment on it is deleted. */
  readonly deleteAfterMs: number | null
  /** Of mails to the owner. */
  readonly language: string | null
}

/** In place of the time of sealing, once the account was used. */
export const SEAL_BROKEN = 0

/** A row as an account. */
export function accountOf(row: AccountRow & { readonly tenant_suspended: unknown }): Account {
  return {
    id: row.id,
    realm: row.realm,
    email: row.email,
    name: row.name,
    roles: JSON.parse(row.roles) as string[],
    passwordHash: row.password_hash,
    passwordSetMs: row.password_set_at,
    mustChangePassword: row.password_must_change === 1,
    passwordExpiresMs: row.password_expires_at,
    sessionVersion: row.session_version,
    disabled: row.disabled === 1,
    createdMs: row.created_at,
    lastSignInMs: row.last_sign_in_at,
    tenant: row.tenant,
    isTenantSuspended: Boolean(row.tenant_suspended),
    breakGlassSealedMs: row.break_glass_sealed_at,
    emailVerifiedMs: row.email_verified_at,
    deleteAfterMs: row.delete_after,
    language: row.language,
  }
}

import { type Account, SEAL_BROKEN } from './accounts.ts'

/** Every way in that there is. A new one is a line here, and the property test crosses it with every state. */
export const WAYS_IN = [
  'session',
  'password',
  'second-factor',
  'passkey',
  'remembered-device',
  'step-up',
  'password-change',
  'password-reset',
  'elevation',
  'api-key',
] as const

/** One of `WAYS_IN`. */
export type WayIn = (typeof WAYS_IN)[number]

/** What somebody shows, and what it was made for. */
export interface Claim {
  readonly way: WayIn
  readonly realm: Account['realm']
  /**
   * The version of the account that the thing belongs to: of the session, the device, the link, the first step of
   * a sign-in. Undefined only for what was proven just now against the account itself, such as its password.
   */
  readonly sessionVersion: number | undefined
}

/** Why an account may not act. */
export type GateRefusal =
  | 'gone'
  | 'other-realm'
  | 'disabled'
  | 'deleted'
  | 'tenant-suspended'
  | 'version'
  | 'password-expired'
  | 'seal-broken'

declare const mark: unique symbol

/**
 * An account that may act now. Sessions and subjects are made of nothing else, and only `admit` makes one
 * (test/gate.test.ts holds the source against that), so there is no way in beside the gate.
 */
export interface Admitted {
  readonly account: Account
  readonly way: WayIn
  readonly [mark]: true
}

/** What the gate says. */
export type Admission =
  | { readonly ok: true; readonly admitted: Admitted }
  | { readonly ok: false; readonly reason: GateRefusal }

/**
 * THE GATE: whether an account may act now. Asked at the beginning of everything that acts for an account, for each
 * request, with the account as the database has it at this moment.
 */
export function admit(account: Account | undefined, claim: Claim, nowMs: number): Admission {
  const reason = refusalOf(account, claim, nowMs)
  if (reason !== undefined || !account) return { ok: false, reason: reason ?? 'gone' }
  return { ok: true, admitted: { account, way: claim.way } as Admitted }
}

function refusalOf(account: Account | undefined, claim: Claim, nowMs: number): GateRefusal | undefined {
  if (!account) return 'gone'
  if (account.realm !== claim.realm) return 'other-realm'
  if (account.disabled) return 'disabled'
  if (account.deleteAfterMs !== null && nowMs >= account.deleteAfterMs) return 'deleted'
  if (account.isTenantSuspended) return 'tenant-suspended'
  // A changed password, removed factor, lock or role raises the version: whatever was given out before is over.
  if (claim.sessionVersion !== undefined && claim.sessionVersion !== account.sessionVersion) return 'version'
  // A sealed account is opened once; then somebody has to look at why, and seal it again.
  const isNewSignIn = claim.way === 'password' || claim.way === 'passkey' || claim.way === 'second-factor'
  if ((isNewSignIn || claim.way === 'api-key') && account.breakGlassSealedMs === SEAL_BROKEN)
    return 'seal-broken'
  const isFirstStep = claim.way === 'password' || claim.way === 'second-factor'
  if (isFirstStep && account.passwordExpiresMs !== null && nowMs >= account.passwordExpiresMs)
    return 'password-expired'
  return undefined
}

import type { Subject } from '../core/exchange.ts'
import type { SessionRow } from '../store/index.ts'
import type { Account } from './accounts.ts'
import type { GateRefusal } from './gate.ts'

/** A sign-in whose password was right, and that waits for a second factor. */
export interface PendingSignIn {
  /** Opens the page of the second factor, for a few minutes, and nothing else. */
  readonly token: string
  /** Where that page is. */
  readonly path: string
}

/** How a sign-in ended. All but `busy` and `needs-factor` look the same to the client. */
export type SignIn =
  | {
      readonly ok: true
      readonly token: string
      /** For the device cookie. */
      readonly deviceToken: string
      readonly account: Account
      readonly mustChangePassword: boolean
    }
  | {
      readonly ok: false
      readonly reason: 'unknown' | 'wrong' | 'locked' | 'expired' | 'busy' | GateRefusal
      readonly account?: Account
    }
  | {
      readonly ok: false
      readonly reason: 'needs-factor'
      readonly account: Account
      readonly pending: PendingSignIn
    }

/** How a sign-in ends when everything was shown: a sealed account is opened once. */
export type SignInEnd =
  | Extract<SignIn, { readonly ok: true }>
  | { readonly ok: false; readonly reason: 'seal-broken'; readonly account: Account }

/** Whom a token stands for, or why nobody. */
export type SubjectCheck =
  | { readonly ok: true; readonly subject: Subject; readonly session: SessionRow }
  | { readonly ok: false; readonly reason: 'malformed' | 'unknown' | 'expired' | 'revoked' | 'elsewhere' }

export { type Account, Accounts, type PasswordChange } from './accounts.ts'
export { Assertions } from './assertion.ts'
export { type Assurance, type Method, type Proof } from './assurance.ts'
export {
  type AuthenticationConfig,
  authenticationSchema,
  type IdentityRouteConfig,
  identityRouteKeys,
  mailSection,
} from './config.ts'
export { safeReturnPath, sessionCookie } from './cookie.ts'
export { type Factors, type FactorState } from './factors/factors.ts'
export {
  type Admission,
  admit,
  type Admitted,
  type Claim,
  type GateRefusal,
  type WayIn,
  WAYS_IN,
} from './gate.ts'
export { escapeHtml, type Look, page, PAGES } from './html.ts'
export { lookOf, readForm } from './pages/form.ts'
export {
  Identity,
  type IdentityOptions,
  type PendingSignIn,
  type SignIn,
  type SubjectCheck,
} from './identity.ts'
export type { Origin } from './origin.ts'
export { type KeySetReading, type PinnedKey, readKeySet } from './jose/key-set.ts'
export { type JwsCheck, verifyJws } from './jose/strict-jws.ts'
export { Lockout } from './lockout.ts'
export { type IdentityPage, identityPages } from './pages/table.ts'
export { type HashTurn, type PasswordCheck, PasswordHasher } from './password-hasher.ts'
export { type BreachImport, importBreaches } from './breach-import.ts'
export { PasswordFilter, PasswordFilterBuilder } from './password-filter.ts'
export { messageOf, PasswordPolicy, validatePassword, type Violation } from './password-policy.ts'
export { type SessionCheck, Sessions } from './sessions.ts'
export { type Suspension, Suspensions } from './suspensions.ts'
export { identityWall } from './wall.ts'
export { fill } from './words.ts'

import type { Secret } from '../../core/secret.ts'
import type { SecretReference, SecretScheme } from './reference.ts'

/** What a provider found. */
export type SecretRead =
  | {
      readonly ok: true
      readonly secret: Secret
      /** Changes when the value does, where the provider counts: a version, or what the file system says of a file. */
      readonly version?: string
      /** When this value was written, where the provider knows. */
      readonly changedMs?: number
    }
  | SecretFault

/** Why there is no value. */
export interface SecretFault {
  readonly ok: false
  /**
   * `absent`: there is none of that name. `denied`: the provider does not let us, or what it has may not be trusted.
   * `unreachable`: nobody can say; only then an older value may serve on.
   */
  readonly reason: 'absent' | 'denied' | 'unreachable'
  /** What is wrong and what to do. Never holds a value. */
  readonly detail: string
}

/** A place where secrets are kept. */
export interface SecretProvider {
  readonly scheme: SecretScheme
  /** Reads one. Does not throw for what the other side does. */
  read(reference: SecretReference): Promise<SecretRead>
  /** Whether a value that was read is still what is there, told without reading it again. Cheap; only where that is possible. */
  isCurrent?(reference: SecretReference, version: string): boolean
  /** Writes one; `previous` is what must be there still, so that nobody's change is lost. Absent where it cannot be written. */
  write?(reference: SecretReference, value: Secret, previous: Secret | undefined): Promise<SecretWrite>
}

/** How a write ended. `changed`: somebody else wrote in between. */
export type SecretWrite =
  | { readonly ok: true }
  | { readonly ok: false; readonly reason: SecretFault['reason'] | 'changed'; readonly detail: string }

/** A fault, in one line. */
export function fault(reason: SecretFault['reason'], detail: string): SecretFault {
  return { ok: false, reason, detail }
}

import type { Secret } from '../../core/secret.ts'

/** Facts for the audit log, such as which role comes and which goes. Never a secret. */
export type RotationFacts = Readonly<Record<string, string>>

/** The next value, and what the log may know of it. */
export interface Candidate {
  readonly value: Secret
  readonly facts: RotationFacts
}

/**
 * What one kind of secret needs to be rotated. Every step may be called again after a crash with the same values, and then does what is
 * still to be done. `before` works on until `retire`.
 */
export interface RotationDriver {
  /** Makes the next value. `id` is the rotation's, the same after a crash. */
  create(before: Secret, id: string): Promise<Candidate>
  /** Lets the other side accept the new value beside the old one. */
  set(candidate: Secret, before: Secret): Promise<void>
  /** Uses the new value once. Throws where it does not work. */
  test(candidate: Secret): Promise<void>
  /** How many still use a value, where the other side can say; undefined where it cannot. */
  holders(value: Secret): Promise<number | undefined>
  /** The other side accepts the old value no longer. */
  retire(before: Secret, candidate: Secret): Promise<void>
  /** Makes sure that the old value works, before it goes back to its place. */
  reinstate(before: Secret, candidate: Secret): Promise<void>
  /** The other side accepts the new value no longer. */
  undo(candidate: Secret, before: Secret): Promise<void>
}

/** Where the secret is kept, for who uses it. */
export interface RotationTarget {
  read(): Promise<Secret>
  /** Puts `next` where `previous` is; throws where something else is there. */
  write(next: Secret, previous: Secret): Promise<void>
}

import type { Secret } from './secret.ts'

/** What a key may be used for. A key has one purpose for life. */
export type KeyPurpose = 'assertion' | 'pepper' | 'cookie' | 'field' | 'checkpoint'

/** One key of the keyring. */
export interface Key {
  readonly id: string
  readonly purpose: KeyPurpose
  readonly createdMs: number
  /** For `assertion`: a private JWK (P-256) as JSON. For the others: 32 random bytes in base64url. */
  readonly material: Secret
}

/** Where keys come from: the keyring file or a provider. Rooms get it as a parameter. */
export interface Keys {
  /** The newest key of a purpose: what new things are made with. */
  current(purpose: KeyPurpose): Key
  /** Any key that still counts, to read what was made before a rotation. */
  find(purpose: KeyPurpose, id: string): Key | undefined
  /** All keys of a purpose that still count, newest first. */
  all(purpose: KeyPurpose): readonly Key[]
}

/** Hides personal data and secrets in a text that goes to a log. */
export type MaskText = (text: string) => string

import type { MaskText } from '../core/keys.ts'
import type { Secret } from '../core/secret.ts'
import type { SecretRegistry } from './mask-secrets.ts'
import { createMasker, type Masker } from './masker.ts'

export { maskCreditCard, maskDict, maskEmail, maskPhone, maskSsn } from './mask-guide.ts'

/** A masker for free text in logs: every kind but addresses of the network, and every loaded secret in any encoding. */
export function createTextMask(secrets: SecretRegistry | readonly Secret[] = []): MaskText {
  return createMasker({ secrets }).text
}

/** A masker for loaded secrets alone, in any encoding. */
export function createSecretMask(secrets: SecretRegistry | readonly Secret[]): MaskText {
  return createMasker({ secrets, kinds: [] }).text
}

let plain: Masker | undefined

/** Masks personal data and secrets in free text, as `createTextMask()` does. */
export function maskText(text: string): string {
  plain ??= createMasker()
  return plain.text(text)
}

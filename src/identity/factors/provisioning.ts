import { toBuffer, toString } from 'qrcode'

import { encodeBase32 } from './base32.ts'
import { CODE_DIGITS, STEP_SECONDS } from './totp.ts'

/** What an authenticator application is told, and the same as pictures. */
export interface Provisioning {
  /** `otpauth://totp/...` (the key URI format that all applications read). */
  readonly uri: string
  /** The secret in base32, for those who type it. */
  readonly secret: string
}

/** The URI of a secret. Issuer and account are percent-encoded; a colon in either would end the label early, so it goes. */
export function provisioningOf(key: Uint8Array, issuer: string, account: string): Provisioning {
  const secret = encodeBase32(key)
  const label = [issuer, account].map((part) => encodeURIComponent(part.replaceAll(':', ' '))).join(':')
  const facts = `secret=${secret}&issuer=${encodeURIComponent(issuer)}&algorithm=SHA1`
  return { uri: `otpauth://totp/${label}?${facts}&digits=${CODE_DIGITS}&period=${STEP_SECONDS}`, secret }
}

/** A QR code as SVG, black on white with the quiet zone that readers want. */
export function qrSvg(text: string): Promise<string> {
  return toString(text, { type: 'svg', errorCorrectionLevel: 'M', margin: 4 })
}

/** A QR code as PNG. */
export function qrPng(text: string): Promise<Uint8Array> {
  return toBuffer(text, { type: 'png', errorCorrectionLevel: 'M', margin: 4, width: 264 })
}

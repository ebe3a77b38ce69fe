import { createHmac, timingSafeEqual } from 'node:crypto'

/** The hashes that RFC 6238 has. Authenticator applications know SHA-1 and little else. */
export type OtpHash = 'sha1' | 'sha256' | 'sha512'

/** Length of one step (RFC 6238 4.1). */
export const STEP_SECONDS = 30
/** Digits of the codes that are asked for. */
export const CODE_DIGITS = 6

/** A one-time code for a counter (RFC 4226 5.3). */
export function hotp(key: Uint8Array, counter: number, digits = CODE_DIGITS, hash: OtpHash = 'sha1'): string {
  const message = Buffer.alloc(8)
  message.writeBigUInt64BE(BigInt(counter))
  const mac = createHmac(hash, key).update(message).digest()
  const offset = (mac.at(-1) as number) & 15
  const number = mac.readUInt32BE(offset) & 0x7fff_ffff
  return String(number % 10 ** digits).padStart(digits, '0')
}

/** The step that a moment falls in (RFC 6238 4.2). */
export function stepAt(nowMs: number): number {
  return Math.floor(nowMs / 1000 / STEP_SECONDS)
}

/**
 * The step whose code this is, of those at most `window` away and after `lastStep`; undefined for none. All of them are
 * computed and compared in constant time, whichever fits.
 */
export function matchingStep(
  key: Uint8Array,
  rawCode: string,
  { nowMs, window, lastStep }: { readonly nowMs: number; readonly window: number; readonly lastStep: number },
): number | undefined {
  if (!/^\d{6}$/.test(rawCode)) return undefined
  const code = Buffer.from(rawCode)
  const now = stepAt(nowMs)
  let found: number | undefined
  for (let step = now - window; step <= now + window; step++) {
    const fits = timingSafeEqual(code, Buffer.from(hotp(key, Math.max(0, step))))
    // RFC 6238 5.2: a code that was accepted once is not accepted again, and neither is an older one.
    if (fits && step > lastStep) found ??= step
  }
  return found
}

import type { RandomBytes } from '../core/clock.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 3_600_000
const DAY_MS = 86_400_000

/** A number from 0 to 1. */
export function fraction(random: RandomBytes): number {
  const bytes = random(4)
  return Buffer.from(bytes).readUInt32BE(0) / 2 ** 32
}

/**
 * When a certificate is renewed where the authority has no opinion: after two thirds of its life, or half of it where that is
 * ten days or less, and up to a twentieth of it later, so that many installations do not come at once.
 */
export function ownRenewalMs(fromMs: number, toMs: number, random: RandomBytes): number {
  const life = toMs - fromMs
  const share = life <= 10 * DAY_MS ? 1 / 2 : 2 / 3
  return fromMs + life * (share + fraction(random) / 20)
}

/** RFC 9773 4.2: any moment of the window is as good as another; one that has passed means now. */
export function momentIn(
  window: { readonly startMs: number; readonly endMs: number },
  random: RandomBytes,
): number {
  return window.startMs + (window.endMs - window.startMs) * fraction(random)
}

/** The pause after so many failures: a minute, doubled each time up to half a day, and up to a quarter more by chance. */
export function backoffMs(failures: number, random: RandomBytes): number {
  const pause = Math.min(12 * HOUR_MS, MINUTE_MS * 2 ** Math.min(failures - 1, 12))
  return pause * (1 + fraction(random) / 4)
}

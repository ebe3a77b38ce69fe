import { longOf, readLong } from '../long.ts'
import type { Long, Value } from '../value.ts'

/** A number with four decimal places, kept as a 64-bit count of ten-thousandths. */
export class Decimal {
  readonly type = 'decimal'
  readonly units: Long

  constructor(units: Long) {
    this.units = units
  }

  get key(): string {
    return `d${this.units}`
  }

  equals(other: Value): boolean {
    return other instanceof Decimal && other.units === this.units
  }

  /** As `decimal()` reads it. */
  toString(): string {
    const isNegative = this.units < 0
    const digits = String(this.units)
      .slice(isNegative ? 1 : 0)
      .padStart(5, '0')
    const fraction = digits.slice(-4).replace(/0{1,3}$/, '')
    return `${isNegative ? '-' : ''}${digits.slice(0, -4)}.${fraction}`
  }
}

/** Reads `-?digits.digits` with one to four decimal places. */
export function readDecimal(text: string): Decimal | undefined {
  const dot = text.indexOf('.')
  const places = text.length - dot - 1
  if (dot < 0 || places < 1 || places > 4) return undefined
  const fraction = text.slice(dot + 1)
  const whole = text.slice(0, dot)
  if (readLong(whole) === undefined || fraction.startsWith('-') || readLong(fraction) === undefined)
    return undefined
  const units = longOf(BigInt(whole + fraction.padEnd(4, '0')))
  return units === undefined ? undefined : new Decimal(units)
}

import { add, floorTo, longOf, quotient, readLong, remainder, subtract } from '../long.ts'
import type { Long, Value } from '../value.ts'

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** Milliseconds since 1970-01-01T00:00:00Z, as 64 bits (Cedar RFC 80). */
export class Datetime {
  readonly type = 'datetime'
  readonly ms: Long

  constructor(ms: Long) {
    this.ms = ms
  }

  get key(): string {
    return `T${this.ms}`
  }

  equals(other: Value): boolean {
    return other instanceof Datetime && other.ms === this.ms
  }

  /** Undefined on overflow, as in all that follow. */
  offset(by: Duration): Datetime | undefined {
    const ms = add(this.ms, by.ms)
    return ms === undefined ? undefined : new Datetime(ms)
  }

  since(start: Datetime): Duration | undefined {
    const ms = subtract(this.ms, start.ms)
    return ms === undefined ? undefined : new Duration(ms)
  }

  /** Midnight of its day. */
  toDate(): Datetime | undefined {
    const ms = floorTo(this.ms, DAY)
    return ms === undefined ? undefined : new Datetime(ms)
  }

  /** The time since midnight. */
  toTime(): Duration {
    return new Duration(remainder(this.ms, DAY))
  }

  /** As an expression that gives this value; not every one can be written as a date. */
  toString(): string {
    return typeof this.ms === 'number' && this.ms >= YEAR_0 && this.ms <= YEAR_9999
      ? new Date(this.ms).toISOString()
      : `1970-01-01 offset ${this.ms}ms`
  }
}

const YEAR_0 = -62_167_219_200_000
const YEAR_9999 = 253_402_300_799_999

/** A span of time in milliseconds, as 64 bits (Cedar RFC 80). */
export class Duration {
  readonly type = 'duration'
  readonly ms: Long

  constructor(ms: Long) {
    this.ms = ms
  }

  get key(): string {
    return `D${this.ms}`
  }

  equals(other: Value): boolean {
    return other instanceof Duration && other.ms === this.ms
  }

  toSeconds(): Long {
    return quotient(this.ms, SECOND)
  }

  toMinutes(): Long {
    return quotient(this.ms, MINUTE)
  }

  toHours(): Long {
    return quotient(this.ms, HOUR)
  }

  toDays(): Long {
    return quotient(this.ms, DAY)
  }

  /** As `duration()` reads it. */
  toString(): string {
    return `${this.ms}ms`
  }
}

const UNITS: readonly (readonly [string, bigint])[] = [
  ['d', BigInt(DAY)],
  ['h', BigInt(HOUR)],
  ['m', BigInt(MINUTE)],
  ['s', BigInt(SECOND)],
  ['ms', 1n],
]

/** Reads `-?` and then days, hours, minutes, seconds, milliseconds in that order, each at most once: `1d12h`. */
export function readDuration(text: string): Duration | undefined {
  const isNegative = text.startsWith('-')
  let at = isNegative ? 1 : 0
  let total = 0n
  let nextUnit = 0
  if (at === text.length) return undefined
  while (at < text.length) {
    const start = at
    while (isDigit(text, at)) at++
    const amount = readLong((isNegative ? '-' : '') + text.slice(start, at))
    if (amount === undefined) return undefined
    const name = text.charAt(at) === 'm' && text.charAt(at + 1) === 's' ? 'ms' : text.charAt(at)
    const unit = UNITS.findIndex(([unitName], index) => index >= nextUnit && unitName === name)
    const found = UNITS[unit]
    if (found === undefined) return undefined
    total += BigInt(amount) * found[1]
    nextUnit = unit + 1
    at += name.length
  }
  const ms = longOf(total)
  return ms === undefined ? undefined : new Duration(ms)
}

/** Reads `YYYY-MM-DD`, or that with `Thh:mm:ss`, maybe `.SSS`, and `Z` or `+hhmm` or `-hhmm`. */
export function readDatetime(text: string): Datetime | undefined {
  const [year, month, day] = [number(text, 0, 4), number(text, 5, 2), number(text, 8, 2)]
  if (year < 0 || month < 1 || month > 12 || day < 1 || day > daysIn(year, month)) return undefined
  if (text.charAt(4) !== '-' || text.charAt(7) !== '-') return undefined
  const midnight = epochDay(year, month, day) * DAY
  if (text.length === 10) return new Datetime(midnight + 0)
  const [hour, minute, second] = [number(text, 11, 2), number(text, 14, 2), number(text, 17, 2)]
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59) return undefined
  if (text.charAt(10) !== 'T' || text.charAt(13) !== ':' || text.charAt(16) !== ':') return undefined
  const hasMs = text.charAt(19) === '.'
  const ms = hasMs ? number(text, 20, 3) : 0
  const zone = readZone(text.slice(hasMs ? 23 : 19))
  if (ms < 0 || zone === undefined) return undefined
  return new Datetime(midnight + hour * HOUR + minute * MINUTE + second * SECOND + ms - zone + 0)
}

/** Milliseconds east of UTC. */
function readZone(text: string): number | undefined {
  if (text === 'Z') return 0
  const sign = text.charAt(0)
  const [hours, minutes] = [number(text, 1, 2), number(text, 3, 2)]
  if (text.length !== 5 || (sign !== '+' && sign !== '-')) return undefined
  if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59) return undefined
  return (sign === '+' ? 1 : -1) * (hours * HOUR + minutes * MINUTE)
}

/** Exactly so many digits, or -1. */
function number(text: string, start: number, digits: number): number {
  let value = 0
  for (let at = start; at < start + digits; at++) {
    if (!isDigit(text, at)) return -1
    value = value * 10 + text.charCodeAt(at) - 0x30
  }
  return value
}

function isDigit(text: string, at: number): boolean {
  const code = text.charCodeAt(at)
  return code >= 0x30 && code <= 0x39
}

function daysIn(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31
}

/** Days since 1970-01-01 in the proleptic Gregorian calendar; a year starts in March, so that a leap day ends it. */
function epochDay(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1
  return y * 365 + Math.floor(y / 4) - Math.floor(y / 100) + Math.floor(y / 400) + dayOfYear - 719_468
}

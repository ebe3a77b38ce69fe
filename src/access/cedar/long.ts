import type { Long } from './value.ts'

const MIN = -(2n ** 63n)
const MAX = 2n ** 63n - 1n

/** The one form of a 64-bit integer: a number where that is exact, else a bigint. Undefined when out of range. */
export function longOf(value: bigint): Long | undefined {
  if (value < MIN || value > MAX) return undefined
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : value
}

/** Reads `-?[0-9]+`; undefined when it is anything else or out of range. */
export function readLong(text: string): Long | undefined {
  const start = text.startsWith('-') ? 1 : 0
  if (text.length === start) return undefined
  for (let at = start; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code < 0x30 || code > 0x39) return undefined
  }
  if (text.length <= 15) return Number(text) + 0
  let first = start
  while (first < text.length - 1 && text.charCodeAt(first) === 0x30) first++
  return text.length - first > 19 ? undefined : longOf(BigInt((start ? '-' : '') + text.slice(first)))
}

/** Sum, or undefined on overflow of 64 bits. */
export function add(left: Long, right: Long): Long | undefined {
  if (typeof left === 'number' && typeof right === 'number') {
    const sum = left + right
    if (Number.isSafeInteger(sum)) return sum
  }
  return longOf(BigInt(left) + BigInt(right))
}

/** Difference, or undefined on overflow of 64 bits. */
export function subtract(left: Long, right: Long): Long | undefined {
  if (typeof left === 'number' && typeof right === 'number') {
    const difference = left - right
    if (Number.isSafeInteger(difference)) return difference
  }
  return longOf(BigInt(left) - BigInt(right))
}

/** Product, or undefined on overflow of 64 bits. */
export function multiply(left: Long, right: Long): Long | undefined {
  if (typeof left === 'number' && typeof right === 'number') {
    const product = left * right
    if (Number.isSafeInteger(product)) return product + 0
  }
  return longOf(BigInt(left) * BigInt(right))
}

/** Quotient toward zero; the divisor is a positive constant. */
export function quotient(value: Long, divisor: number): Long {
  return typeof value === 'number'
    ? Math.trunc(value / divisor) + 0
    : (longOf(value / BigInt(divisor)) as Long)
}

/** The largest multiple of a positive constant that is not above the value, or undefined on overflow. */
export function floorTo(value: Long, unit: number): Long | undefined {
  return subtract(value, remainder(value, unit))
}

/** The remainder of division by a positive constant, never negative. */
export function remainder(value: Long, unit: number): number {
  if (typeof value === 'number') return (((value % unit) + unit) % unit) + 0
  const rest = Number(value % BigInt(unit))
  return rest < 0 ? rest + unit : rest
}

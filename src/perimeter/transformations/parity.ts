import { scratchFor, textOf } from './scratch.ts'

/** The top bit of each byte is set so that the number of ones is even, counted as ModSecurity does with the old top bit. */
export function parityEven7bit(value: string): string {
  return mapped(value, (byte) => (isOdd(byte) ? byte | 0x80 : byte & 0x7f))
}

/** The top bit of each byte is set so that the number of ones is odd, counted as ModSecurity does with the old top bit. */
export function parityOdd7bit(value: string): string {
  return mapped(value, (byte) => (isOdd(byte) ? byte & 0x7f : byte | 0x80))
}

/** The top bit of each byte is cleared. */
export function parityZero7bit(value: string): string {
  return mapped(value, (byte) => byte & 0x7f)
}

/** One bit for each number of four bits: whether it has an odd number of ones. */
const ODD = 0x6996

function isOdd(byte: number): boolean {
  return ((ODD >> ((byte ^ (byte >> 4)) & 15)) & 1) === 1
}

function mapped(value: string, change: (byte: number) => number): string {
  const { length } = value
  const out = scratchFor(length)
  let isChanged = false
  for (let i = 0; i < length; i++) {
    const code = value.charCodeAt(i) & 0xff
    const byte = change(code)
    if (byte !== code) isChanged = true
    out[i] = byte
  }
  return isChanged ? textOf(out, length) : value
}

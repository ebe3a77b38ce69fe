import { hash } from 'node:crypto'

import { HEX, runEnd } from './characters.ts'

const BASE58 = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'
const BECH32 = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l'
const ETHEREUM_HEX = 40

/** Whether a word is a Bitcoin or an Ethereum address. */
export function isCryptoAddress(word: string): boolean {
  const { length } = word
  const lead = word.charCodeAt(0)
  if ((lead === 49 || lead === 51) && length >= 26 && length <= 35) return passesBase58Check(word)
  if (lead === 48 && length === ETHEREUM_HEX + 2 && word.charAt(1) === 'x')
    return runEnd(word, 2, HEX, length) === length
  if ((lead | 32) === 98 && length >= 14 && length <= 90) return passesBech32(word)
  return false
}

/** 21 bytes and the first four of their double SHA-256. */
function passesBase58Check(word: string): boolean {
  const bytes = new Uint8Array(25)
  for (const character of word) {
    let carry = BASE58.indexOf(character)
    if (carry < 0) return false
    for (let i = 24; i >= 0; i--) {
      carry += (bytes[i] as number) * 58
      bytes[i] = carry & 255
      carry >>= 8
    }
    if (carry !== 0) return false
  }
  const once = hash('sha256', bytes.subarray(0, 21), 'buffer')
  const twice = hash('sha256', once, 'buffer')
  return twice.subarray(0, 4).equals(bytes.subarray(21))
}

/** BIP 173 and BIP 350, for the main chain. */
function passesBech32(word: string): boolean {
  const lower = word.toLowerCase()
  if (!lower.startsWith('bc1') || (word !== lower && word !== word.toUpperCase())) return false
  const values = [3, 3, 0, 2, 3]
  for (const character of lower.slice(3)) values.push(BECH32.indexOf(character))
  let sum = 1
  for (const value of values) {
    if (value < 0) return false
    const top = sum >>> 25
    sum = ((sum & 0x1ffffff) << 5) ^ value
    for (const [i, generator] of [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3].entries())
      if ((top >>> i) & 1) sum ^= generator
  }
  return sum === 1 || sum === 0x2bc830a3
}

/** Whether a word may be an address, by its first characters and length alone. */
export function maybeCryptoAddress(text: string, start: number, end: number): boolean {
  const length = end - start
  const lead = text.charCodeAt(start)
  if (lead === 49 || lead === 51) return length >= 26 && length <= 35
  if (lead === 48) return length === ETHEREUM_HEX + 2
  return (lead | 32) === 98 && length >= 14 && length <= 90 && text.charCodeAt(start + 2) === 49
}

import { digitAt, isDay, pairAt, remainder97 } from './checksums.ts'

// What each identity number with letters must satisfy beyond its form. The argument is in upper case, without punctuation.

/** The control letter of Spanish DNI and NIE: mod 23 of the number, with X, Y, Z for 0, 1, 2. */
export function isSpanish(text: string): boolean {
  const digits = text.slice(0, -1).replace(/^[XYZ]/, (letter) => String('XYZ'.indexOf(letter)))
  return 'TRWAGMYFPDXBNJZSQVHLCKE'[Number(digits) % 23] === text.at(-1)
}

const FISCAL_ODD = [
  1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23,
]

/** Odd places weigh by a table, even places by rank; the sum mod 26 is the last letter (DM 23 December 1976). */
export function isFiscalCode(text: string): boolean {
  if (!'ABCDEHLMPRST'.includes(text.charAt(8))) return false
  let sum = 0
  for (let i = 0; i < 15; i++) {
    const code = text.charCodeAt(i)
    const rank = code <= 57 ? code - 48 : code - 65
    sum += i % 2 === 0 ? (FISCAL_ODD[rank] as number) : rank
  }
  return (sum % 26) + 65 === text.charCodeAt(15)
}

/** The fourth letter tells what kind of holder. */
export function isPan(text: string): boolean {
  return 'ABCFGHJLPT'.includes(text.charAt(3))
}

/** S and T citizens, F and G foreigners, M since 2022. */
export function isNric(text: string): boolean {
  const weights = [2, 7, 6, 5, 4, 3, 2]
  const kind = text.charAt(0)
  let sum = kind === 'T' || kind === 'G' ? 4 : kind === 'M' ? 3 : 0
  for (let i = 0; i < 7; i++) sum += digitAt(text, i + 1) * (weights[i] as number)
  const rest = sum % 11
  if (kind === 'M') return 'KLJNPQRTUWX'[10 - rest] === text.at(-1)
  const letters = kind === 'S' || kind === 'T' ? 'JZIHGFEDCBA' : 'XWUTRQPNMLK'
  return 'STFG'.includes(kind) && letters[rest] === text.at(-1)
}

/** The number without its sign for the century, mod 31. */
export function isHetu(text: string): boolean {
  const digits = text.slice(0, 6) + text.slice(-4, -1)
  return (
    isDay(pairAt(text, 2), pairAt(text, 0)) &&
    '0123456789ABCDEFHJKLMNPRSTUVWXY'[Number(digits) % 31] === text.at(-1)
  )
}

/** Mod 23 of the weighted digits, and of a ninth letter where there is one. */
export function isPps(text: string): boolean {
  let sum = text.length === 9 ? (text.charCodeAt(8) - 64) * 9 : 0
  for (let i = 0; i < 7; i++) sum += digitAt(text, i) * (8 - i)
  return 'WABCDEFGHIJKLMNOPQRSTUV'[sum % 23] === text.charAt(7)
}

/** The check digit over an alphabet of 37, and a date within. */
export function isCurp(text: string): boolean {
  if (!'HMX'.includes(text.charAt(10)) || !isDay(pairAt(text, 6), pairAt(text, 8))) return false
  let sum = 0
  for (let i = 0; i < 17; i++) {
    const code = text.charCodeAt(i)
    // In the alphabet a letter comes between N and O.
    sum += (code <= 57 ? code - 48 : code - 55 + (code > 78 ? 1 : 0)) * (18 - i)
  }
  return (10 - (sum % 10)) % 10 === digitAt(text, 17)
}

/** Letters that HMRC never gives out are no prefix. */
export function isNino(text: string): boolean {
  const prefix = text.slice(0, 2)
  if (/[DFIQUV]/.test(prefix) || prefix[1] === 'O') return false
  return !['BG', 'GB', 'KN', 'NK', 'NT', 'TN', 'ZZ'].includes(prefix) && /[ABCD]$/.test(text)
}

const MBI_LETTERS = /^[^SLOIBZ]+$/

/** No S, L, O, I, B or Z; the first digit is not zero (CMS). */
export function isMbi(text: string): boolean {
  return text.charAt(0) !== '0' && MBI_LETTERS.test(text)
}

/** The first, third and fifth digits plus twice the others end in the seventh. */
export function isDea(text: string): boolean {
  const at = (place: number): number => digitAt(text, place + 1)
  const sum = at(1) + at(3) + at(5) + 2 * (at(2) + at(4) + at(6))
  return 'ABCDEFGHJKLMPRSTUX'.includes(text.charAt(0)) && sum % 10 === at(7)
}

/** The letter is two digits; the weighted sum ends in 0. */
export function isTaiwanese(text: string): boolean {
  const letter = 'ABCDEFGHJKLMNPQRSTUVXYWZIO'.indexOf(text.charAt(0)) + 10
  let sum = Math.floor(letter / 10) + (letter % 10) * 9
  for (let i = 1; i <= 8; i++) sum += digitAt(text, i) * (9 - i)
  return '12'.includes(text.charAt(1)) && (sum + digitAt(text, 9)) % 10 === 0
}

/** Mod 11 with letters from 10 and a blank before a single letter as 36; the last may be `A` for 10. */
export function isHongKong(text: string): boolean {
  const letters = text.length - 7
  let sum = letters === 1 ? 36 * 9 + (text.charCodeAt(0) - 55) * 8 : 0
  if (letters === 2) sum = (text.charCodeAt(0) - 55) * 9 + (text.charCodeAt(1) - 55) * 8
  for (let i = 0; i < 6; i++) sum += digitAt(text, letters + i) * (7 - i)
  const last = text.at(-1)
  return (sum + (last === 'A' ? 10 : Number(last))) % 11 === 0
}

const VIN_WEIGHTS = [8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2]
const VIN_VALUES: Readonly<Record<string, number>> = {
  ...Object.fromEntries([...'0123456789'].map((digit) => [digit, Number(digit)])),
  ...Object.fromEntries([...'ABCDEFGH'].map((letter, i) => [letter, i + 1])),
  ...Object.fromEntries([...'JKLMN'].map((letter, i) => [letter, i + 1])),
  P: 7,
  R: 9,
  ...Object.fromEntries([...'STUVWXYZ'].map((letter, i) => [letter, i + 2])),
}

/** No I, O or Q; the ninth place is the weighted sum mod 11, `X` for 10 (49 CFR 565.15). */
export function isVin(text: string): boolean {
  let sum = 0
  for (let i = 0; i < 17; i++) sum += (VIN_VALUES[text.charAt(i)] ?? Number.NaN) * (VIN_WEIGHTS[i] as number)
  return '0123456789X'[sum % 11] === text.charAt(8)
}

/** MOD 97-10 over the rearranged number (ISO 13616 6.1). */
export function hasIbanCheck(iban: string): boolean {
  return remainder97(iban.slice(4) + iban.slice(0, 4)) === 1
}

import {
  digitAt,
  isDay,
  pairAt,
  passesEan13,
  passesLuhn,
  passesMod11And2,
  passesVerhoeff,
  remainder97,
  weighted,
} from './checksums.ts'

// What each number must satisfy beyond its punctuation. The argument is its digits alone.

const isRepeated = (digits: string): boolean => digits === digits.charAt(0).repeat(digits.length)
const sum11 = (digits: string, weights: readonly number[]): number => weighted(digits, weights) % 11
const downFrom = (from: number, count: number): number[] => Array.from({ length: count }, (_, i) => from - i)
/** Year, month, day as six digits. */
const hasDate = (digits: string, at = 0): boolean => isDay(pairAt(digits, at + 2), pairAt(digits, at + 4))
/** Day, month, year as six digits. */
const hasDayFirst = (digits: string): boolean => isDay(pairAt(digits, 2), pairAt(digits, 0))

/** Never area 000, 666 or 900 and up, group 00, serial 0000 (SSA, since 2011); nor one digit nine times. */
export function isSsn(digits: string): boolean {
  const area = digits.slice(0, 3)
  if (area === '000' || area === '666' || area >= '900' || isRepeated(digits)) return false
  return digits.slice(3, 5) !== '00' && digits.slice(5) !== '0000'
}

/** 9, then a group of 50-65, 70-88, 90-92 or 94-99 (IRS). */
export function isItin(digits: string): boolean {
  const group = pairAt(digits, 3)
  if (digitAt(digits, 0) !== 9) return false
  return (group >= 50 && group <= 65) || (group >= 70 && group <= 88) || (group >= 90 && group !== 93)
}

/** Campus prefixes that the IRS has given out. */
export function isEin(digits: string): boolean {
  const prefix = pairAt(digits, 0)
  return ![0, 7, 8, 9, 17, 18, 19, 28, 29, 49, 69, 70, 78, 79, 89, 96, 97].includes(prefix)
}

export function isNpi(digits: string): boolean {
  return (digits.startsWith('1') || digits.startsWith('2')) && passesLuhn(`80840${digits}`)
}

export function isAbaRouting(digits: string): boolean {
  const prefix = pairAt(digits, 0)
  const isIssued =
    prefix <= 12 || (prefix >= 21 && prefix <= 32) || (prefix >= 61 && prefix <= 72) || prefix === 80
  return isIssued && !isRepeated(digits) && weighted(digits, [3, 7, 1, 3, 7, 1, 3, 7, 1]) % 10 === 0
}

export function isSin(digits: string): boolean {
  const first = digitAt(digits, 0)
  return first !== 0 && first !== 8 && !isRepeated(digits) && passesLuhn(digits)
}

export function isNhs(digits: string): boolean {
  return !isRepeated(digits) && (11 - sum11(digits, downFrom(10, 9))) % 11 === digitAt(digits, 9)
}

/** One digit is there twice or three times, the others differ, and MOD 11,10 is done by the caller. */
export function hasGermanDigits(digits: string): boolean {
  const counts = Array.from({ length: 10 }, (_, digit) => digits.slice(0, 10).split(String(digit)).length - 1)
  return (
    digitAt(digits, 0) !== 0 && counts.filter((count) => count > 1).length === 1 && Math.max(...counts) <= 3
  )
}

export function isSvnr(digits: string): boolean {
  const date = isDay(pairAt(digits, 6), pairAt(digits, 4))
  return (
    date && digitAt(digits, 0) !== 0 && sum11(digits, [3, 7, 9, 0, 5, 8, 4, 2, 1, 6]) === digitAt(digits, 3)
  )
}

export function isAhv(digits: string): boolean {
  return digits.startsWith('756') && passesEan13(digits)
}

export function isNir(digits: string): boolean {
  const first = digitAt(digits, 0)
  const month = pairAt(digits, 3)
  if ((first !== 1 && first !== 2) || month === 0 || (month > 12 && month < 20)) return false
  return 97 - remainder97(digits.slice(0, 13)) === pairAt(digits, 13)
}

export function isPortugueseNif(digits: string): boolean {
  const check = 11 - sum11(digits, downFrom(9, 8))
  return '1235689'.includes(digits.charAt(0)) && (check >= 10 ? 0 : check) === digitAt(digits, 8)
}

export function isBsn(digits: string): boolean {
  return !isRepeated(digits) && sum11(digits, [9, 8, 7, 6, 5, 4, 3, 2, -1]) === 0
}

export function isBelgian(digits: string): boolean {
  const month = pairAt(digits, 2) % 20
  if (month > 12) return false
  const nine = digits.slice(0, 9)
  const check = pairAt(digits, 9)
  return 97 - remainder97(nine) === check || 97 - remainder97(`2${nine}`) === check
}

export function isPesel(digits: string): boolean {
  const isDate = isDay(pairAt(digits, 2) % 20, pairAt(digits, 4))
  return isDate && weighted(digits, [1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1]) % 10 === 0
}

export function isNip(digits: string): boolean {
  return !isRepeated(digits) && sum11(digits, [6, 5, 7, 2, 3, 4, 5, 6, 7]) === digitAt(digits, 9)
}

export function isPersonnummer(digits: string): boolean {
  const ten = digits.slice(-10)
  // A coordination number has 60 added to the day.
  return isDay(pairAt(ten, 2), pairAt(ten, 4) % 60) && passesLuhn(ten)
}

/** 40 is added to the day of those without residence, 40 or 80 to the month of invented ones. */
export function isFodselsnummer(digits: string): boolean {
  if (pairAt(digits, 0) > 71 || !isDay(pairAt(digits, 2) % 40, pairAt(digits, 0) % 40)) return false
  return (
    sum11(digits, [3, 7, 6, 1, 8, 9, 4, 5, 2, 1]) === 0 &&
    sum11(digits, [5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1]) === 0
  )
}

export function isCpr(digits: string): boolean {
  return hasDayFirst(digits) && digits.slice(6) !== '0000'
}

export function isIsikukood(digits: string): boolean {
  if (digitAt(digits, 0) < 1 || digitAt(digits, 0) > 6 || !hasDate(digits, 1)) return false
  const first = sum11(digits, [1, 2, 3, 4, 5, 6, 7, 8, 9, 1])
  const check = first < 10 ? first : sum11(digits, [3, 4, 5, 6, 7, 8, 9, 1, 2, 3]) % 10
  return check === digitAt(digits, 10)
}

/** The first nine mod 11, where 10 counts as 0 (of numbers until 1985). */
export function isRodneCislo(digits: string): boolean {
  const isDate = isDay((pairAt(digits, 2) % 50) % 20, pairAt(digits, 4))
  return isDate && (Number(digits.slice(0, 9)) % 11) % 10 === digitAt(digits, 9)
}

export function isCnp(digits: string): boolean {
  if (digitAt(digits, 0) === 0 || !hasDate(digits, 1)) return false
  const check = sum11(digits, [2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9])
  return (check === 10 ? 1 : check) === digitAt(digits, 12)
}

export function isEgn(digits: string): boolean {
  const isDate = isDay(pairAt(digits, 2) % 20, pairAt(digits, 4))
  return isDate && sum11(digits, [2, 4, 8, 5, 10, 9, 7, 3, 6]) % 10 === digitAt(digits, 9)
}

export function isKimlik(digits: string): boolean {
  if (digitAt(digits, 0) === 0) return false
  const odd = weighted(digits, [1, 0, 1, 0, 1, 0, 1, 0, 1])
  const even = weighted(digits, [0, 1, 0, 1, 0, 1, 0, 1])
  const tenth = (((odd * 7 - even) % 10) + 10) % 10
  return tenth === digitAt(digits, 9) && (odd + even + tenth) % 10 === digitAt(digits, 10)
}

export function isInn(digits: string): boolean {
  const check = (weights: readonly number[]): number => sum11(digits, weights) % 10
  if (digits.length === 10) return check([2, 4, 10, 3, 5, 9, 4, 6, 8]) === digitAt(digits, 9)
  return (
    check([7, 2, 4, 10, 3, 5, 9, 4, 6, 8]) === digitAt(digits, 10) &&
    check([3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8]) === digitAt(digits, 11)
  )
}

export function isSnils(digits: string): boolean {
  return (weighted(digits, downFrom(9, 9)) % 101) % 100 === pairAt(digits, 9) && !isRepeated(digits)
}

export function isIsraeli(digits: string): boolean {
  return !isRepeated(digits) && passesLuhn(digits)
}

export function isSouthAfrican(digits: string): boolean {
  return hasDate(digits) && digitAt(digits, 10) <= 2 && passesLuhn(digits)
}

export function isAadhaar(digits: string): boolean {
  return digitAt(digits, 0) >= 2 && !isRepeated(digits) && passesVerhoeff(digits)
}

/** GB 11643: place, date of birth with century, serial, check; the last may be `X`. */
export function isResidentId(text: string): boolean {
  const century = text.slice(6, 8)
  if (century !== '18' && century !== '19' && century !== '20') return false
  return isDay(pairAt(text, 10), pairAt(text, 12)) && digitAt(text, 0) !== 0 && passesMod11And2(text)
}

/** A date, and a digit for century and sex. Since October 2020 the rest is drawn by lot, so no checksum counts. */
export function isRrn(digits: string): boolean {
  return hasDate(digits) && digitAt(digits, 6) >= 1 && digitAt(digits, 6) <= 8
}

export function isMyNumber(digits: string): boolean {
  const rest = sum11(digits, [6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2])
  return !isRepeated(digits) && (rest <= 1 ? 0 : 11 - rest) === digitAt(digits, 11)
}

export function isMyKad(digits: string): boolean {
  const place = pairAt(digits, 6)
  return (
    hasDate(digits) && place >= 1 && ![17, 18, 19, 20, 69, 70, 73, 80, 81, 94, 95, 96, 97].includes(place)
  )
}

export function isThai(digits: string): boolean {
  return (
    digitAt(digits, 0) >= 1 &&
    !isRepeated(digits) &&
    (11 - sum11(digits, downFrom(13, 12))) % 10 === digitAt(digits, 12)
  )
}

export function isTfn(digits: string): boolean {
  return !isRepeated(digits) && sum11(digits, [1, 4, 3, 7, 5, 8, 6, 9, 10]) === 0
}

export function isAbn(digits: string): boolean {
  const sum = weighted(digits, [10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19]) - 10
  return digitAt(digits, 0) !== 0 && sum % 89 === 0
}

export function isMedicare(digits: string): boolean {
  const first = digitAt(digits, 0)
  return first >= 2 && first <= 6 && weighted(digits, [1, 3, 7, 9, 1, 3, 7, 9]) % 10 === digitAt(digits, 8)
}

function brazilianCheck(digits: string, weights: readonly number[]): number {
  const rest = sum11(digits, weights)
  return rest < 2 ? 0 : 11 - rest
}

export function isCpf(digits: string): boolean {
  return (
    !isRepeated(digits) &&
    brazilianCheck(digits, downFrom(10, 9)) === digitAt(digits, 9) &&
    brazilianCheck(digits, downFrom(11, 10)) === digitAt(digits, 10)
  )
}

export function isCnpj(digits: string): boolean {
  const weights = [5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2]
  return (
    !isRepeated(digits) &&
    brazilianCheck(digits, weights) === digitAt(digits, 12) &&
    brazilianCheck(digits, [6, ...weights]) === digitAt(digits, 13)
  )
}

export function isCuit(digits: string): boolean {
  const check = 11 - sum11(digits, [5, 4, 3, 2, 7, 6, 5, 4, 3, 2])
  const isType = ['20', '23', '24', '25', '26', '27', '30', '33', '34'].includes(digits.slice(0, 2))
  return isType && (check === 11 ? 0 : check === 10 ? 9 : check) === digitAt(digits, 10)
}

/** The last is a digit or `K`. */
export function isRut(text: string): boolean {
  const body = text.slice(0, -1)
  let sum = 0
  for (let i = 0; i < body.length; i++) sum += digitAt(body, body.length - 1 - i) * (2 + (i % 6))
  const check = 11 - (sum % 11)
  return (check === 11 ? '0' : check === 10 ? 'K' : String(check)) === text.slice(-1).toUpperCase()
}

export function isImei(digits: string): boolean {
  return !isRepeated(digits) && passesLuhn(digits)
}

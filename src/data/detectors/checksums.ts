/** ISO/IEC 7812-1 annex B, for digits. */
export function passesLuhn(digits: string): boolean {
  let sum = 0
  for (let i = 0; i < digits.length; i++) {
    const digit = digits.charCodeAt(digits.length - 1 - i) - 48
    const doubled = i % 2 === 1 ? digit * 2 : digit
    sum += doubled > 9 ? doubled - 9 : doubled
  }
  return sum % 10 === 0
}

/** The remainder by 97 of a number of any length in which letters count as 10 to 35 (ISO/IEC 7064 MOD 97-10). */
export function remainder97(text: string): number {
  let rest = 0
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code <= 57) rest = (rest * 10 + code - 48) % 97
    else rest = (rest * 100 + (code & 0xdf) - 55) % 97
  }
  return rest
}

/** ISO/IEC 7064 MOD 11,10. */
export function passesMod11And10(digits: string): boolean {
  let product = 10
  for (let i = 0; i < digits.length - 1; i++) {
    const sum = (digitAt(digits, i) + product) % 10
    product = ((sum === 0 ? 10 : sum) * 2) % 11
  }
  return (11 - product) % 10 === digitAt(digits, digits.length - 1)
}

/** ISO/IEC 7064 MOD 11-2: the last character may be `X` for 10. */
export function passesMod11And2(text: string): boolean {
  let product = 0
  for (let i = 0; i < text.length - 1; i++) product = ((product + digitAt(text, i)) * 2) % 11
  const last = text.at(-1)
  return (product + (last === 'X' || last === 'x' ? 10 : Number(last))) % 11 === 1
}

const D5 = [
  '0123456789',
  '1234067895',
  '2340178956',
  '3401289567',
  '4012395678',
  '5987604321',
  '6598710432',
  '7659821043',
  '8765932104',
  '9876543210',
]
const PERMUTATIONS = [
  '0123456789',
  '1576283094',
  '5803796142',
  '8916043527',
  '9453126870',
  '4286573901',
  '2793806415',
  '7046913258',
]

/** Verhoeff's check over the dihedral group D5. */
export function passesVerhoeff(digits: string): boolean {
  let check = 0
  for (let i = 0; i < digits.length; i++) {
    const digit = digitAt(digits, digits.length - 1 - i)
    check = Number(D5[check]?.[Number(PERMUTATIONS[i % 8]?.[digit])])
  }
  return check === 0
}

/** The digits from the left, each times its weight, summed. */
export function weighted(digits: string, weights: readonly number[]): number {
  let sum = 0
  for (let i = 0; i < weights.length; i++) sum += digitAt(digits, i) * (weights[i] as number)
  return sum
}

/** GS1 general specifications 7.9: the check of an EAN-13. */
export function passesEan13(digits: string): boolean {
  return weighted(digits, [1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1]) % 10 === 0
}

export function digitAt(digits: string, at: number): number {
  return digits.charCodeAt(at) - 48
}

/** Two digits as a number. */
export function pairAt(digits: string, at: number): number {
  return digitAt(digits, at) * 10 + digitAt(digits, at + 1)
}

/** Whether there can be such a day in some year. */
export function isDay(month: number, day: number): boolean {
  return month >= 1 && month <= 12 && day >= 1 && day <= (month === 2 ? 29 : isShort(month) ? 30 : 31)
}

function isShort(month: number): boolean {
  return month === 4 || month === 6 || month === 9 || month === 11
}

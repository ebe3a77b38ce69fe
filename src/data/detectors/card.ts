import { passesLuhn } from './checksums.ts'

/** Issuer ranges (first four to eight digits) and their lengths; what no issuer has is no card, whatever its checksum. */
const RANGES: readonly (readonly [low: string, high: string, lengths: readonly number[]])[] = [
  ['1000', '1999', [15]], // UATP
  ['2014', '2149', [15]], // enRoute
  ['2200', '2204', [16, 17, 18, 19]], // Mir
  ['2221', '2720', [16]], // Mastercard
  ['3000', '3059', [14, 16]], // Diners Club
  ['3088', '3094', [16]],
  ['3095', '3095', [14, 16]],
  ['3096', '3102', [16]],
  ['3112', '3120', [16]],
  ['3158', '3159', [16]],
  ['3337', '3349', [16]],
  ['3400', '3499', [15]], // American Express
  ['3528', '3589', [16, 17, 18, 19]], // JCB
  ['3600', '3699', [14, 16]],
  ['3700', '3799', [15]],
  ['3800', '3999', [14, 16]],
  ['4000', '4999', [13, 16, 19]], // Visa
  ['5000', '5099', [16, 17, 18, 19]], // Maestro, Dankort, Elo
  ['5100', '5599', [16]], // Mastercard
  ['5600', '5899', [16, 17, 18, 19]], // Maestro
  ['6000', '6999', [16, 17, 18, 19]], // Discover, UnionPay, Maestro, RuPay, Verve
  ['8100', '8171', [16, 17, 18, 19]], // UnionPay
  ['9792', '9792', [16]], // Troy
]

/** Whether the digits are those of a payment card: issuer range, length and ISO/IEC 7812-1 checksum. */
export function isCard(digits: string): boolean {
  const head = digits.slice(0, 4)
  const isIssued = RANGES.some(
    ([low, high, lengths]) => head >= low && head <= high && lengths.includes(digits.length),
  )
  return isIssued && passesLuhn(digits)
}

import type { MaskKind } from '../mask-kinds.ts'
import { isResidentId, isRut } from './identity-numbers.ts'
import * as check from './letter-checks.ts'

/** One way to write an identity number with letters: `A` a letter, `9` a digit, `X` either; the rest stands for itself. */
export interface LetterForm {
  readonly kind: MaskKind
  readonly form: string
  readonly isWeak: boolean
  /** Whether lower-case letters count as well. */
  readonly isAnyCase: boolean
  /** Asked with the text in upper case, without what is neither a letter nor a digit. */
  readonly check: (text: string) => boolean
}

function strong(kind: MaskKind, check: (text: string) => boolean, ...forms: readonly string[]): LetterForm[] {
  return forms.map((form) => ({ kind, form, isWeak: false, isAnyCase: false, check }))
}

function weak(kind: MaskKind, check: (text: string) => boolean, ...forms: readonly string[]): LetterForm[] {
  return forms.map((form) => ({ kind, form, isWeak: true, isAnyCase: false, check }))
}

/** All identity numbers that hold letters. */
export const LETTER_FORMS: readonly LetterForm[] = [
  ...strong('us_mbi', check.isMbi, '9AX9-AX9-AA99', '9AX9AX9AA99').map((form) => ({
    ...form,
    isAnyCase: true,
  })),
  ...weak('us_dea', check.isDea, 'AA9999999'),
  ...weak('us_passport', () => true, 'A99999999'),
  ...strong('mx_curp', check.isCurp, 'AAAA999999AAAAAAX9'),
  ...strong('uk_nino', check.isNino, 'AA999999A', 'AA 99 99 99 A', 'AA-99-99-99-A', 'AA 999999 A'),
  ...weak('ie_pps', check.isPps, '9999999A', '9999999AA'),
  ...strong('es_nif', check.isSpanish, '99999999A', '99999999-A', 'X9999999A', 'X-9999999-A'),
  ...strong('it_fiscal_code', check.isFiscalCode, 'AAAAAA99A99A999A'),
  ...strong('fi_hetu', check.isHetu, '999999-999X', '999999+999X', '999999A999X'),
  ...strong('in_pan', check.isPan, 'AAAAA9999A'),
  ...strong('cn_resident_id', isResidentId, '99999999999999999X'),
  ...strong('sg_nric', check.isNric, 'A9999999A'),
  ...weak('tw_id', check.isTaiwanese, 'A999999999'),
  ...strong('hk_id', check.isHongKong, 'A999999(X)', 'AA999999(X)'),
  ...strong('cl_rut', isRut, '99.999.999-A', '9.999.999-A', '99999999-A'),
  ...weak('vin', check.isVin, 'XXXXXXXXXXXXXXXXX'),
]

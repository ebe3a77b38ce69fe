import type { MaskKind } from '../mask-kinds.ts'
import { isCard } from './card.ts'
import { passesMod11And10 } from './checksums.ts'
import * as id from './identity-numbers.ts'

/**
 * One way to write a number: `9` is a digit, `*` a space or hyphen (the same one throughout), anything else stands for
 * itself. A weak form proves too little and needs a word near it.
 */
export interface NumberForm {
  readonly kind: MaskKind
  readonly form: string
  readonly isWeak: boolean
  readonly check: (digits: string) => boolean
}

/** Forms whose check is enough. */
function strong(
  kind: MaskKind,
  check: (digits: string) => boolean,
  ...forms: readonly string[]
): NumberForm[] {
  return forms.map((form) => ({ kind, form, isWeak: false, check }))
}

/** Forms that need a word near them. */
function weak(kind: MaskKind, check: (digits: string) => boolean, ...forms: readonly string[]): NumberForm[] {
  return forms.map((form) => ({ kind, form, isWeak: true, check }))
}

const nines = (count: number): string => '9'.repeat(count)
const always = (): boolean => true
const isTrunk = (digits: string): boolean => digits.startsWith('0') && digits.charAt(1) !== '0'

/** All numbers that have digits and punctuation only. Where two kinds have one form, the first that fits counts. */
export const NUMBER_FORMS: readonly NumberForm[] = [
  ...strong('card', isCard, ...[13, 14, 15, 16, 17, 18, 19].map(nines)),
  ...strong(
    'card',
    isCard,
    '9999*9999*9999*9999',
    '9999*999999*99999',
    '9999*999999*9999',
    '9999*9999*9999*9999*999',
  ),
  ...strong('us_ssn', id.isSsn, '999*99*9999'),
  ...weak('us_ssn', id.isSsn, '999*999999', '99999*9999', '999999999'),
  ...strong('us_itin', id.isItin, '999*99*9999'),
  ...weak('us_itin', id.isItin, '999*999999', '99999*9999', '999999999'),
  ...weak('us_ein', id.isEin, '99-9999999'),
  ...weak('us_npi', id.isNpi, '9999999999', '9999*999*999'),
  ...weak('us_routing', id.isAbaRouting, '999999999', '9999-9999-9'),
  ...strong('ca_sin', id.isSin, '999-999-999'),
  ...weak('ca_sin', id.isSin, '999 999 999', '999999999'),
  ...weak('uk_nhs', id.isNhs, '9999999999', '999*999*9999'),
  ...weak(
    'de_tax_id',
    (digits) => passesMod11And10(digits) && id.hasGermanDigits(digits),
    nines(11),
    '99 999 999 999',
  ),
  ...weak('at_svnr', id.isSvnr, '9999 999999', nines(10)),
  ...strong('ch_ahv', id.isAhv, '999.9999.9999.99', nines(13)),
  ...strong('fr_nir', id.isNir, nines(15), '9 99 99 99 999 999 99'),
  ...weak('pt_nif', id.isPortugueseNif, nines(9), '999 999 999'),
  ...weak('nl_bsn', id.isBsn, nines(9), '9999.99.999'),
  ...strong('be_national', id.isBelgian, '99.99.99-999.99'),
  ...weak('be_national', id.isBelgian, nines(11)),
  ...weak('pl_pesel', id.isPesel, nines(11)),
  ...weak('pl_nip', id.isNip, '999-999-99-99', '999-99-99-999', nines(10)),
  ...strong('se_personnummer', id.isPersonnummer, '999999-9999', '99999999-9999'),
  ...weak('se_personnummer', id.isPersonnummer, nines(10), nines(12)),
  ...strong('no_fodselsnummer', id.isFodselsnummer, '999999 99999'),
  ...weak('no_fodselsnummer', id.isFodselsnummer, nines(11)),
  ...strong('dk_cpr', id.isCpr, '999999-9999'),
  ...weak('dk_cpr', id.isCpr, nines(10)),
  ...weak('ee_isikukood', id.isIsikukood, nines(11)),
  ...strong('cz_rodne_cislo', id.isRodneCislo, '999999/9999'),
  ...weak('cz_rodne_cislo', id.isRodneCislo, nines(10)),
  ...weak('ro_cnp', id.isCnp, nines(13)),
  ...weak('bg_egn', id.isEgn, nines(10)),
  ...weak('hr_oib', passesMod11And10, nines(11)),
  ...weak('tr_kimlik', id.isKimlik, nines(11)),
  ...weak('ru_inn', id.isInn, nines(10), nines(12)),
  ...strong('ru_snils', id.isSnils, '999-999-999 99'),
  ...weak('il_id', id.isIsraeli, nines(9)),
  ...weak('za_id', id.isSouthAfrican, nines(13), '999999 9999 999'),
  ...strong('in_aadhaar', id.isAadhaar, '9999*9999*9999'),
  ...weak('in_aadhaar', id.isAadhaar, nines(12)),
  ...strong('cn_resident_id', id.isResidentId, nines(18)),
  ...strong('kr_rrn', id.isRrn, '999999-9999999'),
  ...weak('jp_my_number', id.isMyNumber, nines(12), '9999*9999*9999'),
  ...strong('my_nric', id.isMyKad, '999999-99-9999'),
  ...strong('th_id', id.isThai, '9-9999-99999-99-9'),
  ...weak('th_id', id.isThai, nines(13)),
  ...weak('au_tfn', id.isTfn, '999*999*999', nines(9)),
  ...strong('au_abn', id.isAbn, '99 999 999 999'),
  ...weak('au_abn', id.isAbn, nines(11)),
  ...strong('au_medicare', id.isMedicare, '9999 99999 9'),
  ...weak('au_medicare', id.isMedicare, nines(10), nines(11)),
  ...strong('br_cpf', id.isCpf, '999.999.999-99'),
  ...weak('br_cpf', id.isCpf, nines(11)),
  ...strong('br_cnpj', id.isCnpj, '99.999.999/9999-99'),
  ...weak('br_cnpj', id.isCnpj, nines(14)),
  ...strong('ar_cuit', id.isCuit, '99-99999999-9'),
  ...weak('ar_cuit', id.isCuit, nines(11)),
  ...strong('cl_rut', id.isRut, '99.999.999-9', '9.999.999-9'),
  ...weak('cl_rut', id.isRut, '99999999-9', '9999999-9'),
  ...strong('imei', id.isImei, '99-999999-999999-9'),
  ...weak('imei', id.isImei, nines(15)),
  // North American numbers, as strictly as people write them: any area code, since many texts have invented ones.
  ...strong('phone', always, '999*999*9999', '999.999.9999', '9*999*999*9999', '9.999.999.9999'),
  ...strong(
    'phone',
    isTrunk,
    '99 99 99 99 99',
    '99.99.99.99.99',
    '999*9999*9999',
    '99*9999*9999',
    '99999 999999',
  ),
  ...weak('phone', isTrunk, nines(10), nines(11), '9999*999999', '9999*9999999', '999*9999999', '99*9999999'),
]

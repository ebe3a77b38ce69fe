import { ALNUM, classAt, DIGIT, isWordAt, LOWER, UPPER } from './characters.ts'
import { hasIbanCheck } from './letter-checks.ts'

/** The account part of each country in the ISO 13616 registry: `n` digits, `a` letters, `c` either, with their counts. */
const REGISTRY = `AD 8n12c AE 19n AL 8n16c AT 16n AZ 4a20c BA 16n BE 12n BG 4a6n8c BH 4a14c BI 23n BR 23n1a1c BY 4c4n16c
CH 5n12c CR 18n CY 8n16c CZ 20n DE 18n DJ 23n DK 14n DO 4c20n EE 16n EG 25n ES 20n FI 14n FK 2a12n FO 14n FR 10n11c2n
GB 4a14n GE 2a16n GI 4a15c GL 14n GR 7n16c GT 4c20c HN 4a20n HR 17n HU 24n IE 4a14n IL 19n IQ 4a15n IS 22n IT 1a10n12c
JO 4a4n18c KW 4a22c KZ 3n13c LB 4n20c LC 4a24c LI 5n12c LT 16n LU 3n13c LV 4a13c LY 21n MC 10n11c2n MD 2c18c ME 18n
MK 3n10c2n MN 16n MR 23n MT 4a5n18c MU 4a19n3a NI 4a20n NL 4a10n NO 11n OM 3n16c PK 4a16c PL 24n PS 4a21c PT 21n
QA 4a21c RO 4a16c RS 18n RU 14n15c SA 2n18c SC 4a20n3a SD 14n SE 20n SI 15n SK 20n SM 1a10n12c SO 19n ST 21n SV 4a20n
TL 19n TN 20n TR 6n16c UA 6n19c VA 18n VG 4a16n XK 16n YE 4a4n18c`

const ACCOUNTS: ReadonlyMap<string, string> = readRegistry()

function readRegistry(): Map<string, string> {
  const words = REGISTRY.split(/\s+/)
  const accounts = new Map<string, string>()
  for (let i = 0; i < words.length; i += 2) {
    const parts = (words[i + 1] as string).matchAll(/(\d+)([nac])/g)
    accounts.set(
      words[i] as string,
      [...parts].map(([, count, one]) => (one as string).repeat(Number(count))).join(''),
    )
  }
  return accounts
}

/**
 * The end of the IBAN that begins at `start`, or -1. In one piece or in groups of four with a space or hyphen between; all
 * letters in one case.
 */
export function ibanEnd(text: string, start: number): number {
  const account = ACCOUNTS.get(text.slice(start, start + 2).toUpperCase())
  if (account === undefined) return -1
  const letterCase = classAt(text, start) & (LOWER | UPPER)
  let iban = ''
  let at = start
  while (iban.length < account.length + 4) {
    const classes = classAt(text, at)
    if ((classes & ALNUM) === 0) {
      const code = text.charCodeAt(at)
      if ((code !== 32 && code !== 45) || iban.length % 4 !== 0 || (classAt(text, at + 1) & ALNUM) === 0)
        return -1
      at++
      continue
    }
    const wanted = iban.length < 2 ? 'a' : iban.length < 4 ? 'n' : account.charAt(iban.length - 4)
    const isDigit = (classes & DIGIT) !== 0
    if ((wanted === 'n' && !isDigit) || (wanted === 'a' && isDigit)) return -1
    if (!isDigit && (classes & letterCase) === 0) return -1
    iban += text.charAt(at++)
  }
  return !isWordAt(text, at) && hasIbanCheck(iban) ? at : -1
}

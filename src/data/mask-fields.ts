import type { MaskKind } from './mask-kinds.ts'

/**
 * What the name of a field says of its value: a kind is masked in the form of that kind, `hidden` whole; `secret` whole and never
 * shown to any role; `line` is a secret that goes to the end of the line where it stands in text (`Cookie: a=b; c=d`).
 */
export type FieldMask = MaskKind | 'hidden' | 'secret' | 'line'

const SECRETS = `password passwd pwd passphrase passcode pass pw secret secrets clientsecret apikey apikeys apisecret accesskey
accesskeyid secretkey secretaccesskey privatekey signingkey encryptionkey masterkey sharedkey accountkey storagekey
subscriptionkey authkey sshkey licensekey token accesstoken refreshtoken idtoken authtoken sessiontoken bearertoken csrftoken
xsrftoken apitoken bottoken usertoken oauthtoken resettoken verifiertoken jwt bearer credential credentials auth sessionid sessid sid
phpsessid jsessionid otp totp onetimepassword mfacode totpsecret recoverycode recoverycodes backupcodes pin cvv cvc cvv2
cvc2 securitycode cardcode connectionstring dsn webhooksecret samlresponse assertion clientassertion codeverifier
passwordhash passwd salt pepper seedphrase mnemonic xapikey accesscode signature`

const LINES = 'authorization proxyauthorization cookie cookies setcookie xauthorization wwwauthenticate'

const KIND_NAMES: Readonly<Partial<Record<MaskKind | 'hidden', string>>> = {
  email: 'email emailaddress mail emails useremail contactemail',
  phone:
    'phone phonenumber phoneno mobile mobilenumber mobilephone telephone telephonenumber tel cellphone fax msisdn',
  card: 'card cardnumber creditcard creditcardnumber debitcard debitcardnumber cardno ccnumber ccnum paymentcard pan primaryaccountnumber',
  us_ssn: 'ssn socialsecuritynumber socialsecurity socialsecurityno',
  iban: 'iban bankaccount',
  hidden: `accountnumber bankaccountnumber routingnumber sortcode bic taxid taxnumber taxidentificationnumber vatid itin ein sin nino nhs
nhsnumber nationalid nationalidnumber nationalinsurancenumber passport passportnumber passportno driverslicense driverlicense
driverslicensenumber licenseplate dateofbirth dob birthdate birthday mothersmaidenname cpf cnpj aadhaar aadhaarnumber pesel bsn dni nif nie
codicefiscale nric personnummer curp rfc medicalrecordnumber mrn biometric fingerprint`,
}

/** Names of one or two letters, or with another everyday meaning, count only where the name is nothing else. */
const ALONE = new Set(
  'pass pw sid pin pan auth card mail tel fax salt sin nie rfc ein bic dni nif pepper signature assertion bearer dsn'.split(
    ' ',
  ),
)

const NAMES: ReadonlyMap<string, FieldMask> = readNames()

function readNames(): Map<string, FieldMask> {
  const names = new Map<string, FieldMask>()
  const add = (text: string, mask: FieldMask): void => {
    for (const name of text.split(/\s+/)) names.set(name, mask)
  }
  for (const [kind, text] of Object.entries(KIND_NAMES)) add(text, kind as FieldMask)
  add(SECRETS, 'secret')
  add(LINES, 'line')
  return names
}

/** `card_number`, `CardNumber`, `card-number` and `CARD NUMBER` are one name. */
export function foldFieldName(name: string): string {
  let folded = ''
  for (let i = 0; i < name.length; i++) {
    const code = name.charCodeAt(i)
    if (code >= 65 && code <= 90) folded += String.fromCharCode(code + 32)
    else if ((code >= 97 && code <= 122) || (code >= 48 && code <= 57) || code > 127) folded += name.charAt(i)
  }
  return folded
}

/** Where words of a name begin: at separators and where a capital follows what is none (`userEMail2` has three). */
function wordStarts(name: string): number[] {
  const starts: number[] = []
  let isInWord = false
  let wasCapital = false
  for (let i = 0; i < name.length; i++) {
    const code = name.charCodeAt(i)
    const isCapital = code >= 65 && code <= 90
    const isLetter = isCapital || (code >= 97 && code <= 122) || (code >= 48 && code <= 57) || code > 127
    const next = name.charCodeAt(i + 1)
    const isLastCapital = isCapital && wasCapital && next >= 97 && next <= 122
    if (isLetter && (!isInWord || (isCapital && !wasCapital) || isLastCapital)) starts.push(i)
    isInWord = isLetter
    wasCapital = isCapital
  }
  return starts
}

const MAX_NAME = 128
const MAX_KNOWN = 4096

/** What names say. The answers are remembered, a bounded number of them. */
export interface FieldNames {
  /** What the name says of its value; undefined where it says nothing. */
  maskOf(name: string): FieldMask | undefined
}

/**
 * Compiles a set of field names. Names in the catalogue count also at the end of longer names (`billing_card_number`, `dbPassword`).
 * `extra` names what else is sensitive, with how to mask it; `open` names what is not, whatever the catalogue says.
 */
export function createFieldNames(
  options: {
    readonly extra?: Readonly<Record<string, FieldMask>>
    readonly open?: readonly string[]
    /** Whether the catalogue counts; only `extra` otherwise. */
    readonly catalogue?: boolean
  } = {},
): FieldNames {
  const names = new Map<string, FieldMask>(options.catalogue === false ? [] : NAMES)
  const extra = new Set<string>()
  for (const [name, mask] of Object.entries(options.extra ?? {})) {
    names.set(foldFieldName(name), mask)
    extra.add(foldFieldName(name))
  }
  const open = new Set((options.open ?? []).map(foldFieldName))
  // `none` is remembered too: it is the answer for nearly every name.
  let known = new Map<string, FieldMask | 'none'>()

  function judge(name: string): FieldMask | undefined {
    // A name without end is not a name; what it holds stays hidden.
    if (name.length > MAX_NAME) return 'hidden'
    const whole = foldFieldName(name)
    if (open.has(whole)) return undefined
    const found = names.get(whole)
    if (found !== undefined) return found
    for (const start of wordStarts(name).slice(1)) {
      const tail = foldFieldName(name.slice(start))
      const mask = names.get(tail)
      if (mask !== undefined && (extra.has(tail) || !ALONE.has(tail)))
        return open.has(tail) ? undefined : mask
    }
    return undefined
  }

  return {
    maskOf(name) {
      const answer = known.get(name)
      if (answer !== undefined) return answer === 'none' ? undefined : answer
      const mask = judge(name)
      if (known.size >= MAX_KNOWN) known = new Map()
      if (name.length <= MAX_NAME) known.set(name, mask ?? 'none')
      return mask
    },
  }
}

/** The last two letters of every name of a secret, lower case: what lets nearly all other names go without a look-up. */
export function secretNameEndings(): ReadonlySet<string> {
  const endings = new Set<string>()
  for (const [name, mask] of NAMES) if (mask === 'secret' || mask === 'line') endings.add(name.slice(-2))
  return endings
}

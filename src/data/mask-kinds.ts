/** What a kind of finding is about; for choosing many at once. */
export type MaskGroup = 'contact' | 'financial' | 'identity' | 'network' | 'secret'

/** One kind of personal data or secret that can be found in free text. */
export interface KindFacts {
  readonly group: MaskGroup
  /** One line for people. */
  readonly what: string
  /** Words near a finding whose own form proves too little; at least one must stand before it on the line. */
  readonly context?: readonly string[]
}

const contact = (what: string, context?: readonly string[]): KindFacts => facts('contact', what, context)
const financial = (what: string, context?: readonly string[]): KindFacts => facts('financial', what, context)
const identity = (what: string, context?: readonly string[]): KindFacts => facts('identity', what, context)
const network = (what: string, context?: readonly string[]): KindFacts => facts('network', what, context)
const secret = (what: string): KindFacts => facts('secret', what, undefined)

function facts(group: MaskGroup, what: string, context: readonly string[] | undefined): KindFacts {
  return context === undefined ? { group, what } : { group, what, context }
}

const TAX = ['tax', 'tin', 'fiscal']

/** The catalogue: every kind that the detectors know. The name is the contract in options, output and configuration. */
export const KINDS = {
  email: contact('e-mail address (RFC 5321)'),
  phone: contact('phone number (E.164, and national forms with their punctuation)', [
    'phone',
    'tel',
    'mobile',
    'cell',
    'call',
    'fax',
    'number',
    'whatsapp',
  ]),
  card: financial('payment card number (ISO/IEC 7812-1: issuer range, length and Luhn)'),
  iban: financial('bank account (ISO 13616: country structure and mod 97)'),
  us_routing: financial('US bank routing number (ABA check)', [
    'aba',
    'routing',
    'bank',
    'wire',
    'ach',
    'rtn',
  ]),
  crypto_address: financial('Bitcoin address (Base58Check, Bech32, Bech32m) or Ethereum address'),
  us_ssn: identity('US social security number (SSA rules)', ['ssn', 'social security', 'social']),
  us_itin: identity('US individual taxpayer number (IRS ranges)', ['itin', ...TAX]),
  us_ein: identity('US employer identification number', ['ein', 'employer', ...TAX]),
  us_npi: identity('US health provider number (Luhn with 80840)', ['npi', 'provider', 'physician']),
  us_mbi: identity('US Medicare beneficiary identifier'),
  us_dea: identity('US DEA registration (check digit)', ['dea', 'prescriber', 'registration']),
  us_passport: identity('US passport number', ['passport']),
  ca_sin: identity('Canadian social insurance number (Luhn)', ['sin', 'nas', 'social insurance']),
  mx_curp: identity('Mexican CURP (check digit)'),
  uk_nhs: identity('UK NHS number (mod 11)', ['nhs', 'patient', 'health']),
  uk_nino: identity('UK national insurance number'),
  ie_pps: identity('Irish PPS number (mod 23)', ['pps', 'ppsn']),
  de_tax_id: identity('German tax identification number (MOD 11,10)', ['steuer', 'idnr', 'tin', 'tax']),
  at_svnr: identity('Austrian social insurance number (mod 11)', [
    'svnr',
    'sozialversicherung',
    'versicherung',
  ]),
  ch_ahv: identity('Swiss AHV number (EAN-13)'),
  fr_nir: identity('French NIR (mod 97)'),
  es_nif: identity('Spanish DNI, NIF and NIE (mod 23)'),
  it_fiscal_code: identity('Italian codice fiscale (check letter)'),
  pt_nif: identity('Portuguese NIF (mod 11)', ['nif', 'contribuinte', 'fiscal']),
  nl_bsn: identity('Dutch BSN (elfproef)', ['bsn', 'burgerservice', 'sofi']),
  be_national: identity('Belgian national number (mod 97)', [
    'rijksregister',
    'national',
    'nrn',
    'insz',
    'niss',
  ]),
  pl_pesel: identity('Polish PESEL (date and mod 10)', ['pesel']),
  pl_nip: identity('Polish NIP (mod 11)', ['nip', ...TAX]),
  se_personnummer: identity('Swedish personnummer (date and Luhn)', ['personnummer', 'pnr', 'personal']),
  no_fodselsnummer: identity('Norwegian fodselsnummer (date and two mod 11)', [
    'fodselsnummer',
    'personnummer',
    'fnr',
    'birth',
  ]),
  dk_cpr: identity('Danish CPR number (date)', ['cpr', 'personnummer']),
  fi_hetu: identity('Finnish personal identity code (mod 31)'),
  ee_isikukood: identity('Estonian and Lithuanian personal code (mod 11)', [
    'isikukood',
    'asmens',
    'personal',
  ]),
  cz_rodne_cislo: identity('Czech and Slovak birth number (date and mod 11)', ['rodne', 'birth']),
  ro_cnp: identity('Romanian CNP (date and mod 11)', ['cnp', 'numeric personal']),
  bg_egn: identity('Bulgarian EGN (date and mod 11)', ['egn']),
  hr_oib: identity('Croatian OIB (MOD 11,10)', ['oib']),
  tr_kimlik: identity('Turkish identity number (two checks)', ['kimlik', 'tckn', 'tc no', 't.c']),
  ru_inn: identity('Russian INN (mod 11)', ['inn']),
  ru_snils: identity('Russian SNILS (mod 101)'),
  il_id: identity('Israeli identity number (Luhn)', ['israel', 'teudat', 'zehut', 'identity']),
  za_id: identity('South African identity number (date and Luhn)', [
    'id number',
    'identity',
    'south africa',
    'rsa',
  ]),
  in_aadhaar: identity('Indian Aadhaar (Verhoeff)', ['aadhaar', 'aadhar', 'uidai']),
  in_pan: identity('Indian PAN (holder letter)'),
  cn_resident_id: identity('Chinese resident identity number (date and MOD 11-2)'),
  kr_rrn: identity('Korean resident registration number (date)'),
  jp_my_number: identity('Japanese My Number (mod 11)', ['my number', 'mynumber', 'kojin']),
  sg_nric: identity('Singapore NRIC and FIN (check letter)'),
  my_nric: identity('Malaysian MyKad number (date and place)'),
  th_id: identity('Thai citizen number (mod 11)', ['thai', 'citizen']),
  tw_id: identity('Taiwanese national number (mod 10)', ['taiwan', 'national', 'identity']),
  hk_id: identity('Hong Kong identity card (mod 11)'),
  au_tfn: identity('Australian tax file number (mod 11)', ['tfn', 'tax file']),
  au_abn: identity('Australian business number (mod 89)', ['abn', 'business number']),
  au_medicare: identity('Australian Medicare number (mod 10)', ['medicare']),
  br_cpf: identity('Brazilian CPF (two mod 11)', ['cpf']),
  br_cnpj: identity('Brazilian CNPJ (two mod 11)', ['cnpj']),
  ar_cuit: identity('Argentine CUIT and CUIL (mod 11)', ['cuit', 'cuil']),
  cl_rut: identity('Chilean RUT (mod 11)', ['rut', 'run']),
  imei: identity('IMEI of a phone (Luhn)', ['imei', 'device', 'handset']),
  vin: identity('vehicle identification number (ISO 3779 check)', ['vin', 'vehicle', 'chassis']),
  ip: network('IPv4 or IPv6 address', ['ip', 'ipv6', 'ipv4', 'address', 'loopback', 'host', 'listen']),
  mac: network('MAC address (EUI-48)'),
  url: network('web address', ['url', 'site', 'domain', 'domains', 'host', 'link', 'web']),
  registered: secret('value that was loaded as a secret, in any of its encodings'),
  credential: secret('value of a name such as password, api_key or token, in any notation'),
  authorization: secret('Bearer and Basic credentials (RFC 6750, RFC 7617)'),
  url_credentials: secret('user information of a URL (RFC 3986 3.2.1)'),
  private_key: secret('private key in PEM (RFC 7468), OpenSSH, PGP or age form'),
  jwt: secret('JSON Web Token (RFC 7519), signed or encrypted'),
  aws_key: secret('AWS access key or Bedrock key'),
  azure_secret: secret('Azure AD client secret'),
  google_key: secret('Google API key, OAuth token or client secret'),
  alibaba_key: secret('Alibaba Cloud access key'),
  digitalocean_token: secret('DigitalOcean token'),
  heroku_key: secret('Heroku key'),
  fly_token: secret('Fly.io token'),
  scalingo_token: secret('Scalingo token'),
  cloudflare_key: secret('Cloudflare origin CA key'),
  github_token: secret('GitHub token of any type'),
  gitlab_token: secret('GitLab token of any type'),
  bitbucket_token: secret('Atlassian or Bitbucket token'),
  npm_token: secret('npm token'),
  pypi_token: secret('PyPI token'),
  rubygems_token: secret('RubyGems token'),
  clojars_token: secret('Clojars token'),
  artifactory_token: secret('Artifactory key or reference token'),
  docker_token: secret('Docker Hub token'),
  terraform_token: secret('HashiCorp Terraform token'),
  vault_token: secret('HashiCorp Vault token'),
  pulumi_token: secret('Pulumi token'),
  doppler_token: secret('Doppler token'),
  onepassword_key: secret('1Password secret key or service account token'),
  slack_token: secret('Slack token of any type'),
  slack_webhook: secret('Slack webhook address'),
  discord_token: secret('Discord bot token or webhook'),
  facebook_token: secret('Facebook page access token'),
  telegram_token: secret('Telegram bot token'),
  teams_webhook: secret('Microsoft Teams webhook address'),
  stripe_key: secret('Stripe key or webhook secret'),
  square_token: secret('Square token'),
  shopify_token: secret('Shopify token or shared secret'),
  paypal_token: secret('Braintree or PayPal access token'),
  payment_key: secret('Adyen, Flutterwave or GoCardless key'),
  plaid_token: secret('Plaid access token'),
  shipping_key: secret('EasyPost or Shippo key'),
  duffel_token: secret('Duffel token'),
  openai_key: secret('OpenAI key'),
  anthropic_key: secret('Anthropic key'),
  huggingface_token: secret('Hugging Face token'),
  inference_key: secret('Perplexity, Groq, Replicate or xAI key'),
  sendgrid_key: secret('SendGrid key'),
  mailgun_key: secret('Mailgun key'),
  mailchimp_key: secret('Mailchimp key'),
  brevo_key: secret('Brevo (Sendinblue) key'),
  twilio_key: secret('Twilio key'),
  databricks_token: secret('Databricks token'),
  planetscale_token: secret('PlanetScale token or password'),
  supabase_key: secret('Supabase key'),
  clickhouse_key: secret('ClickHouse Cloud key'),
  airtable_token: secret('Airtable token'),
  notion_token: secret('Notion token'),
  linear_key: secret('Linear key'),
  postman_key: secret('Postman key'),
  figma_token: secret('Figma or Frame.io token'),
  adobe_secret: secret('Adobe client secret'),
  grafana_token: secret('Grafana token'),
  newrelic_key: secret('New Relic key'),
  sentry_token: secret('Sentry token'),
  dynatrace_token: secret('Dynatrace token'),
  sonar_token: secret('SonarQube token'),
  sourcegraph_token: secret('Sourcegraph token'),
  launchdarkly_key: secret('LaunchDarkly key'),
  octopus_key: secret('Octopus Deploy key'),
  harness_key: secret('Harness key'),
  service_token: secret('token of Prefect, ReadMe, Infracost, Typeform, SettleMint or 42'),
  openshift_token: secret('OpenShift token'),
  maxmind_key: secret('MaxMind licence key'),
  yandex_key: secret('Yandex Cloud key'),
} as const satisfies Readonly<Record<string, KindFacts>>

/** The name of a kind. */
export type MaskKind = keyof typeof KINDS

/** Every kind, in the order of the catalogue. */
export const ALL_KINDS: readonly MaskKind[] = Object.keys(KINDS) as MaskKind[]

/** What is masked unless told otherwise: all but addresses of the network, which logs are there to show. */
export const DEFAULT_KINDS: readonly MaskKind[] = ALL_KINDS.filter((kind) => groupOf(kind) !== 'network')

export function groupOf(kind: MaskKind): MaskGroup {
  return KINDS[kind].group
}

/** The words that must stand near a weak finding of this kind. */
export function contextOf(kind: MaskKind): readonly string[] {
  const facts: KindFacts = KINDS[kind]
  return facts.context ?? []
}

export function isMaskKind(name: string): name is MaskKind {
  return Object.hasOwn(KINDS, name)
}

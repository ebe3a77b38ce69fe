import type { MaskKind } from '../mask-kinds.ts'
import {
  BASE64_MARK,
  BASE64URL,
  ALNUM,
  DIGIT,
  DOT,
  HEX,
  HYPHEN,
  UNDERSCORE,
  UPPER,
  WORD,
} from './characters.ts'

/** A secret that begins with letters of its own, and what may follow them. */
export interface TokenForm {
  readonly kind: MaskKind
  readonly prefix: string
  /** Classes of the characters that follow. */
  readonly body: number
  readonly min: number
  readonly max: number
  /** Characters that all of it, prefix and body, must hold somewhere. */
  readonly holds?: string
}

const LONG: number = Number.MAX_SAFE_INTEGER

function token(kind: MaskKind, prefixes: string, body: number, min: number, max: number = LONG): TokenForm[] {
  return prefixes.split(' ').map((prefix) => ({ kind, prefix, body, min, max }))
}

function holding(text: string, forms: readonly TokenForm[]): TokenForm[] {
  return forms.map((form) => ({ ...form, holds: text }))
}

const DOTTED: number = BASE64URL | DOT
const BASE64: number = ALNUM | BASE64_MARK
const CAPITALS: number = UPPER | DIGIT

/** Tokens of well-known services. Lengths as the services give them out; longer ones are masked to their end. */
export const TOKEN_FORMS: readonly TokenForm[] = [
  ...token('private_key', 'AGE-SECRET-KEY-1', CAPITALS, 58, 58),
  ...token('aws_key', 'AKIA ASIA ABIA ACCA', CAPITALS, 16, 16),
  ...token('aws_key', 'A3T', CAPITALS, 17, 17),
  ...token('aws_key', 'ABSK', BASE64, 109),
  ...token('aws_key', 'bedrock-api-key-', BASE64, 28),
  ...token('google_key', 'AIza', BASE64URL, 35, 35),
  ...token('google_key', 'GOCSPX-', BASE64URL, 28),
  ...token('google_key', 'ya29.', DOTTED, 20),
  ...token('alibaba_key', 'LTAI', ALNUM, 16, 26),
  ...token('digitalocean_token', 'dop_v1_ doo_v1_ dor_v1_', HEX, 64),
  ...token('heroku_key', 'HRKU-AA', BASE64URL, 58),
  ...token('fly_token', 'fo1_', BASE64URL, 43),
  ...token('fly_token', 'fm1a_ fm1r_ fm2_', BASE64, 100),
  ...token('scalingo_token', 'tk-us-', BASE64URL, 48),
  ...token('cloudflare_key', 'v1.0-', HEX | HYPHEN, 171),
  ...token('github_token', 'ghp_ gho_ ghu_ ghs_ ghr_', ALNUM, 36),
  ...token('github_token', 'github_pat_', WORD, 82),
  ...token(
    'gitlab_token',
    'glpat- gldt- glft- glffct- glimt- glagent- gloas- glptt- glrt- glsoat- glcbt- glrtr- gldsi- GR1348941',
    DOTTED,
    20,
  ),
  ...token('gitlab_token', '_gitlab_session=', ALNUM, 32),
  ...token('bitbucket_token', 'ATATT3 ATCTT3 ATBB', BASE64URL | BASE64_MARK, 32),
  ...token('npm_token', 'npm_', ALNUM, 36),
  ...token('pypi_token', 'pypi-AgE', BASE64URL, 50),
  ...token('rubygems_token', 'rubygems_', HEX, 48),
  ...token('clojars_token', 'CLOJARS_', ALNUM, 60),
  ...token('artifactory_token', 'AKCp', ALNUM, 69),
  ...token('artifactory_token', 'cmVmd', ALNUM, 59),
  ...token('docker_token', 'dckr_pat_ dckr_oat_', BASE64URL, 27),
  ...token('vault_token', 'hvs. hvb. hvr.', BASE64URL, 24),
  ...token('vault_token', 's.', ALNUM, 24, 24),
  ...token('pulumi_token', 'pul-', HEX, 40),
  ...token('doppler_token', 'dp.pt. dp.st. dp.ct. dp.sa. dp.scim. dp.audit.', DOTTED, 40),
  ...token('onepassword_key', 'A3-', CAPITALS | HYPHEN, 32, 40),
  ...token('onepassword_key', 'ops_eyJ', BASE64, 100),
  ...token(
    'slack_token',
    'xoxb- xoxp- xoxa- xoxr- xoxs- xoxo- xoxe- xoxe.xoxb- xoxe.xoxp- xapp-',
    BASE64URL,
    10,
  ),
  ...token(
    'slack_webhook',
    'hooks.slack.com/services/ hooks.slack.com/workflows/ hooks.slack.com/triggers/',
    BASE64,
    40,
  ),
  ...token(
    'discord_token',
    'discord.com/api/webhooks/ discordapp.com/api/webhooks/',
    BASE64URL | BASE64_MARK,
    40,
  ),
  ...token(
    'stripe_key',
    'sk_live_ sk_test_ sk_prod_ rk_live_ rk_test_ rk_prod_ pk_live_ pk_test_ whsec_',
    ALNUM,
    10,
  ),
  ...token('square_token', 'sq0atp- sq0csp- sq0idp-', BASE64URL, 22),
  ...token('square_token', 'EAAA', BASE64URL, 56, 60),
  ...token('shopify_token', 'shpat_ shpca_ shppa_ shpss_ shpua_', HEX, 32),
  ...token('paypal_token', 'access_token$production$ access_token$sandbox$', ALNUM, 16),
  ...token('payment_key', 'AQE', BASE64, 60),
  ...token('payment_key', 'FLWSECK_TEST- FLWSECK- FLWPUBK_TEST-', ALNUM | HYPHEN, 12),
  ...token('plaid_token', 'access-sandbox- access-development- access-production-', HEX | HYPHEN, 36, 36),
  ...token('shipping_key', 'EZAK EZTK', ALNUM, 54),
  ...token('shipping_key', 'shippo_live_ shippo_test_', HEX, 40),
  ...token('duffel_token', 'duffel_live_ duffel_test_', BASE64URL | BASE64_MARK, 43),
  ...token('openai_key', 'sk-proj- sk-svcacct- sk-admin-', BASE64URL, 40),
  ...holding('T3BlbkFJ', token('openai_key', 'sk-', ALNUM, 40)),
  ...token('anthropic_key', 'sk-ant-', BASE64URL, 40),
  ...token('huggingface_token', 'hf_ api_org_', ALNUM, 34),
  ...token('inference_key', 'pplx-', ALNUM, 48),
  ...token('inference_key', 'gsk_ xai-', ALNUM, 40),
  ...token('inference_key', 'r8_', ALNUM, 37),
  ...token('sendgrid_key', 'SG.', DOTTED | BASE64_MARK, 60),
  ...token('mailgun_key', 'key- pubkey-', HEX, 32, 32),
  ...token('brevo_key', 'xkeysib- xsmtpsib-', ALNUM | HYPHEN, 70),
  ...token('twilio_key', 'SK AC', HEX, 32, 32),
  ...token('databricks_token', 'dapi', HEX | HYPHEN, 32),
  ...token('planetscale_token', 'pscale_tkn_ pscale_oauth_ pscale_pw_', DOTTED | BASE64_MARK, 32),
  ...token('supabase_key', 'sbp_', HEX, 40),
  ...token('supabase_key', 'sb_secret_', BASE64URL, 22),
  ...token('clickhouse_key', '4b1d', ALNUM, 38, 38),
  ...holding('.', token('airtable_token', 'pat', ALNUM | DOT, 79, 79)),
  ...token('notion_token', 'ntn_', ALNUM, 46),
  ...token('notion_token', 'secret_', ALNUM, 43, 43),
  ...token('linear_key', 'lin_api_ lin_oauth_', ALNUM, 40),
  ...token('postman_key', 'PMAK-', HEX | HYPHEN, 59),
  ...token('figma_token', 'figd_ figo_', BASE64URL, 40),
  ...token('figma_token', 'fio-u-', BASE64URL | BASE64_MARK, 64),
  ...token('adobe_secret', 'p8e-', BASE64URL, 32),
  ...token('grafana_token', 'glc_ eyJrIjoi', BASE64, 32),
  ...token('grafana_token', 'glsa_', WORD, 41),
  ...token('newrelic_key', 'NRAK- NRII- NRJS- NRRA- NRSP-', ALNUM | HYPHEN, 19),
  ...token('sentry_token', 'sntrys_ sntryu_', BASE64 | UNDERSCORE, 64),
  ...token('dynatrace_token', 'dt0c01. dt0s16.', ALNUM | DOT, 80),
  ...token('sonar_token', 'squ_ sqp_ sqa_', ALNUM, 40),
  ...token('sourcegraph_token', 'sgp_', WORD, 40),
  ...token('launchdarkly_key', 'api- sdk- mob-', HEX | HYPHEN, 36, 36),
  ...token('octopus_key', 'API-', CAPITALS, 26, 28),
  ...token('harness_key', 'pat. sat.', DOTTED, 60),
  ...token('service_token', 'pnu_', ALNUM, 36),
  ...token('service_token', 'rdme_', ALNUM, 70),
  ...token('service_token', 'ico-', ALNUM, 32),
  ...token('service_token', 'tfp_', DOTTED | BASE64_MARK, 59),
  ...token('service_token', 'sm_aat_ sm_pat_ sm_sat_', ALNUM, 16, 16),
  ...token('service_token', 's-s4t2ud- s-s4t2af-', HEX, 64),
  ...token('facebook_token', 'EAAM EAAC', ALNUM, 100),
  // The base64 of what begins with `eyJ`.
  ...token('jwt', 'ZXlK', BASE64, 70),
  ...token('openshift_token', 'sha256~', BASE64URL, 43),
  ...token('yandex_key', 'AQVN', BASE64URL, 35, 48),
  ...token('yandex_key', 't1.', DOTTED | BASE64_MARK, 88),
]

import assert from 'node:assert/strict'
import test from 'node:test'

import { ALL_KINDS, contextOf, groupOf, type MaskKind } from '../mask-kinds.ts'
import { createMasker } from '../masker.ts'
import { TOKEN_FORMS } from './tokens.ts'

// Numbers as authorities, standards and encyclopedias publish them as examples; the second of each row has one character changed.
const NUMBERS: readonly (readonly [MaskKind, string, string])[] = [
  ['card', '4111 1111 1111 1111', '4111 1111 1111 1112'],
  ['card', '3782-822463-10005', '3782-822463-10006'],
  ['iban', 'GB29 NWBK 6016 1331 9268 19', 'GB29 NWBK 6016 1331 9268 18'],
  ['iban', 'de89370400440532013000', 'de89370400440532013001'],
  ['us_ssn', '078-05-1120', '078-00-1120'],
  ['us_itin', '911-70-1234', '911-69-1234'],
  ['us_routing', '121000358', '121000359'],
  ['us_npi', '1234567893', '1234567894'],
  ['us_mbi', '1EG4-TE5-MK73', '1EG4-TE5-MS73'],
  ['us_dea', 'AB1234563', 'AB1234564'],
  ['us_ein', '12-3456789', '07-3456789'],
  ['ca_sin', '130-692-544', '130-692-545'],
  ['mx_curp', 'HEGG560427MVZRRL04', 'HEGG560427MVZRRL05'],
  ['uk_nhs', '943 476 5919', '943 476 5918'],
  ['uk_nino', 'AB 12 34 56 C', 'BG 12 34 56 C'],
  ['ie_pps', '1234567T', '1234567A'],
  ['de_tax_id', '86095742719', '86095742718'],
  ['at_svnr', '1237 010180', '1238 010180'],
  ['ch_ahv', '756.9217.0769.85', '756.9217.0769.86'],
  ['fr_nir', '2 55 08 14 168 025 38', '2 55 08 14 168 025 39'],
  ['es_nif', '12345678Z', '12345678A'],
  ['es_nif', 'X1234567L', 'X1234567M'],
  ['it_fiscal_code', 'RSSMRA85T10A562S', 'RSSMRA85T10A562T'],
  ['pt_nif', '123456789', '123456788'],
  ['nl_bsn', '111222333', '111222334'],
  ['be_national', '85.07.30-033.28', '85.07.30-033.29'],
  ['pl_pesel', '44051401359', '44051401358'],
  ['pl_nip', '123-456-32-18', '123-456-32-19'],
  ['se_personnummer', '811218-9876', '811218-9875'],
  ['no_fodselsnummer', '150765 00565', '150765 00566'],
  ['dk_cpr', '070761-4285', '320761-4285'],
  ['fi_hetu', '131052-308T', '131052-308U'],
  ['ee_isikukood', '37605030299', '37605030298'],
  ['cz_rodne_cislo', '780123/3540', '780123/3541'],
  ['ro_cnp', '1800101221144', '1800101221145'],
  ['bg_egn', '7523169263', '7523169262'],
  ['hr_oib', '94577403194', '94577403195'],
  ['tr_kimlik', '10000000146', '10000000147'],
  ['ru_inn', '7707083893', '7707083894'],
  ['ru_snils', '112-233-445 95', '112-233-445 96'],
  ['il_id', '123456782', '123456783'],
  ['za_id', '8001015009087', '8001015009086'],
  ['in_pan', 'ABCPE1234F', 'ABCDE1234F'],
  ['in_aadhaar', '9999 4105 7058', '9999 4105 7059'],
  ['cn_resident_id', '11010519491231002X', '110105194912310020'],
  ['kr_rrn', '820701-2409184', '821301-2409184'],
  ['jp_my_number', '123456789018', '123456789017'],
  ['sg_nric', 'S1234567D', 'S1234567E'],
  ['my_nric', '850101-14-5678', '851301-14-5678'],
  ['th_id', '1-2345-67890-12-1', '1-2345-67890-12-2'],
  ['tw_id', 'A123456789', 'A123456788'],
  ['hk_id', 'A123456(3)', 'A123456(4)'],
  ['au_tfn', '123 456 782', '123 456 783'],
  ['au_abn', '51 824 753 556', '51 824 753 557'],
  ['au_medicare', '2123 45670 1', '2123 45671 1'],
  ['br_cpf', '529.982.247-25', '529.982.247-26'],
  ['br_cnpj', '11.222.333/0001-81', '11.222.333/0001-82'],
  ['ar_cuit', '20-12345678-6', '20-12345678-7'],
  ['cl_rut', '12.345.678-5', '12.345.678-6'],
  ['imei', '490154203237518', '490154203237519'],
  ['vin', '1M8GDM9AXKP042788', '1M8GDM9AXKP042789'],
  ['crypto_address', '1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa', '1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb'],
  [
    'crypto_address',
    'bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4',
    'bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5',
  ],
  ['mac', '00:1a:2B:3c:4D:5e', '00:1a:2B:3c:4D:5g'],
  ['ip', '2001:db8::1', '2001:db8::1::2'],
  ['ip', '192.0.2.7', '192.0.2.7.1'],
]

for (const [kind, right, wrong] of NUMBERS) {
  test(`${kind}: \`${right}\` is one, \`${wrong}\` is none`, () => {
    const { find } = createMasker({ kinds: [kind], weak: 'always' })
    for (const [before, after] of [
      ['', ''],
      ['id ', '.'],
      ['"', '"'],
      ['=', '&x=1'],
    ]) {
      const text = `${before}${right}${after}`
      const found = find(text).map(({ from, to }) => text.slice(from, to))
      assert.deepEqual(found, [right], text)
    }
    assert.deepEqual(find(`id ${wrong}.`), [])
  })
}

test('a number that proves too little counts only with a word of its kind before it on the line', () => {
  for (const [kind, right] of NUMBERS) {
    const masker = createMasker({ kinds: [kind] })
    const word = contextOf(kind)[0]
    if (word === undefined || groupOf(kind) === 'network' || masker.find(right).length > 0) continue
    assert.equal(masker.find(`the ${word}: ${right}`).length, 1, `${kind} with ${word}`)
    assert.equal(masker.find(`the ${word}\n${right}`).length, 0, `${kind} on the next line`)
    assert.equal(createMasker({ kinds: [kind], weak: 'never' }).find(`${word} ${right}`).length, 0)
  }
})

/** Characters of every class, so that a checksum or a share of digits is not missed by chance. */
const FILL: string = 'a1B2c3D4e5F6a7B8c9D0'.repeat(30)
const CAPITALS: string = 'A1B2C3D4E5F6A7B8C9D0'.repeat(30)
const HEX: string = '0123456789abcdef'.repeat(40)

for (const form of TOKEN_FORMS) {
  test(`a token that begins with ${form.prefix} is found as ${form.kind}, to its end`, () => {
    const length = Math.min(form.max, Math.max(form.min, form.min + 3))
    const fills = [FILL, CAPITALS, HEX].map((fill) => {
      const holds = form.holds ?? ''
      return holds + fill.slice(0, length - holds.length)
    })
    const { find } = createMasker({ kinds: [form.kind] })
    const isFound = fills.some((body) => {
      const token = form.prefix + body
      const text = `x=1 '${token}' y`
      const found = find(text)
      return found.length === 1 && text.slice(found[0]?.from, found[0]?.to) === token
    })
    assert.ok(isFound, form.prefix)
    assert.deepEqual(find(`'${form.prefix}'`), [], 'the prefix alone is nothing')
  })
}

const header = Buffer.from('{"alg":"HS256","typ":"JWT"}').toString('base64url')
const payload = Buffer.from('{"sub":"1234567890"}').toString('base64url')
const pem = `-----BEGIN RSA PRIVATE KEY-----\n${`${'QUJD'.repeat(16)}\n`.repeat(20)}-----END RSA PRIVATE KEY-----`

for (const { kind, text, want } of [
  { kind: 'jwt', text: `t ${header}.${payload}.${'a'.repeat(43)} x`, want: 't [jwt] x' },
  { kind: 'jwt', text: `t ${header}.${payload}. x`, want: 't [jwt] x' },
  { kind: 'jwt', text: `t ${header}.short x`, want: `t ${header}.short x` },
  { kind: 'private_key', text: `a ${pem} b`, want: 'a [private_key] b' },
  { kind: 'private_key', text: `{"k":"${pem.replaceAll('\n', '\\n')}"}`, want: '{"k":"[private_key]"}' },
  {
    kind: 'private_key',
    text: `{"k":"${pem.slice(0, 200).replaceAll('\n', '\\n')}"}`,
    want: '{"k":"[private_key]"}',
  },
  { kind: 'private_key', text: '-----BEGIN CERTIFICATE-----', want: '-----BEGIN CERTIFICATE-----' },
  { kind: 'authorization', text: 'Bearer abc123def x', want: 'Bearer *** x' },
  { kind: 'authorization', text: 'bearer authentication is needed', want: 'bearer authentication is needed' },
  { kind: 'authorization', text: 'Basic YWxhZGRpbjpvcGVuc2VzYW1l x', want: 'Basic *** x' },
  { kind: 'authorization', text: 'Basic authentication', want: 'Basic authentication' },
  { kind: 'url_credentials', text: 'postgres://u:p%40w@h:5432/d?x=1', want: 'postgres://u:***@h:5432/d?x=1' },
  { kind: 'url_credentials', text: 'https://example.com/a@b', want: 'https://example.com/a@b' },
  { kind: 'telegram_token', text: `t 123456789:A${'b'.repeat(34)} x`, want: 't [telegram_token] x' },
  { kind: 'azure_secret', text: `abc8Q~${'d'.repeat(32)} x`, want: '[azure_secret] x' },
  { kind: 'terraform_token', text: `${'a1'.repeat(7)}.atlasv1.${'b'.repeat(64)}`, want: '[terraform_token]' },
  { kind: 'mailchimp_key', text: `${'0a'.repeat(16)}-us12 x`, want: '[mailchimp_key] x' },
  { kind: 'maxmind_key', text: `Ab1Cd2_${'e'.repeat(29)}_mmk`, want: '[maxmind_key]' },
  { kind: 'discord_token', text: `M${'a'.repeat(23)}.Xyz123.${'b'.repeat(27)}`, want: '[discord_token]' },
  { kind: 'credential', text: 'password=hunter2&x=1', want: 'password=***&x=1' },
  { kind: 'credential', text: 'user[password]=hunter2', want: 'user[password]=***' },
  { kind: 'credential', text: "{'db_password': 'a b\\'c'}", want: "{'db_password': '***'}" },
  {
    kind: 'credential',
    text: '{\\"apiKey\\":\\"x\\\\\\"y\\",\\"n\\":1}',
    want: '{\\"apiKey\\":\\"***\\",\\"n\\":1}',
  },
  { kind: 'credential', text: 'CLIENT-SECRET: abc, next: 1', want: 'CLIENT-SECRET: ***, next: 1' },
  { kind: 'credential', text: 'password=a,b!c next', want: 'password=*** next' },
  { kind: 'credential', text: 'password%3Dhunter2%26x%3D1', want: 'password%3D***%26x%3D1' },
  { kind: 'credential', text: '<ns:Password>p w</ns:Password>', want: '<ns:Password>***</ns:Password>' },
  { kind: 'credential', text: 'curl --token abc --verbose', want: 'curl --token *** --verbose' },
  {
    kind: 'credential',
    text: "curl -H 'Authorization: Token a b' /x",
    want: "curl -H 'Authorization: ***' /x",
  },
  { kind: 'credential', text: 'Cookie: a=b; c="d"\nHost: x', want: 'Cookie: ***\nHost: x' },
  { kind: 'credential', text: 'Authorization: Digest u="a", r="b"\nX', want: 'Authorization: ***\nX' },
  {
    kind: 'credential',
    text: '{"m":"Authorization: Bearer x","n":1}',
    want: '{"m":"Authorization: ***","n":1}',
  },
  { kind: 'credential', text: '{"pin":1234,"n":1}', want: '{"pin":"***","n":1}' },
  {
    kind: 'credential',
    text: '{"secret":{"n":1},"password":null}',
    want: '{"secret":{"n":1},"password":null}',
  },
  {
    kind: 'credential',
    text: 'passwordResetAt=1 tokens: 12 monkey=1',
    want: 'passwordResetAt=1 tokens: 12 monkey=1',
  },
  { kind: 'aws_key', text: '\\nAKIAIOSFODNN7EXAMPLE', want: '\\n[aws_key]' },
  { kind: 'aws_key', text: 'a%3DAKIAIOSFODNN7EXAMPLE', want: 'a%3D[aws_key]' },
  { kind: 'email', text: '"\\nab@example.com"', want: '"\\n**@example.com"' },
  { kind: 'url', text: 'see https://example.com/a?b=c, and', want: 'see [url], and' },
] as const satisfies readonly { kind: MaskKind; text: string; want: string }[]) {
  test(`${kind} in \`${text.slice(0, 60)}\``, () =>
    assert.equal(createMasker({ kinds: [kind] }).text(text), want))
}

test('what logs are full of is left alone', () => {
  const { find } = createMasker()
  for (const text of [
    '2026-11-24T09:00:12.345Z INFO 200 GET /a/b?page=2&sort=price 12ms',
    'Mon, 24 Nov 2026 09:00:12 +0000 [24/Nov/2026:09:00:12 +0100]',
    '550e8400-e29b-41d4-a716-446655440000 01jd8x2v7cq0k5n3w9m4r6t8y1',
    'sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
    'at Server.onRequest (file:///srv/src/server.ts:128:17) node:internal/process',
    '1763978400000 1763978400 3.141592653589793 0.4111111111111111 1,234,567.89',
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/131.0.0.0',
    'version 10.20.30.40-rc.1, ratio 1:2:3:4, std::vector, key: value, token',
  ])
    assert.deepEqual(
      find(text).map(({ kind, from, to }) => `${kind} ${text.slice(from, to)}`),
      [],
    )
})

test('eighty thousand random identifiers hold next to nothing', () => {
  let seed = 7
  const random = (): number => (seed = (seed * 48271) % 2147483647) / 2147483647
  const from = (alphabet: string, length: number): string =>
    Array.from({ length }, () => alphabet.charAt(Math.floor(random() * alphabet.length))).join('')
  const { find } = createMasker()
  let found = 0
  const COUNT = 20_000
  for (let i = 0; i < COUNT; i++) {
    const hex = from('0123456789abcdef', 32)
    const text = `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)} ${from('0123456789abcdefghjkmnpqrstvwxyz', 26)} ${from('0123456789', 9)} ${from('0123456789', 11)}`
    found += find(text).length
  }
  assert.ok(found <= COUNT / 1000, `${found} findings in ${COUNT * 4} identifiers`)
})

test('every kind has a line for people, and every kind that is no network address is on by default', () => {
  const { find } = createMasker()
  assert.ok(ALL_KINDS.length >= 130, String(ALL_KINDS.length))
  assert.deepEqual(find('192.0.2.7 and 00:1a:2b:3c:4d:5e and https://example.com/'), [])
})

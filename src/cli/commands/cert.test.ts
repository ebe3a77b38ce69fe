// Transcripts of `ringwall cert` and of what `ringwall check` says of files, in processes of their own.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { createHash, createPublicKey } from 'node:crypto'
import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'

import { TestAuthority, testFolder } from '../../edge/testing.ts'

const BIN = join(import.meta.dirname, '..', '..', '..', 'bin', 'ringwall.js')
const folder = testFolder('cert')
const authority = await TestAuthority.create()
const shop = await authority.issue({
  subject: 'CN=shop',
  names: [
    { type: 'dns', value: 'shop.test' },
    { type: 'dns', value: '*.shop.test' },
  ],
  days: 60,
})
const soon = await authority.issue({ names: [{ type: 'dns', value: 'soon.test' }], days: 5 })
const files = {
  shop: folder.write('shop.pem', shop.pem),
  shopKey: folder.write('shop.key', shop.keyPem),
  soon: folder.write('soon.pem', soon.pem),
  soonKey: folder.write('soon.key', soon.keyPem),
  text: folder.write('text.pem', 'hello'),
  broken: folder.write(
    'broken.pem',
    `${shop.pem}-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n`,
  ),
}
const HEAD = `upstreams: { application: "http://127.0.0.1:3000" }\nstore: { directory: ${join(folder.path, 'store')} }\n`

function run(config: string, ...args: string[]): { code: number | null; out: string; err: string } {
  const file = folder.write('security_config.yaml', HEAD + config)
  const { status, stdout, stderr } = spawnSync(process.execPath, [BIN, ...args, '--config', file], {
    encoding: 'utf8',
    timeout: 60_000,
  })
  return { code: status, out: stdout, err: stderr }
}

const pairs = (...list: (readonly [string, string])[]): string =>
  `security:\n  tls:\n    certificates:\n${list.map(([certificate, key]) => `      - { certificate: ${certificate}, key: ${key} }\n`).join('')}`
const GOOD = pairs([files.shop, files.shopKey])

test('list and show say what is served, and list ends with 1 where something is wrong or ends soon', () => {
  const good = run(GOOD, 'cert', 'list')
  assert.equal(good.code, 0, good.err)
  assert.match(good.out, /security\.tls\.certificates\.0 +shop\.test \*\.shop\.test +\d{4}-\d\d-\d\d +ok/)
  const both = run(
    pairs([files.shop, files.shopKey], [files.soon, files.soonKey], [files.text, files.shopKey]),
    'cert',
    'list',
  )
  assert.equal(both.code, 1)
  assert.match(both.out, /soon\.test +\S+ +expires in 4 days/)
  assert.match(both.out, /text\.pem: not a PEM certificate/)
  const shown = run(GOOD, 'cert', 'show', 'shop.test')
  assert.match(shown.out, /subject +CN=shop\n/)
  assert.match(shown.out, /must_staple +false/)
  const none = run(GOOD, 'cert', 'show', 'other.test')
  assert.equal(none.code, 2)
  assert.match(none.err, /no certificate is called `other\.test`; see ringwall cert list/)
  const rows = JSON.parse(run(GOOD, 'cert', 'list', '--json').out) as { days: number }[]
  assert.equal(rows[0]?.days, 59)
})

test('pins are of the key in use and of a backup key that is kept', () => {
  const first = run(GOOD, 'cert', 'pins')
  assert.equal(first.code, 0, first.err)
  const spki = createPublicKey(shop.pem).export({ type: 'spki', format: 'der' })
  const pin = createHash('sha256').update(spki).digest('base64')
  assert.ok(first.out.startsWith(`sha256/${pin} `), first.out)
  assert.match(first.err, /a backup key was made: keep a copy/)
  const backup = join(folder.path, 'store', 'tls', 'backup.key')
  assert.equal(statSync(backup).mode & 0o777, 0o600)
  const again = run(GOOD, 'cert', 'pins')
  assert.equal(again.out, first.out)
  assert.equal(again.err, '')
  assert.match(
    run(GOOD, 'cert', 'pins', '--format', 'android').out,
    /<domain includeSubdomains="true">shop\.test<\/domain>[^]*<pin digest="SHA-256">/,
  )
  assert.match(
    run(GOOD, 'cert', 'pins', '--format', 'ios').out,
    /<key>NSPinnedDomains<\/key>[^]*SPKI-SHA256-BASE64/,
  )
  assert.equal(run(GOOD, 'cert', 'pins', '--format', 'x').code, 2)
})

test('trust makes the development authority and says what to do with it', () => {
  const { code, out } = run('', 'cert', 'trust')
  assert.equal(code, 0)
  assert.match(out, /update-ca-certificates[^]*security add-trusted-cert[^]*certutil -addstore/)
  assert.ok(existsSync(join(folder.path, 'store', 'tls', 'development-ca.pem')))
})

test('renew asks for a certificate that the configuration has', () => {
  const { code, err } = run('', 'cert', 'renew', 'shop')
  assert.equal(code, 2)
  assert.match(err, /`security\.tls\.acme\.certificates` has no `shop`; there is none/)
})

for (const { name, config, says } of [
  {
    name: 'a key of another certificate',
    config: pairs([files.shop, files.shopKey], [files.shop, files.soonKey]),
    says: /security_config\.yaml:7:9: security\.tls\.certificates\.1: \S+soon\.key: the key is not that of/,
  },
  {
    name: 'a certificate that is damaged',
    config: pairs([files.broken, files.shopKey]),
    says: /security_config\.yaml:6:9: security\.tls\.certificates\.0: \S+broken\.pem:\d+: not a PEM certificate/,
  },
  {
    name: 'an authority that is none',
    config: `security:\n  tls:\n    client_authorities:\n      a: { ca: ${files.shop} }\n`,
    says: /security_config\.yaml:6:10: security\.tls\.client_authorities\.a: \S+: `CN=shop` is no authority/,
  },
  {
    name: 'a signed security.txt that is not signed',
    config: `security:\n  edge:\n    security_txt: { contact: ["mailto:a@b.test"], expires: 2099-01-01, signed_file: ${files.text} }\n`,
    says: /security\.edge\.security_txt: \S+text\.pem: not a cleartext-signed/,
  },
  {
    name: 'a staging address that does not exist',
    config:
      'security: { tls: { acme: { certificates: { a: [a.test] }, agree_to_terms: true, staging: true, authorities: [zerossl] } } }\n',
    says: /security\.tls\.acme\.authorities: `zerossl` has no staging address/,
  },
  {
    name: 'a wildcard by HTTP',
    config: 'security: { tls: { acme: { certificates: { a: ["*.a.test"] }, agree_to_terms: true } } }\n',
    says: /must be a name without wildcard/,
  },
  {
    name: 'terms that nobody agreed to',
    config: 'security: { tls: { acme: { certificates: { a: [a.test] }, agree_to_terms: false } } }\n',
    says: /agree_to_terms: must be true: you agree to the terms/,
  },
]) {
  test(`check: ${name} is a mistake with its line`, () => {
    const { code, err } = run(config, 'check')
    assert.equal(code, 2, err)
    assert.match(err, says)
  })
}

test('check warns of certificates that end soon, and of a security.txt that is old', () => {
  const { code, out } = run(
    `${pairs([files.soon, files.soonKey])}  edge:\n    security_txt: { contact: ["mailto:a@b.test"], expires: 2020-01-01 }\n`,
    'check',
  )
  assert.equal(code, 0, out)
  assert.match(out, /security\.tls\.certificates\.0: the certificate expires in 4 days; renew it/)
  assert.match(out, /security_txt\.expires: it has expired/)
})

import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { after } from 'node:test'

import { systemClock, systemRandom } from '../../core/clock.ts'
import { Secret } from '../../core/secret.ts'
import { seededBytes } from '../testing.ts'
import { generateAgeIdentity, recipientsOf } from './age-key.ts'
import { ageProvider } from './age-provider.ts'
import { parseReference, type SecretReference } from './reference.ts'
import {
  formatSecretsFile,
  newSecretsFile,
  type OpenSecrets,
  openSecretsFile,
  withRecipients,
  withValues,
} from './sealed-secrets.ts'

const random = seededBytes(7)
const [anna, ben, eve] = await Promise.all([
  generateAgeIdentity(false),
  generateAgeIdentity(true),
  generateAgeIdentity(false),
])
const NOW_MS = Date.UTC(2026, 5, 1)

const values = (given: Readonly<Record<string, string | undefined>>): Map<string, Secret | undefined> =>
  new Map(
    Object.entries(given).map(([name, value]) => [name, value === undefined ? undefined : new Secret(value)]),
  )

async function opened(text: string, identity: Secret): Promise<OpenSecrets> {
  const file = await openSecretsFile(text, [identity])
  assert.ok(file.ok, JSON.stringify(file))
  return file
}

const plainOf = (file: OpenSecrets): Record<string, string> =>
  Object.fromEntries([...file.values].map(([name, { value }]) => [name, value.reveal()]))

const PLAIN = { API_KEY: 'k-1', DATABASE_URL: 'postgres://a:b@c/d', PEM: '-----BEGIN\nline two\n-----END\n' }
const first = withValues(
  await newSecretsFile([anna.recipient, ben.recipient], random),
  values(PLAIN),
  NOW_MS,
  random,
)
const TEXT = formatSecretsFile(first)

test('every recipient opens it, also with a post-quantum identity and a file with comments; nobody else does', async () => {
  assert.deepEqual(plainOf(await opened(TEXT, anna.identity)), PLAIN)
  assert.deepEqual(plainOf(await opened(TEXT, ben.identity)), PLAIN)
  const file = new Secret(`# created: today\n# public key: x\n${anna.identity.reveal()}\n`)
  assert.deepEqual(plainOf(await opened(TEXT, file)), PLAIN)
  assert.deepEqual(await recipientsOf(file), [anna.recipient])
  const refused = await openSecretsFile(TEXT, [eve.identity])
  assert.ok(!refused.ok && refused.reason === 'no-identity')
  for (const value of Object.values(PLAIN)) assert.ok(!TEXT.includes(value.slice(0, 10)))
  assert.match(ben.recipient, /^age1pq1/)
})

test('what did not change stays byte for byte: one value changes one line and the MAC', async () => {
  const file = await opened(TEXT, anna.identity)
  assert.equal(formatSecretsFile(withValues(file, values(PLAIN), NOW_MS + 86_400_000, random)), TEXT)
  const changed = withValues(file, values({ API_KEY: 'k-2' }), NOW_MS + 86_400_000, random)
  const [before, later] = [TEXT.split('\n'), formatSecretsFile(changed).split('\n')]
  const differing = later
    .filter((line, i) => line !== before[i])
    .map((line) => line.split(' ').slice(0, 2).join(' ').slice(0, 13))
  assert.deepEqual(
    differing.map((line) => line.replace(/^mac .*/, 'mac')),
    ['value API_KEY', 'mac'],
  )
  assert.equal(changed.values.get('API_KEY')?.changedMs, NOW_MS + 86_400_000)
  assert.equal(changed.values.get('PEM')?.changedMs, NOW_MS)
  const dropped = formatSecretsFile(withValues(file, values({ API_KEY: undefined }), NOW_MS, random))
  assert.deepEqual(Object.keys(plainOf(await opened(dropped, ben.identity))), ['DATABASE_URL', 'PEM'])
})

test('a new recipient keeps the values as they are; without one of them there is a new key, and the removed one is out', async () => {
  const file = await opened(TEXT, anna.identity)
  const wider = formatSecretsFile(
    await withRecipients(file, [anna.recipient, ben.recipient, eve.recipient], random),
  )
  assert.deepEqual(plainOf(await opened(wider, eve.identity)), PLAIN)
  const lines = (text: string): string[] => text.split('\n').filter((line) => line.startsWith('value '))
  assert.deepEqual(lines(wider), lines(TEXT))
  const narrower = formatSecretsFile(
    await withRecipients(await opened(wider, anna.identity), [anna.recipient], random),
  )
  const kept = await opened(narrower, anna.identity)
  assert.deepEqual(plainOf(kept), PLAIN)
  assert.equal(kept.values.get('PEM')?.changedMs, NOW_MS)
  assert.ok(lines(narrower).every((line, i) => line !== lines(TEXT)[i]))
  assert.ok(!(await openSecretsFile(narrower, [eve.identity])).ok)
  await assert.rejects(withRecipients(file, [], random), /at least one recipient/)
  await assert.rejects(newSecretsFile(['age1nonsense'], random), /not an age recipient/)
})

const swapLines = (text: string): string => {
  const lines = text.split('\n')
  const at = lines.findIndex((line) => line.startsWith('value '))
  const [a, b] = [lines[at] as string, lines[at + 1] as string]
  const sealed = (line: string): string => line.split(' ')[3] as string
  lines[at] = a.replace(sealed(a), sealed(b))
  lines[at + 1] = b.replace(sealed(b), sealed(a))
  return lines.join('\n')
}

for (const { name, alter, reason } of [
  { name: 'two values swapped', alter: swapLines, reason: 'tampered' },
  {
    name: 'a value dropped',
    alter: (text: string) => text.replace(/^value API_KEY.*\n/m, ''),
    reason: 'tampered',
  },
  {
    name: 'a value under another name',
    alter: (text: string) => text.replace('value API_KEY', 'value API_KEZ'),
    reason: 'tampered',
  },
  {
    name: 'an older date',
    alter: (text: string) => text.replace('2026-06-01', '2025-06-01'),
    reason: 'tampered',
  },
  {
    name: 'a recipient slipped in',
    alter: (text: string) => text.replace('recipient', `recipient ${eve.recipient}\nrecipient`),
    reason: 'tampered',
  },
  {
    name: 'the MAC of nothing',
    alter: (text: string) => text.replace(/mac .*/, `mac ${'A'.repeat(43)}`),
    reason: 'tampered',
  },
  {
    name: 'the key cut short',
    alter: (text: string) => text.replace(/^key (.{40}).*$/m, 'key $1'),
    reason: 'no-identity',
  },
  {
    name: 'no first line',
    alter: (text: string) => text.replace('ringwall-secrets 1\n', ''),
    reason: 'not-ours',
  },
  {
    name: 'a merge that went wrong',
    alter: (text: string) => text.replace('value API', '<<<<<<< HEAD\nvalue API'),
    reason: 'not-ours',
  },
  { name: 'nothing', alter: () => '', reason: 'not-ours' },
]) {
  test(`altered without the key: ${name} is told`, async () => {
    assert.notEqual(alter(TEXT), TEXT)
    const file = await openSecretsFile(alter(TEXT), [anna.identity])
    assert.ok(!file.ok)
    assert.equal(file.reason, reason)
  })
}

test('an attacker who makes a file of his own for the public recipients cannot keep what is in the old one', async () => {
  const own = formatSecretsFile(
    withValues(
      await newSecretsFile([anna.recipient, eve.recipient], random),
      values({ API_KEY: 'evil' }),
      NOW_MS,
      random,
    ),
  )
  const mixed = own.replace(/^mac/m, `${TEXT.match(/^value PEM.*$/m)?.[0]}\nmac`)
  const file = await openSecretsFile(mixed, [anna.identity])
  assert.ok(!file.ok && file.reason === 'tampered')
})

test('the provider reads, writes one line, notices a change, and says what is missing', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'ringwall-sealed-'))
  after(() => rmSync(directory, { recursive: true, force: true }))
  const file = join(directory, 'secrets.age')
  writeFileSync(file, TEXT)
  const provider = ageProvider({ identities: [anna.identity], clock: systemClock, random: systemRandom })
  const at = (text: string): SecretReference => parseReference(text) as SecretReference
  const read = await provider.read(at(`age:${file}#API_KEY`))
  assert.ok(read.ok && read.secret.reveal() === 'k-1' && read.changedMs === NOW_MS)
  assert.ok(provider.isCurrent?.(at(`age:${file}#API_KEY`), read.version ?? ''))
  const done = await provider.write?.(at(`age:${file}#API_KEY`), new Secret('k-2'), new Secret('k-1'))
  assert.deepEqual(done, { ok: true })
  assert.ok(!provider.isCurrent?.(at(`age:${file}#API_KEY`), read.version ?? ''))
  const again = await provider.write?.(at(`age:${file}#API_KEY`), new Secret('k-3'), new Secret('k-1'))
  assert.ok(again && !again.ok && again.reason === 'changed')
  assert.deepEqual(plainOf(await opened(readFileSync(file, 'utf8'), ben.identity)), {
    ...PLAIN,
    API_KEY: 'k-2',
  })
  const absent = await provider.read(at(`age:${file}#NOPE`))
  assert.ok(!absent.ok && absent.reason === 'absent' && absent.detail.includes('ringwall secret edit'))
  const noIdentity = await ageProvider({ identities: [], clock: systemClock }).read(at(`age:${file}#API_KEY`))
  assert.ok(!noIdentity.ok && /RINGWALL_AGE_IDENTITY/.test(noIdentity.detail))
})

// Accounts of other systems, from files that people write.
import assert from 'node:assert/strict'
import test from 'node:test'

import { importAccounts, readAccountFile } from './index.ts'
import { hasher, HOME, openHouse } from './testing.ts'

const PHPASS = '$P$9IQRaTwmfeRo7ud9Fh4E2PdI0S3r.L0'

test('CSV, JSON and JSON lines say the same', () => {
  const want = {
    email: 'ann@shop.test',
    name: 'Ann, "the" first',
    roles: ['customer', 'manager'],
    passwordHash: PHPASS,
    isVerified: true,
    isDisabled: false,
    createdMs: Date.UTC(2020, 0, 31),
  }
  const csv = `\ufeffemail,name,roles,password_hash,email_verified,created_at\r\nann@shop.test,"Ann, ""the"" first",customer manager,${PHPASS},true,2020-01-31\r\n`
  const row = {
    email: 'ann@shop.test',
    name: 'Ann, "the" first',
    roles: ['customer', 'manager'],
    password_hash: PHPASS,
    email_verified: true,
    created_at: '2020-01-31',
  }
  assert.deepEqual(readAccountFile(csv), [{ ...want, line: 2 }])
  assert.deepEqual(readAccountFile(JSON.stringify([row])), [{ ...want, line: 1 }])
  assert.deepEqual(readAccountFile(`${JSON.stringify(row)}\n\n${JSON.stringify(row)}`), [
    { ...want, line: 1 },
    { ...want, line: 3 },
  ])
})

for (const { name, text, want } of [
  { name: 'no column of addresses', text: 'name\nAnn', want: /line 1: .*`email`/ },
  {
    name: 'a column that is not known',
    text: 'email,password\na@b.c,x',
    want: /line 1: `password` is not known/,
  },
  { name: 'a line that is too short', text: 'email,name\na@b.c', want: /line 2: 1 fields where 2/ },
  { name: 'an open quotation', text: 'email,name\na@b.c,"x', want: /line 2: a quotation mark/ },
  {
    name: 'a key that is not known',
    text: '[{"email":"a@b.c","pass":"x"}]',
    want: /line 1: `pass` is not known/,
  },
  { name: 'no JSON', text: '{"email":"a@b.c"}\n{"email"', want: /line 2: is not JSON/ },
  { name: 'a number for an address', text: '[{"email":7}]', want: /line 1: `email` must be a text/ },
  { name: 'no time', text: 'email,created_at\na@b.c,yesterday', want: /line 2: `created_at`/ },
  { name: 'nothing', text: '', want: /line 1: the file is empty/ },
]) {
  test(`a file with ${name} is a mistake with its line`, () => {
    assert.throws(() => readAccountFile(text), want)
  })
}

test('accounts are made once, bad lines are named, and a dry run makes nothing', async () => {
  const { identity, add } = await openHouse()
  await add('there@shop.test')
  const text = `email,password_hash,disabled\nnew@shop.test,${PHPASS},\nTHERE@shop.test,${PHPASS},\nno address,,\nNEW@shop.test,,\nplain@shop.test,secret,\noff@shop.test,${PHPASS},true\nnone@shop.test,,\n`
  const all = readAccountFile(text)
  const outcomes = ['created', 'exists', 'unusable', 'unusable', 'unusable', 'created', 'created']
  const options = { roles: ['customer'], isDryRun: true }
  const dry = await importAccounts(identity.accounts, hasher, all, options)
  assert.deepEqual(
    dry.map((line) => line.outcome),
    outcomes,
  )
  assert.equal((await identity.accounts.list()).length, 1)
  const wet = await importAccounts(identity.accounts, hasher, all, { ...options, isDryRun: false })
  assert.deepEqual(
    wet.map((line) => line.outcome),
    outcomes,
  )
  assert.match(wet[4]?.why ?? '', /in no known format/)
  assert.equal((await identity.accounts.list()).length, 4)
  const signedIn = await identity.signIn('new@shop.test', 'test12345', HOME)
  assert.ok(signedIn.ok)
  assert.deepEqual(signedIn.account.roles, ['customer'])
  const off = await identity.signIn('off@shop.test', 'test12345', HOME)
  assert.equal(!off.ok && off.reason, 'disabled')
  const again = await importAccounts(identity.accounts, hasher, all, { ...options, isDryRun: false })
  assert.deepEqual(
    again.filter((line) => line.outcome === 'created'),
    [],
  )
})

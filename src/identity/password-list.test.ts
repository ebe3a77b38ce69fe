// The list of common passwords, lists of breached ones, and how hard a password is to guess.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { after } from 'node:test'

import { buildCommonPasswords, commonPasswords } from '../../tools/password-list.ts'
import { importBreaches } from './breach-import.ts'
import { authenticationSchema, PasswordFilter, PasswordPolicy, validatePassword } from './index.ts'
import { estimateStrength } from './password-strength.ts'

const FILE = join(import.meta.dirname, 'common-passwords.filter')
const directory = mkdtempSync(join(tmpdir(), 'ringwall-lists-'))
after(() => rmSync(directory, { recursive: true, force: true }))
const policy = authenticationSchema.parse({}).password
const BOB = { email: 'bob.marley@tuffgong.test', name: 'Bob Marley' }

test('the list in the program is what the script makes, and as large as it says', () => {
  const all = [...commonPasswords()]
  const long = all.filter((password) => password.length >= 12)
  assert.ok(all.length >= 100_000, String(all.length))
  assert.ok(long.length >= 3000, String(long.length))
  assert.ok(buildCommonPasswords().equals(readFileSync(FILE)), 'run `node tools/password-list.ts`')
  const list = PasswordFilter.open(FILE)
  assert.equal(list.keys, all.length)
  assert.ok(all.every((password) => list.has(password)))
})

test('a stranger is taken for a common password less than once in 2,000, and a look-up takes microseconds', () => {
  const list = PasswordFilter.open(FILE)
  const startedAt = process.cpuUsage()
  let wrong = 0
  for (let i = 0; i < 200_000; i++) if (list.has(`stranger ${i}`)) wrong++
  const { user } = process.cpuUsage(startedAt)
  assert.ok(wrong < 100, `${wrong} of 200,000`)
  assert.ok(user / 200_000 < 50, `${user / 200_000} us each`)
})

for (const { password, want } of [
  { password: 'Password123!', want: /most common/ },
  { password: 'P@ssw0rd123!', want: /most common/ },
  { password: 'Iloveyou2024!', want: /most common/ },
  { password: 'Dragondragon', want: /digit/ },
  { password: 'Summer-2024-!', want: /^$/ },
  { password: 'Marley-rules-7', want: /name or e-mail/ },
  { password: 'Tuffgong-7-rocks', want: /name or e-mail/ },
  { password: 'Correct-horse-7', want: /^$/ },
]) {
  test(`\`${password}\`: ${want.source}`, () => {
    assert.match(validatePassword(password, policy, BOB).join('; '), want)
  })
}

test('words of the site are not taken, and the guide has its own class', () => {
  const own = { ...policy, context_words: ['acmeshop'] }
  assert.match(validatePassword('AcmeShop-4-ever!', own, BOB).join(), /name or e-mail/)
  assert.deepEqual(PasswordPolicy.validate('Correct-horse-7'), [])
  assert.deepEqual(PasswordPolicy.validate('short'), [
    'Password must be at least 12 characters',
    'Password must contain uppercase letter',
    'Password must contain digit',
    'Password must contain special character',
  ])
})

test('strength is estimated, and a password of a thousand characters takes no longer than one of fifty', async () => {
  assert.ok((await estimateStrength('Password123!', [])) < 2)
  assert.equal(await estimateStrength('Correct-horse-7', []), 4)
  assert.ok((await estimateStrength('annabelexample', ['annabel', 'example'])) <= 1)
  const spent = async (password: string): Promise<number> => {
    const startedAt = process.cpuUsage()
    await estimateStrength(password, [])
    return process.cpuUsage(startedAt).user
  }
  const [short, long] = [await spent('aZ3&'.repeat(12)), await spent('aZ3&'.repeat(250))]
  assert.ok(long < short * 5 + 50_000, `${long} against ${short} us of CPU time`)
})

test('range files of breaches become a list; half a file does not', async () => {
  const sha1 = (password: string): string => createHash('sha1').update(password).digest('hex').toUpperCase()
  const known = Array.from({ length: 500 }, (_, index) => `breached ${index}`)
  const ranges = new Map<string, string[]>()
  for (const password of known) {
    const hash = sha1(password)
    ranges.set(hash.slice(0, 5), [
      ...(ranges.get(hash.slice(0, 5)) ?? []),
      `${hash.slice(5)}:${password.length}`,
    ])
  }
  const padding = `${'0'.repeat(35)}:0`
  for (const [prefix, lines] of ranges)
    writeFileSync(join(directory, `${prefix}.txt`), [...lines, padding].join('\r\n'))
  const target = join(directory, 'breaches.filter')
  const done = await importBreaches(directory, target, { bitsPerKey: 20, minCount: 1 })
  assert.equal(done.passwords, 500)
  assert.equal(done.skipped, ranges.size, 'padding counts nothing')
  const list = PasswordFilter.open(target)
  assert.ok(known.every((password) => list.has(password)))
  const own = { ...policy, breach_list: target }
  assert.match(validatePassword('Correct-horse-7', own, BOB).join(), /^$/)
  writeFileSync(
    join(directory, sha1('Correct-horse-7').slice(0, 5)),
    `${sha1('Correct-horse-7').slice(5)}:3\n`,
  )
  const again = join(directory, 'again.filter')
  await importBreaches(directory, again, { bitsPerKey: 12, minCount: 1 })
  assert.match(validatePassword('Correct-horse-7', { ...policy, breach_list: again }, BOB).join(), /breach/)
  const half = join(directory, 'half.txt')
  writeFileSync(half, `${sha1('a')}:3\n${sha1('b').slice(0, 20)}`)
  await assert.rejects(importBreaches(half, target, { bitsPerKey: 20, minCount: 1 }), /line 2/)
  writeFileSync(join(directory, 'cut.filter'), readFileSync(target).subarray(0, 1000))
  assert.throws(() => PasswordFilter.open(join(directory, 'cut.filter')), /damaged/)
})

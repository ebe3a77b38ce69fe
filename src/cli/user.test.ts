// `ringwall user`, `ringwall mail` and `ringwall password-list`, run as a user runs them.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'

import { loadConfig, openKept } from '../index.ts'
import { main } from './main.ts'
import { admitted, PROOF } from '../identity/testing.ts'

const CONFIG = `store: { directory: DIRECTORY }
security: { authentication: { public_url: "https://shop.test", registration: { mode: invited } } }`

function open(t: TestContext) {
  const directory = mkdtempSync(join(tmpdir(), 'ringwall-user-'))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  const config = join(directory, 'security_config.yaml')
  const text = CONFIG.replace('DIRECTORY', join(directory, 'store'))
  writeFileSync(config, text)
  const run = async (...args: string[]) => {
    let [out, err] = ['', '']
    const terminal = {
      out: (line: string) => void (out += `${line}\n`),
      error: (line: string) => void (err += `${line}\n`),
      isColored: false,
      isClosed: false,
    }
    const code = await main([...args, '--config', config], terminal)
    return { code, out, err }
  }
  const good = async (...args: string[]): Promise<string> => {
    const { code, out, err } = await run(...args)
    assert.equal(code, 0, `${args.join(' ')}: ${err}`)
    return out
  }
  const json = async <T>(...args: string[]): Promise<T> => JSON.parse(await good(...args, '--json')) as T
  return { directory, run, good, json, text }
}

test('sessions are listed and ended one by one or all', async (t) => {
  const { good, json, run, text } = open(t)
  await good('user', 'add', 'ann@shop.test', '--role', 'customer')
  const kept = await openKept(loadConfig(text))
  const identity = kept.identity('site')
  const account = await identity.accounts.findByEmail('ann@shop.test')
  assert.ok(account)
  const userAgent =
    'Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Version/19.0 Mobile/15E148 Safari/604.1'
  const tokens = await Promise.all(
    [1, 2, 3].map(() => identity.sessions.start(admitted(account), { ip: '192.0.2.7', userAgent }, PROOF)),
  )
  const listed = await json<readonly { ref: string; device: string; ip: string }[]>(
    'user',
    'sessions',
    'ann@shop.test',
  )
  assert.equal(listed.length, 3)
  assert.deepEqual([listed[0]?.device, listed[0]?.ip], ['Safari, iPhone', '192.0.2.7'])
  await good('user', 'revoke', 'ann@shop.test', '--session', listed[0]?.ref ?? '')
  const alive = async (): Promise<number> =>
    (await Promise.all(tokens.map((token) => identity.subjectOf(token)))).filter(({ ok }) => ok).length
  assert.equal(await alive(), 2)
  assert.equal((await run('user', 'revoke', 'ann@shop.test', '--session', 'nothing')).code, 2)
  assert.deepEqual(await json('user', 'revoke', 'ann@shop.test'), { email: 'ann@shop.test', ended: 2 })
  assert.equal(await alive(), 0)
  assert.match(await good('user', 'sessions', 'ann@shop.test'), /^REF +DEVICE/)
  await kept.close()
})

test('an invitation, a reset and a link to act for somebody; mails are shown', async (t) => {
  const { good, json, run } = open(t)
  await good('user', 'invite', 'max@shop.test', '--role', 'manager', '--language', 'de')
  assert.match(await good('mail', 'list'), /max@shop\.test +Sie sind zu Ringwall eingeladen\n0 waiting/)
  const shown = await good('mail', 'show')
  assert.match(shown, /https:\/\/shop\.test\/\.well-known\/ringwall\/verify\?t=[\w-]{43}/)
  assert.match(shown, /ein Konto bei Ringwall anzulegen\. \u00d6ffnen/)
  await good('user', 'add', 'ann@shop.test')
  assert.deepEqual(Object.keys(await json('user', 'reset', 'ann@shop.test')), ['email', 'sent_to'])
  assert.match(await good('mail', 'show', '1'), /reset\?t=/)
  assert.match(await good('user', 'show', 'ann@shop.test'), /state +no password/)
  const { link } = await json<{ link: string }>(
    'user',
    'impersonate',
    'ann@shop.test',
    '--reason',
    'ticket 7',
    '--by',
    'eve',
  )
  assert.match(link, /^https:\/\/shop\.test\/\.well-known\/ringwall\/impersonate\?t=[\w-]{43}$/)
  assert.equal((await run('user', 'impersonate', 'ann@shop.test', '--by', 'eve')).code, 2)
  assert.match((await run('user', 'invite', 'ann@shop.test')).err, /there is an account/)
  assert.match((await run('user', 'invite', 'x@shop.test', '--language', 'fr')).err, /there is en, de, es/)
  assert.match((await run('mail', 'show', '99')).err, /no mail 99/)
  const events = await json<readonly { kind: string; data: Record<string, string> }[]>('audit', 'query')
  const granted = events.find(({ kind }) => kind === 'identity.impersonation-granted')
  assert.deepEqual([granted?.data['operator'], granted?.data['reason']], ['eve', 'ticket 7'])
})

test('lock, unlock, import and a list of breached passwords', async (t) => {
  const { good, json, run, directory } = open(t)
  const file = join(directory, 'users.csv')
  writeFileSync(
    file,
    'email,roles,password_hash\nann@shop.test,customer,$P$9IQRaTwmfeRo7ud9Fh4E2PdI0S3r.L0\nmax@shop.test,,secret\n',
  )
  const dry = await run('user', 'import', file, '--dry-run')
  assert.deepEqual(
    [dry.code, /1 would be made, 0 are there already, 1 cannot be used/.test(dry.out)],
    [1, true],
  )
  assert.equal((await run('user', 'import', file)).code, 1)
  assert.equal((await run('user', 'import', 'nowhere.csv')).code, 2)
  const [ann] = await json<readonly { email: string; state: string }[]>('user', 'list')
  assert.deepEqual([ann?.email, ann?.state], ['ann@shop.test', 'active'])
  assert.deepEqual(await json('user', 'lock', 'ann@shop.test'), { email: 'ann@shop.test', done: 'lock' })
  assert.match(await good('user', 'show', 'ann@shop.test'), /state +locked/)
  await good('user', 'unlock', 'ann@shop.test')
  assert.match(await good('user', 'show', 'ann@shop.test'), /state +active/)
  const hashes = join(directory, 'hashes.txt')
  writeFileSync(hashes, `${'A'.repeat(40)}:3\n${'B'.repeat(40)}:1\n`)
  assert.match(
    await good('password-list', 'import', hashes, '--min-count', '2'),
    /^1 passwords in .*1 left out/,
  )
  assert.match(
    (await run('password-list', 'import', hashes, '--bits', '99')).err,
    /--bits is a whole number from 4 to 25/,
  )
})

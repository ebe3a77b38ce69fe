// The commands about roles, grants and reviews: what they print, what they change, and what the log has of it.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'

import { loadConfig, openKept, ringwall } from '../index.ts'
import { csvOf } from './commands/access-csv.ts'
import { main } from './main.ts'

interface Outcome {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** A folder with a configuration, and the program in it. */
function openFolder(t: TestContext, more = '') {
  const directory = mkdtempSync(join(tmpdir(), 'ringwall-grants-'))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  const file = join(directory, 'security_config.yaml')
  const text = `listen: { http: off, https: off, operator: off }\nstore: { directory: ${join(directory, 'kept')} }\n${more}`
  writeFileSync(file, text)
  const run = async (...args: readonly string[]): Promise<Outcome> => {
    const said = { out: '', err: '' }
    const code = await main([...args, '-c', file], {
      out: (line) => void (said.out += `${line}\n`),
      error: (line) => void (said.err += `${line}\n`),
      isColored: false,
      isClosed: false,
    })
    return { code, ...said }
  }
  const done = async (...args: readonly string[]): Promise<string> => {
    const { code, out, err } = await run(...args)
    assert.equal(code, 0, `${args.join(' ')}: ${err}`)
    return out
  }
  const refused = async (want: RegExp, ...args: readonly string[]): Promise<void> => {
    const { code, err } = await run(...args)
    assert.equal(code, 2, args.join(' '))
    assert.match(err, want)
  }
  return { run, done, refused, config: () => loadConfig(text, { file }) }
}

const idIn = (text: string): string => /\((\w{26})\)/.exec(text)?.[1] ?? ''

test('a role is assigned, listed and revoked, and the log has each', async (t) => {
  const { done, refused } = openFolder(t)
  await done('user', 'add', 'ann@shop.test', '--role', 'customer')
  await refused(/it needs a reason/, 'role', 'assign', 'ann@shop.test', 'manager')
  const given = await done(
    'role',
    'assign',
    'ann@shop.test',
    'manager',
    '--reason',
    'covers for Max',
    '--by',
    'eve',
    '--expires',
    '14d',
  )
  assert.match(given, /^ann@shop\.test has manager on everything until \d{4}-/)
  const list = await done('role', 'list', 'ann@shop.test')
  assert.match(list, /customer +everything +account/)
  assert.match(list, /manager +everything +assigned +eve +\d{4}-[^ ]+ +never/)
  await refused(
    /no role `boss`; there is customer/,
    'role',
    'assign',
    'ann@shop.test',
    'boss',
    '--reason',
    'x',
  )
  await refused(/has `customer` already/, 'role', 'assign', 'ann@shop.test', 'customer', '--reason', 'x')
  assert.match(await done('role', 'revoke', 'ann@shop.test', 'manager'), new RegExp(idIn(given)))
  await refused(/has no role `manager`/, 'role', 'revoke', 'ann@shop.test', 'manager')
  const events = JSON.parse(await done('audit', 'query', '--json')) as readonly {
    kind: string
    data: { role?: string; reason?: string; by?: string }
  }[]
  assert.deepEqual(
    events.map(({ kind }) => kind),
    ['identity.account-created', 'access.role-assigned', 'access.role-revoked'],
  )
  assert.deepEqual(
    [events[1]?.data.role, events[1]?.data.reason, events[1]?.data.by],
    ['manager', 'covers for Max', 'eve'],
  )
})

test('a role is taken away wherever it came from, the account itself too', async (t) => {
  const { done } = openFolder(t)
  await done('user', 'add', 'ann@shop.test', '--role', 'manager', '--role', 'customer')
  await done('role', 'assign', 'ann@shop.test', 'manager', '--reason', 'twice', '--expires', '1h')
  await done('role', 'assign', 'ann@shop.test', 'manager', '--reason', 'one order', '--on', 'Order::7')
  const said = await done('role', 'revoke', 'ann@shop.test', 'manager')
  assert.match(said, /revoked \(\w{26}, of the account; its sessions ended\)/)
  const roles = JSON.parse(await done('role', 'list', '--json')) as readonly { role: string; on: string }[]
  assert.deepEqual(
    roles.map(({ role, on }) => `${role} on ${on}`),
    ['customer on everything', 'manager on Order::7'],
  )
})

test('a permission is granted for one resource, listed and revoked', async (t) => {
  const { done, refused } = openFolder(t)
  await done('user', 'add', 'ann@shop.test')
  const add = ['grant', 'add', 'ann@shop.test', 'order:delete', '--reason', 'case 12']
  const id = idIn(await done(...add, '--on', 'Order::7'))
  await done(...add, '--on', 'Order::*')
  const list = await done('grant', 'list')
  assert.match(list, /order:delete +Order::7 +in force[^\n]*case 12/)
  assert.match(list, /order:delete +Order::\* +in force/)
  await done('grant', 'revoke', id, '--reason', 'closed')
  assert.doesNotMatch(await done('grant', 'list'), /Order::7/)
  assert.match(await done('grant', 'list', '--all'), /Order::7 +revoked/)
  await refused(/revoked before/, 'grant', 'revoke', id)
  await refused(/no grant `x`/, 'grant', 'revoke', 'x')
  await refused(/no permission `a:b`; there is/, 'grant', 'add', 'ann@shop.test', 'a:b', '--reason', 'x')
  await refused(/Type::id/, ...add, '--on', 'Order')
  await refused(/15m, 8h/, ...add, '--expires', 'yesterday')
  await refused(/15m, 8h/, ...add, '--expires', '2020-01-01')
  await refused(/no site account `max@shop\.test`/, 'grant', 'list', 'max@shop.test')
  assert.match(await done('audit', 'query', '--kind', 'access.grant-revoked', '--json'), /"reason": "closed"/)
})

test('an elevation lasts as long as configured at most, and may need somebody else', async (t) => {
  const { done, refused } = openFolder(
    t,
    'security: { authorization: { elevation: { default_ttl: 5m, max_ttl: 10m, approval: required } } }\n',
  )
  await done('user', 'add', 'ann@shop.test')
  const elevate = ['grant', 'elevate', 'ann@shop.test', 'order:delete', 'manager', '--reason', 'incident 7']
  await refused(/somebody else must approve/, ...elevate)
  await refused(/approver must be somebody else/, ...elevate, '--approved-by', 'Ann@shop.test')
  await refused(/approver must be somebody else/, ...elevate, '--by', 'max', '--approved-by', 'max')
  await refused(/within 10 minutes/, ...elevate, '--approved-by', 'eve', '--expires', '11m')
  const startedMs = Date.now()
  await done(...elevate, '--approved-by', 'eve')
  const grants = JSON.parse(await done('grant', 'list', '--json')) as readonly {
    kind: string
    name: string
    expiresMs: number
    approvedBy: string
  }[]
  assert.deepEqual(grants.map(({ name, approvedBy }) => `${name} ${approvedBy}`).toSorted(), [
    'manager eve',
    'order:delete eve',
  ])
  for (const { expiresMs } of grants)
    assert.ok(expiresMs >= startedMs + 300_000 && expiresMs <= Date.now() + 300_000)
  assert.match(await done('role', 'list'), /manager +everything +elevation/)
})

test('a review proves by the recorded decisions what can be taken away', async (t) => {
  const { run, done, refused, config } = openFolder(
    t,
    'routes: [{ path: /orders, permission: order:read }, { path: "/**" }]\n',
  )
  await refused(/there is no audit log/, 'access', 'review')
  await done('user', 'add', 'ann@shop.test', '--role', 'customer', '--role', 'support', '--role', 'admin')
  const kept = await openKept(config())
  const ann = await kept.accounts('site').findByEmail('ann@shop.test')
  assert.ok(ann)
  assert.deepEqual(await kept.accounts('site').setPassword(ann, 'Correct-horse-7'), { ok: true })
  await kept.close()
  const gate = await ringwall(config())
  const how = { app: () => new Response('fine'), peer: '192.0.2.7' }
  const signIn = await gate.fetch(
    new Request('https://shop.test/.well-known/ringwall/sign-in', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', Origin: 'https://shop.test' },
      body: JSON.stringify({ email: 'ann@shop.test', password: 'Correct-horse-7' }),
    }),
    how,
  )
  // The account is older than the time looked at.
  await new Promise((resolve) => setTimeout(resolve, 1500))
  const fromMs = Date.now() - 750
  const cookie = signIn.headers.getSetCookie()[0]?.split(';')[0] ?? ''
  for (let i = 0; i < 3; i++)
    assert.equal(
      (await gate.fetch(new Request('https://shop.test/orders', { headers: { cookie } }), how)).status,
      200,
    )
  await gate.close()

  assert.match(await done('access', 'review'), /0 of 3 can be taken away[^]*3 decisions \(1 different\)/)
  const since = ['access', 'review', '--since', `${Date.now() - fromMs}ms`]
  const { code, out } = await run(...since, '--strict')
  assert.equal(code, 1)
  assert.match(out, /2 of 3 can be taken away[^]*3 decisions [^]*: 3 the same as recorded, 0 another answer/)
  assert.match(out, /admin +everything +account +command line[^\n]* 3 +can go/)
  assert.match(
    out,
    /\nadmin +order:read +user:read user:write [^\n]+\n[^]*0 of the recorded decisions would be others/,
  )
  const { lines, proof } = JSON.parse(await done('access', 'review', '--format', 'json')) as {
    lines: readonly { holding: { name: string }; uses: number; grantedBy: string; email: string }[]
    proof: Readonly<Record<string, number>>
  }
  assert.deepEqual(
    lines.map(({ holding, uses, grantedBy, email }) => [holding.name, uses, grantedBy, email]),
    ['admin', 'customer', 'support'].map((name) => [name, 3, 'command line', 'ann@shop.test']),
  )
  assert.deepEqual([proof['decisions'], proof['same'], proof['otherWithout']], [3, 3, 0])
  const csv = await run('access', 'review', '--format', 'csv')
  assert.match(csv.out, /^WHO,WHAT,ON,[^]*\r\nann@shop\.test,customer,everything,account,command line,/)
  assert.match(csv.err, /Proof: 3 decisions/)
  assert.match(await done('audit', 'query', '--kind', 'access.reviewed', '--json'), /"decisions": 3/)
  await refused(/not a length of time/, 'access', 'review', '--since', 'monday')
})

test('a cell of CSV is no formula, and no cell becomes two', () => {
  assert.equal(
    csvOf([
      ['a,b', 'say "x"', 'line\nend'],
      ['=1+1', '+1', '-2', '@SUM(A1)', '-', 'a=b'],
    ]),
    `"a,b","say ""x""","line\nend"\r\n'=1+1,'+1,'-2,'@SUM(A1),-,a=b`,
  )
})

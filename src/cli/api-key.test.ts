// Keys of machines from the command line, beside a gateway that runs: made, used, rotated, and refused as soon as they are revoked.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'

import { queryAudit } from '../audit/index.ts'
import { loadConfig, openKept, ringwall } from '../index.ts'
import { main } from './main.ts'

test('api-key: create, list, show, rotate, revoke', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'ringwall-api-key-'))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  const file = join(directory, 'security_config.yaml')
  const text = `listen: { http: off, https: off, operator: off }
store: { directory: ${join(directory, 'kept')} }
routes: [{ name: orders, path: /orders, api_key: { scopes: [order:read] } }]
`
  writeFileSync(file, text)
  const run = async (...args: readonly string[]) => {
    const said = { out: '', err: '' }
    const code = await main(['api-key', ...args, '-c', file], {
      out: (line) => void (said.out += `${line}\n`),
      error: (line) => void (said.err += `${line}\n`),
      isColored: false,
      isClosed: false,
    })
    return { code, ...said }
  }
  const config = loadConfig(text, { file })
  const gate = await ringwall(config)
  t.after(() => gate.close())
  const ask = async (key: string): Promise<number> => {
    const request = new Request('https://a.test/orders', { headers: { 'X-API-Key': key } })
    return (await gate.fetch(request, { app: () => new Response('x'), peer: '192.0.2.1' })).status
  }
  const refused = async (want: RegExp, ...args: readonly string[]): Promise<void> => {
    const { code, err } = await run(...args)
    assert.equal(code, 2)
    assert.match(err, want)
  }

  await refused(/no role `king`/, 'create', 'robot', '--role', 'king')
  await refused(/is no permission, and no route asks for it/, 'create', 'robot', '--scope', 'x:y')
  await refused(/no route `other`; there is orders/, 'create', 'robot', '--route', 'other')
  await refused(/write 100\/minute/, 'create', 'robot', '--limit', 'many')
  await refused(/there is no key `robot`/, 'revoke', 'robot')

  const made = await run(
    'create',
    'robot',
    '--scope',
    'order:read',
    '--owner',
    'ann',
    '--limit',
    '100/minute',
  )
  assert.equal(made.code, 0, made.err)
  const old = made.out.trim()
  assert.equal(await ask(old), 200)
  const list = (await run('list')).out
  assert.match(list, /robot +rwk_.{4}\.\.\. +current +ann +order:read/)
  assert.ok(!list.includes(old))

  const rotated = await run('rotate', 'robot', '--overlap', '1h', '--json')
  const { key: next } = JSON.parse(rotated.out) as { key: string }
  assert.deepEqual([await ask(old), await ask(next)], [200, 200])
  const beside = await openKept(config)
  t.after(() => beside.close())
  // The gateway writes uses later, in a batch; here the same is noted and written at once.
  const [first] = await beside.apiKeys.list('site', 'robot')
  beside.apiKeys.noteUse(first?.id ?? '', '192.0.2.1')
  await beside.apiKeys.flush()
  const shown = await run('show', 'robot')
  assert.equal(shown.code, 1)
  assert.match(shown.err, /was replaced and is still used: last at .* from 192\.0\.2\.1; it ends at/)

  const revoked = await run('revoke', first?.id ?? '')
  const startedAt = performance.now()
  assert.equal(await ask(old), 401)
  t.diagnostic(`refused ${(performance.now() - startedAt).toFixed(1)} ms after the command was done`)
  assert.equal(await ask(next), 200)
  assert.match(revoked.out, /is revoked/)
  assert.equal((await run('revoke', 'robot')).code, 0)
  assert.equal(await ask(next), 401)
  assert.match((await run('list')).out, /^NAME.*\n$/)

  const events = await queryAudit(beside.store.database, { limit: 1000 })
  const kinds = new Set(events.map(({ kind }) => kind))
  for (const kind of ['created', 'rotated', 'revoked']) assert.ok(kinds.has(`gateway.api-key-${kind}`), kind)
  assert.ok(events.some(({ code }) => code === 'gateway.api-key-invalid'))
  assert.ok(![old, next].some((key) => JSON.stringify(events).includes(key)), 'no key is in the log')
})

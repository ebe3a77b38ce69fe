// The command about limits beside a gateway that counts in memory, and beside one that counts in Redis.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'

import { loadConfig, ringwall } from '../index.ts'
import { notHere, startRedis } from '../store/testing.ts'
import { main } from './main.ts'

async function open(t: TestContext, store: string, env: Record<string, string> = {}) {
  const directory = mkdtempSync(join(tmpdir(), 'ringwall-limits-'))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  const file = join(directory, 'security_config.yaml')
  const text = `listen: { http: off, https: off, operator: off }
store: { directory: ${join(directory, 'kept')}${store} }
security:
  rate_limiting:
    mine: { requests: 2, period: hour, match: ["/a"] }
    account: { requests: 1, period: hour, match: ["POST /reset"], by: "body:email" }
    few: { concurrent: 5, match: ["/few"] }
routes: [{ path: "/**" }, { name: own, path: /own, rate_limit: { requests: 1, period: day, by: [route, address] } }]
`
  writeFileSync(file, text)
  Object.assign(process.env, env)
  const gate = await ringwall(loadConfig(text, { file }))
  t.after(() => gate.close())
  const ask = async (path = '/a', body?: string): Promise<number> => {
    const init =
      body === undefined ? {} : { method: 'POST', body, headers: { 'Content-Type': 'application/json' } }
    const request = new Request(`https://a.test${path}`, init)
    return (await gate.fetch(request, { app: () => new Response('x'), peer: '192.0.2.7' })).status
  }
  const run = async (...args: readonly string[]) => {
    const said = { out: '', err: '' }
    const code = await main(['limits', ...args, '-c', file], {
      out: (line) => void (said.out += `${line}\n`),
      error: (line) => void (said.err += `${line}\n`),
      isColored: false,
      isClosed: false,
    })
    return { code, ...said }
  }
  const untilPassed = async (path?: string, body?: string): Promise<number> => {
    const startedAt = performance.now()
    while ((await ask(path, body)) !== 200) {
      assert.ok(performance.now() - startedAt < 10_000, 'not within 10 s')
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    return performance.now() - startedAt
  }
  return { ask, run, untilPassed }
}

test('limits: the table, who was refused, and a reset that counts within a second', async (t) => {
  const { ask, run, untilPassed } = await open(t, '')
  const empty = await run()
  assert.match(empty.out, /login +5 in 60 s +address +enforce +POST \/\.well-known/)
  assert.match(empty.out, /few +5 at once +address +enforce +\/few/)
  assert.match(empty.out, /route own +1 in 86400 s +route\+address +enforce +\/own/)
  assert.match(empty.out, /nobody was refused in the last 1h/)
  assert.deepEqual([await ask(), await ask(), await ask()], [200, 200, 429])
  const mail = '{"email":"Ann@shop.test"}'
  assert.deepEqual([await ask('/reset', mail), await ask('/reset', mail)], [200, 429])
  assert.deepEqual([await ask('/own'), await ask('/own')], [200, 429])
  const table = await run()
  assert.match(table.out, /mine +limit:mine:192\.0\.2\.7 +1 .* 192\.0\.2\.7 +\?/)
  assert.ok(!table.out.includes('shop.test'), 'values of fields are not in keys')

  const reset = await run('reset', 'mine', '192.0.2.7')
  assert.equal(reset.code, 0, reset.err)
  t.diagnostic(`in again after ${(await untilPassed()).toFixed(0)} ms`)
  assert.equal((await run('reset', 'account', 'ann@shop.test')).code, 0)
  await untilPassed('/reset', mail)
  assert.equal((await run('reset', 'route own', '/own', '192.0.2.7')).code, 0)
  assert.equal((await run('reset', 'own', '--key', 'limit:route own:own|192.0.2.7')).code, 0)
  await untilPassed('/own')
  const json = JSON.parse((await run('list', '--json')).out) as { refused: { key: string; times: number }[] }
  assert.ok(json.refused.some(({ key }) => key === 'limit:mine:192.0.2.7'))

  assert.match((await run('reset', 'nope', 'x')).err, /no limit `nope`; there is `login`/)
  assert.match((await run('reset', 'mine')).err, /counts by address: give 1 value/)
  assert.match((await run('list', '--since', 'long')).err, /write 15m, 1h or 1d/)
})

test('limits: with Redis it is known who is over now', async (t) => {
  const redis = await startRedis()
  if (!redis) return notHere(t, 'redis-server', 'apt-get install redis-server')
  t.after(() => redis.release())
  const { ask, run, untilPassed } = await open(t, ', redis: "${env:RINGWALL_LIMITS_TEST_REDIS}"', {
    RINGWALL_LIMITS_TEST_REDIS: redis.url.reveal(),
  })
  t.after(() => delete process.env['RINGWALL_LIMITS_TEST_REDIS'])
  assert.deepEqual([await ask(), await ask(), await ask()], [200, 200, 429])
  assert.match((await run()).out, /mine +limit:mine:192\.0\.2\.7 .* yes/)
  assert.equal((await run('reset', 'mine', '192.0.2.7')).code, 0)
  await untilPassed()
  assert.match((await run()).out, /mine +limit:mine:192\.0\.2\.7 .* no/)
})

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'

import { main } from './main.ts'

const directory = mkdtempSync(join(tmpdir(), 'ringwall-routes-'))
test.after(() => rmSync(directory, { recursive: true, force: true }))
const file = join(directory, 'security_config.yaml')
writeFileSync(
  file,
  `upstreams: { shop: "http://a:1", admin: "http://b:1" }
routes:
  - { path: "/**", upstream: shop, max_body: 1KB, rate_limit: api }
  - { path: "/admin/**", hosts: [admin.test], upstream: admin, permission: "system:config" }
  - { path: "/api/{id}", methods: [GET], upstream: shop, rewrite: { strip_prefix: /api }, inspect: detect }
  - { path: "/old/{id}", redirect: "/new/{id}" }
`,
)

async function run(...args: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  const said = { out: '', err: '' }
  const code = await main(['routes', ...args, '-c', file], {
    out: (line) => void (said.out += `${line}\n`),
    error: (line) => void (said.err += `${line}\n`),
    isColored: false,
    isClosed: false,
  })
  return { code, ...said }
}

test('the table is in the order in which it is tried', async () => {
  const { code, out } = await run()
  assert.equal(code, 0)
  const lines = out.split('\n').map((line) => line.replaceAll(/ +/g, ' ').trim())
  assert.deepEqual(lines.slice(1, 5), [
    'any admin.test /admin/** admin enforce by path 10 MB required system:config',
    'GET any /api/{id} shop -/api detect by path 10 MB optional anybody',
    'any any /old/{id} 308 /new/{id} enforce by path 10 MB optional anybody',
    'any any /** shop enforce api 1 KB optional anybody',
  ])
})

test('the row of one request, by path, method and host', async () => {
  const pathOf = async (...args: readonly string[]): Promise<unknown> => {
    const rows = JSON.parse((await run(...args, '--json')).out) as readonly { path: string }[]
    return rows.map(({ path }) => path).join()
  }
  assert.equal(await pathOf('GET', '/api/7'), '/api/{id}')
  assert.equal(await pathOf('POST', '/api/7'), '/**')
  assert.equal(await pathOf('GET', '/admin/x'), '/**')
  assert.equal(await pathOf('GET', '/admin/x', '--host', 'admin.test'), '/admin/**')
})

test('what cannot be looked up is said', async () => {
  assert.match((await run('GET')).err, /write method and path/)
  assert.match((await run('GET', '/a/../b')).err, /no single reading: a dot segment/)
})

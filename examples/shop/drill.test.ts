import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import test, { after, before } from 'node:test'
import { promisify } from 'node:util'

import { FIREWALL_ATTACKS } from './attacks/firewall.ts'
import { ATTACKS, describe, drill, summarize, type DrillRow } from './drill.ts'
import { startShop, type RunningShop } from './server.ts'

let shop: RunningShop
let rows: DrillRow[]
before(async () => {
  shop = await startShop({ port: 0 })
  rows = await drill(shop.url)
})
after(() => shop.close())

for (const attack of ATTACKS) {
  test(`the hole is there: ${attack.id} (${attack.tries})`, () => {
    const row = rows.find(({ id }) => id === attack.id)
    assert.ok(row)
    assert.equal(row.verdict, attack.kind === 'active' ? 'got-through' : 'open', describe(row))
    assert.ok(row.note)
  })
}

test('a second drill on the same shop says the same', async () => {
  const again = await drill(shop.url)
  assert.deepEqual(
    again.map(({ id, verdict }) => `${id} ${verdict}`),
    rows.map(({ id, verdict }) => `${id} ${verdict}`),
  )
})

test('the drill leaves the roles and names of customers as they were', async () => {
  for (const [id, name] of [
    [2, "Niall O'Brien"],
    [3, 'Marta Lindqvist'],
  ] as const) {
    const reply = await fetch(`${shop.url}/api/profile`, { headers: { Cookie: `shop_user=${id}` } })
    const profile = (await reply.json()) as { name: string; role: string }
    assert.deepEqual([profile.name, profile.role], [name, 'customer'])
  }
})

async function withServer(server: Server, run: (url: string) => Promise<void>): Promise<void> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  try {
    await run(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  } finally {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
}

const PROBLEM = JSON.stringify({ code: 'perimeter.sql-injection', title: 'Request refused', id: 'x' })

test('a wall that refuses everything stops all attacks, and its code is shown', async () => {
  const wall = createServer((request, response) => {
    request.resume()
    response.writeHead(403, {
      'Content-Type': 'application/problem+json',
      'Content-Security-Policy': "default-src 'self'; frame-ancestors 'none'",
      'X-Content-Type-Options': 'nosniff',
      'Referrer-Policy': 'no-referrer',
      'Permissions-Policy': 'camera=()',
    })
    response.end(PROBLEM)
  })
  await withServer(wall, async (url) => {
    const refused = await drill(url)
    const others = refused.filter(({ verdict }) => verdict !== 'stopped')
    // Without a session cookie nothing can be said of its flags, and the drill says so.
    assert.deepEqual(
      others.map((row) => describe(row)),
      ['no verdict: Error: the sign-in answered 403 and gave no cookie'],
    )
    assert.equal(describe(refused[0] as DrillRow), 'stopped (403 perimeter.sql-injection)')
  })
})

test('an application without effects is not said to be open, nor to have refused', async () => {
  const page = createServer((request, response) => {
    request.resume()
    request.on('end', () => response.end('a quiet page'))
  })
  await withServer(page, async (url) => {
    const quiet = await drill(url, { only: ['sql-injection-union', 'stored-xss-form', 'oversized-body'] })
    assert.deepEqual(
      quiet.map((row) => describe(row)),
      Array(3).fill('stopped (200, no effect)'),
    )
  })
})

test('a closed connection is a stop, and silence is no verdict', async () => {
  const wall = createServer((request, response) => {
    if (request.url === '/') response.end('ok')
    else if (request.url?.startsWith('/search')) request.socket.destroy()
  })
  await withServer(wall, async (url) => {
    const found = await drill(url, { only: ['sql-injection-union', 'idor-order'], timeoutMs: 500 })
    assert.equal(describe(found[0] as DrillRow), 'stopped (connection closed)')
    assert.equal(found[1]?.verdict, 'failed')
    assert.deepEqual(summarize(url, found), {
      drill: url,
      got_through: [],
      stopped: ['sql-injection-union'],
      no_verdict: ['idor-order'],
      total: 2,
    })
  })
})

test('an effect that cannot be looked at is no verdict', async () => {
  const wall = createServer((request, response) => {
    request.resume()
    response.statusCode = request.method === 'GET' && request.url !== '/' ? 401 : 200
    response.end('{}')
  })
  await withServer(wall, async (url) => {
    const found = await drill(url, { only: ['csrf-form'] })
    assert.equal(found[0]?.verdict, 'failed')
  })
})

for (const url of [
  'http://192.0.2.1/',
  'http://10.0.0.1:8080',
  'http://[2001:db8::1]/',
  'ftp://127.0.0.1/',
  'shop',
]) {
  test(`the drill refuses ${url}`, async () => {
    await assert.rejects(drill(url), /loopback addresses only|not an http or https URL/)
  })
}

test('the drill says so when nothing answers', async () => {
  const closed = createServer()
  let gone = ''
  await withServer(closed, async (url) => {
    gone = url
  })
  await assert.rejects(drill(gone), /nothing answers/)
})

test('attacks have names of their own', () => {
  assert.equal(new Set(ATTACKS.map(({ id }) => id)).size, ATTACKS.length)
})

test('the command prints a table of two columns, and one JSON object as its last line', async () => {
  const run = promisify(execFile)
  const script = join(import.meta.dirname, 'drill.ts')
  const { stdout } = await run(process.execPath, [script, shop.url, '--direct', shop.url])
  const lines = stdout.trimEnd().split('\n')
  assert.match(lines[0] ?? '', /^attack +tries +direct +through Ringwall$/)
  const result = JSON.parse(lines.at(-1) ?? '') as {
    drill: string
    got_through: string[]
    total: number
    firewall: {
      total: number
      stopped: number
      through: string[]
      classes: Record<string, { total: number }>
    }
  }
  assert.equal(result.drill, shop.url)
  assert.equal(result.total, ATTACKS.length)
  assert.equal(result.got_through.length, ATTACKS.length)
  const { firewall } = result
  assert.deepEqual([firewall.total, firewall.stopped], [FIREWALL_ATTACKS.length, 0])
  assert.equal(firewall.through.length, FIREWALL_ATTACKS.length)
  const sum = Object.values(firewall.classes).reduce((all, { total }) => all + total, 0)
  assert.equal(sum, FIREWALL_ATTACKS.length)
  assert.ok(lines.some((line) => /^firewall attacks +stopped$/.test(line)))
  assert.ok(lines.some((line) => new RegExp(`^xxe +0/${firewall.classes['xxe']?.total}$`).test(line)))
  assert.ok(lines.some((line) => /^xxe-1-xml-body +through \(\d+\)$/.test(line)))
})

test('the command ends with 1 and one line where it may not attack', async () => {
  const script = join(import.meta.dirname, 'drill.ts')
  await assert.rejects(promisify(execFile)(process.execPath, [script, 'http://192.0.2.1']), (error) => {
    const { code, stderr } = error as { code: number; stderr: string }
    assert.equal(code, 1)
    assert.equal(stderr, '`192.0.2.1` is not this machine; the drill attacks loopback addresses only\n')
    return true
  })
})

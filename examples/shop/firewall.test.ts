import assert from 'node:assert/strict'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import test from 'node:test'

import { drillFirewall, summarizeFirewall } from './attacks/firewall-drill.ts'
import { FIREWALL_ATTACKS } from './attacks/firewall.ts'
import { startShop } from './server.ts'

const CLASSES = [
  'sql-injection',
  'nosql-injection',
  'ldap-injection',
  'xpath-injection',
  'unix-command-injection',
  'windows-command-injection',
  'cross-site-scripting',
  'path-traversal',
  'file-inclusion',
  'server-side-request-forgery',
  'template-injection',
  'server-side-javascript',
  'prototype-pollution',
  'php-injection',
  'java-injection',
  'node-deserialisation',
  'xxe',
  'graphql-abuse',
  'header-injection',
  'scanner-signatures',
  'sensitive-files',
]

test('the firewall attacks have names of their own, and no two are the same request', () => {
  assert.equal(new Set(FIREWALL_ATTACKS.map(({ id }) => id)).size, FIREWALL_ATTACKS.length)
  const requests = new Set(FIREWALL_ATTACKS.map(({ request }) => JSON.stringify(request)))
  assert.equal(requests.size, FIREWALL_ATTACKS.length)
})

test('there are at least 450 of them with 400 payloads, in 21 classes of 14 or more', () => {
  assert.ok(FIREWALL_ATTACKS.length >= 450, String(FIREWALL_ATTACKS.length))
  assert.ok(new Set(FIREWALL_ATTACKS.map(({ payload }) => payload)).size >= 400)
  assert.deepEqual([...new Set(FIREWALL_ATTACKS.map((attack) => attack.class))], CLASSES)
  for (const name of CLASSES) {
    const count = FIREWALL_ATTACKS.filter((attack) => attack.class === name).length
    assert.ok(count >= 14, `${name}: ${count}`)
  }
})

test('every firewall attack could go over the wire as it stands, and JSON is JSON', () => {
  for (const { id, request } of FIREWALL_ATTACKS) {
    assert.match(request.target, /^\/[\x21-\x7e]*$/, id)
    for (const [name, value] of request.headers) {
      assert.match(name, /^[A-Za-z-]+$/, id)
      assert.match(value, /^[\x20-\x7e]*$/, id)
    }
    assert.match(request.body ?? '', /^[\x00-\xff]*$/, id)
    if (request.headers.some(([, value]) => value === 'application/json')) JSON.parse(request.body ?? '')
  }
})

async function withServer(listener: RequestListener, work: (url: string) => Promise<void>): Promise<void> {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  try {
    await work(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  } finally {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
}

test('the bare shop stops none of them, and still stands afterwards', async () => {
  const shop = await startShop({ port: 0 })
  try {
    const rows = await drillFirewall(shop.url, { everyMs: 0 })
    assert.equal(rows.length, FIREWALL_ATTACKS.length)
    const others = rows.filter(({ verdict }) => verdict !== 'through')
    assert.deepEqual(others, [])
    assert.equal((await fetch(shop.url)).status, 200)
  } finally {
    await shop.close()
  }
})

for (const { name, status, type, verdict } of [
  {
    name: 'a refusal with a code is a stop',
    status: 403,
    type: 'application/problem+json',
    verdict: 'stopped',
  },
  { name: 'a refusal without a code is not', status: 403, type: 'text/html', verdict: 'through' },
  { name: 'an answer is none either', status: 200, type: 'application/problem+json', verdict: 'through' },
  {
    name: 'too many requests is no verdict',
    status: 429,
    type: 'application/problem+json',
    verdict: 'failed',
  },
  {
    name: 'a fault of the gateway is none',
    status: 502,
    type: 'application/problem+json',
    verdict: 'failed',
  },
]) {
  test(`of a firewall attack, ${name}`, async () => {
    const answer: RequestListener = (request, response) => {
      request.resume()
      response.writeHead(status, { 'Content-Type': type })
      response.end('{"code":"perimeter.x"}')
    }
    await withServer(answer, async (url) => {
      const rows = await drillFirewall(url, { attacks: FIREWALL_ATTACKS.slice(0, 3) })
      assert.deepEqual(
        rows.map((row) => row.verdict),
        [verdict, verdict, verdict],
      )
    })
  })
}

test('a closed connection stops a firewall attack, and the summary counts by class', async () => {
  const attacks = FIREWALL_ATTACKS.filter(({ id }) => /^(xxe|ldap-injection)-[12]-/.test(id))
  const isXml = (type = ''): boolean => type.includes('xml')
  await withServer(
    (request, response) => {
      if (isXml(request.headers['content-type'])) request.socket.destroy()
      else response.end('ok')
    },
    async (url) => {
      const rows = await drillFirewall(url, { attacks, everyMs: 0 })
      const { classes, through } = summarizeFirewall(rows) as {
        classes: Record<string, { total: number; stopped: number }>
        through: string[]
      }
      const ldap = attacks.filter((attack) => attack.class === 'ldap-injection')
      assert.deepEqual(classes['xxe'], { total: 2, stopped: 2, no_verdict: 0 })
      assert.equal(classes['ldap-injection']?.total, ldap.length)
      assert.deepEqual(
        through,
        ldap.filter(({ placement }) => placement !== 'xml').map(({ id }) => id),
      )
    },
  )
})

test('the firewall attacks are not sent to another machine, nor on into silence', async () => {
  await assert.rejects(drillFirewall('http://192.0.2.1/'), /loopback addresses only/)
  await withServer(
    (request) => request.resume(),
    async (url) => {
      await assert.rejects(drillFirewall(url, { timeoutMs: 50, everyMs: 0 }), /has stopped answering/)
    },
  )
})

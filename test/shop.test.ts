// The demo shop behind the walls: ordinary people notice nothing, and the guide's attacks meet what is built so far.
import assert from 'node:assert/strict'
import test, { after, before } from 'node:test'

import { BENIGN } from '../examples/shop/benign.ts'
import { drillFirewall } from '../examples/shop/attacks/firewall-drill.ts'
import { drill, type DrillRow } from '../examples/shop/drill.ts'
import { startShop } from '../examples/shop/server.ts'
import { loadConfig, type Ringwall, ringwall } from '../src/index.ts'

/** What no wall stops yet. A name that leaves this list is progress; one that joins it is a hole. */
const OPEN = [
  'data-masking',
  'forged-cookie',
  'idor-api',
  'idor-document',
  'idor-order',
  'mass-assignment',
  'open-redirect',
  'upload-html',
  'upload-svg',
]

let shop: Awaited<ReturnType<typeof startShop>>

before(async () => {
  shop = await startShop({ port: 0 })
})
after(() => shop.close())

async function withGate(security: string, work: (url: string) => Promise<void>): Promise<void> {
  const listen =
    'listen: { http: "127.0.0.1:0", https: off, operator: off }\nstore: { directory: ":memory:" }'
  const gate: Ringwall = await ringwall(
    loadConfig(`${listen}\nupstreams: { shop: "${shop.url}" }\n${security}`),
  )
  try {
    await work((await gate.listen()).http as string)
  } finally {
    await gate.close()
  }
}

test(`${BENIGN.length} ordinary requests have no refusal`, async () => {
  const limits = 'security: { rate_limiting: { api: { requests: 100000 }, login: { requests: 100000 } } }'
  await withGate(limits, async (url) => {
    for (const { name, method, path, headers, body } of BENIGN) {
      const response = await fetch(url + path, {
        method,
        redirect: 'manual',
        headers: { ...headers, ...(method !== 'GET' && method !== 'HEAD' && { Origin: url }) },
        ...(body !== undefined && { body }),
      })
      const text = await response.text()
      assert.ok(
        response.status < 400 || !/"code":"|<dt>Code/.test(text),
        `${name}: ${response.status} ${text.slice(0, 300)}`,
      )
    }
  })
})

test('the drill gets through where nothing is built yet, and nowhere else', async () => {
  await withGate('', async (url) => {
    const rows: readonly DrillRow[] = await drill(url)
    const through = rows
      .filter((row) => row.verdict === 'got-through' || row.verdict === 'open')
      .map((row) => row.id)
    assert.deepEqual(through.toSorted(), OPEN)
    assert.ok(rows.length >= 50)
    assert.deepEqual(
      rows.filter((row) => row.verdict === 'failed').map((row) => row.id),
      [],
    )
  })
})

test('every firewall attack has a verdict, and of a hundred at least 95 are stopped', async () => {
  await withGate('', async (url) => {
    const rows = await drillFirewall(url, { everyMs: 0 })
    assert.deepEqual(
      rows.filter(({ verdict }) => verdict === 'failed'),
      [],
    )
    const through = rows.filter(({ verdict }) => verdict === 'through')
    assert.ok(through.length <= rows.length * 0.05, `through: ${through.map((row) => row.id).join(', ')}`)
  })
})

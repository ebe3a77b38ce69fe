import assert from 'node:assert/strict'
import test from 'node:test'

import { loadConfig } from './config/index.ts'
import { systemClock } from './core/clock.ts'
import { openKept } from './kept.ts'
import { buildSite } from './sites.ts'

test('a wall that throws at the connection refuses it', async () => {
  const config = loadConfig('store: { directory: ":memory:" }')
  const kept = await openKept(config)
  const throwing = buildSite(config, kept, systemClock, ([first, ...rest]) => [
    {
      layer: 1,
      name: 'perimeter',
      connection() {
        throw new Error('planted')
      },
    },
    ...(first ? [first] : []),
    ...rest,
  ])
  const connection = { peer: '127.0.0.1', peerPort: 1, localPort: 80 }
  const verdict = throwing.site.meet(connection)
  assert.ok(
    verdict.kind === 'refuse' && verdict.code === 'ringwall.fault' && verdict.detail.includes('planted'),
  )
  assert.equal(buildSite(config, kept, systemClock).site.meet(connection).kind, 'pass')
  await kept.close()
})

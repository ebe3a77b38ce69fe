import { StreamedBody } from '../src/body.ts'
import { loadConfig } from '../src/config/index.ts'
import { systemClock, systemRandom } from '../src/core/clock.ts'
import { createIdSource } from '../src/core/id.ts'
import { textReply } from '../src/core/reply.ts'
import { type Plan, walk } from '../src/flow.ts'
import { openKept } from '../src/kept.ts'
import { receive } from '../src/receive.ts'
import { buildSite } from '../src/sites.ts'

const HEADERS = [
  ['Host', '127.0.0.1'],
  ['User-Agent', 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'],
  ['Accept', 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8'],
  ['Accept-Language', 'en-US,en;q=0.5'],
  ['Accept-Encoding', 'gzip, deflate, br'],
  ['Referer', 'http://127.0.0.1/products'],
  ['Cookie', 'theme=dark; cart=7f3a'],
  ['Sec-Fetch-Dest', 'document'],
  ['Sec-Fetch-Mode', 'navigate'],
  ['Connection', 'keep-alive'],
].flat()

/**
 * Microseconds of one exchange in this process without sockets: reading it, all walls both ways, the trace and the handing
 * over to the log; the application is an answer that is there already.
 */
export async function measureWalls(exchanges: number): Promise<number> {
  const flood = 'security: { perimeter: { rules: { RATE_LIMIT: { limit: 100000000 } } } }'
  const config = loadConfig(
    `store: { directory: ":memory:" }\nupstreams: { application: "http://127.0.0.1:1" }\n${flood}`,
  )
  const kept = await openKept(config)
  const generation = buildSite(config, kept, systemClock)
  const nextId = createIdSource(systemClock, systemRandom)
  let recorded = 0
  const house = {
    watch: { healthy: () => true, recordDurably: async () => undefined, record: () => void recorded++ },
    clock: systemClock,
    onAuditFailure: 'refuse' as const,
  }
  const signal = new AbortController().signal
  const exchange = async (): Promise<void> => {
    const arrival = {
      connection: { peer: '127.0.0.1', peerPort: 1, localPort: 80 },
      raw: { method: 'GET', target: '/products?page=2&sort=price', httpVersion: '1.1', headers: HEADERS },
      body: new StreamedBody(0, () => (async function* (): AsyncGenerator<Uint8Array> {})()),
      signal,
    }
    const { reading, plan } = generation.site.read(arrival)
    const answered: Plan = {
      walls: plan.walls,
      upstream: async () => ({ ...textReply(200, 'text/plain', 'x'), origin: 'upstream' }),
    }
    await walk(receive(arrival, reading, nextId(), systemClock), answered, house, async () => ({
      bytesOut: 1,
      aborted: false,
    }))
  }
  for (let i = 0; i < exchanges / 4; i++) await exchange()
  const rounds: number[] = []
  for (let round = 0; round < 5; round++) {
    const startedAt = performance.now()
    for (let i = 0; i < exchanges / 5; i++) await exchange()
    rounds.push(((performance.now() - startedAt) * 1000) / (exchanges / 5))
  }
  await generation.close()
  await kept.close()
  if (recorded < exchanges) throw new Error(`${recorded} of ${exchanges} exchanges were recorded`)
  return Math.round((rounds.toSorted((a, b) => a - b)[2] as number) * 10) / 10
}

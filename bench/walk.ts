// What does a request through all walls cost, against proxies that have none?
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import {
  cpuSeconds,
  freePort,
  isInstalled,
  load,
  type Measured,
  median,
  startProgram,
} from './measured-process.ts'
import { startNginx, startRingwall } from './proxy-processes.ts'
import type { BenchResult } from './run.ts'
import { measureWalls } from './walls-cost.ts'

const CONNECTIONS = 32

/** CPU microseconds per request of each proxy, interleaved, so that a noisy neighbour disturbs all alike. */
export async function run(options: { readonly quick: boolean }): Promise<BenchResult> {
  const rounds = options.quick ? 3 : 7
  const seconds = options.quick ? 2 : 4
  const directory = mkdtempSync(join(tmpdir(), 'ringwall-bench-'))
  const application = await startProgram('peers/application.ts', await freePort())
  const proxies = new Map<string, Measured>()
  const absent: string[] = []
  try {
    proxies.set('ringwall', await startRingwall(directory, application.port))
    proxies.set('undici', await startProgram('peers/undici.ts', await freePort(), String(application.port)))
    proxies.set(
      'http_proxy_3',
      await startProgram('peers/http-proxy-3.ts', await freePort(), String(application.port)),
    )
    if (isInstalled('nginx')) proxies.set('nginx', await startNginx(directory, application.port))
    else absent.push('nginx')

    const costs = new Map<string, number[]>([...proxies.keys()].map((name) => [name, []]))
    const rates = new Map<string, number[]>([...proxies.keys()].map((name) => [name, []]))
    for (const proxy of proxies.values())
      await load(proxy.port, CONNECTIONS, 1, '/products?page=2&sort=price')
    for (let round = 0; round < rounds; round++) {
      for (const [name, proxy] of proxies) {
        const before = cpuSeconds(proxy.pid)
        const counted = await load(proxy.port, CONNECTIONS, seconds, '/products?page=2&sort=price')
        const micros = ((cpuSeconds(proxy.pid) - before) * 1e6) / counted.answered
        if (counted.failed > 0) throw new Error(`${name}: ${counted.failed} requests failed`)
        costs.get(name)?.push(micros)
        rates.get(name)?.push(counted.answered / counted.seconds)
        console.log(
          `round ${round + 1}/${rounds}  ${name.padEnd(13)} ${micros.toFixed(1).padStart(7)} us CPU/request  ${Math.round(counted.answered / counted.seconds)} requests/s`,
        )
      }
    }
    const cost = (name: string): number => Math.round(median(costs.get(name) ?? []) * 10) / 10
    const wallsMicros = await measureWalls(options.quick ? 20_000 : 100_000)
    const peers = [...proxies.keys()].filter((name) => name !== 'ringwall')
    return {
      bench: 'walk',
      figures: {
        walls_us: wallsMicros,
        cpu_us_per_request: cost('ringwall'),
        requests_per_second: Math.round(median(rates.get('ringwall') ?? [])),
      },
      peers: Object.fromEntries([
        ...peers.map((name) => [name, cost(name)]),
        ...absent.map((name) => [name, 'absent']),
      ]),
      ratio: Object.fromEntries(
        peers.map((name) => [name, Math.round((cost('ringwall') / cost(name)) * 100) / 100]),
      ),
    }
  } finally {
    for (const proxy of proxies.values()) await proxy.stop()
    await application.stop()
    rmSync(directory, { recursive: true, force: true })
  }
}

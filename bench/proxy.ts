// What does a proxied request cost with all of edge and gateway on, beside proxies that do nothing but proxy?
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
import { startHaproxy, startNginx, startRingwall } from './proxy-processes.ts'
import type { BenchResult } from './run.ts'

const CONNECTIONS = 32
const PATH = '/products?page=2&sort=price'
/** The attack rules have a bench of their own (`waf`); everything of edge and gateway is on, and the audit log. */
const ROUTES = 'routes:\n  - path: /**\n    sign_in: off\n    inspect: off\n'

/** CPU microseconds per request, whole process trees, interleaved; medians. */
export async function run(options: { readonly quick: boolean }): Promise<BenchResult> {
  const rounds = options.quick ? 5 : 9
  const seconds = options.quick ? 2 : 4
  const directory = mkdtempSync(join(tmpdir(), 'ringwall-bench-'))
  const application = await startProgram('peers/application.ts', await freePort())
  const to = application.port
  const proxies = new Map<string, Measured>()
  const absent: string[] = []
  try {
    proxies.set('ringwall', await startRingwall(directory, to, ROUTES))
    // Our client towards applications alone, in the same plain proxy as undici's.
    proxies.set('wire', await startProgram('peers/wire.ts', await freePort(), String(to)))
    proxies.set('undici', await startProgram('peers/undici.ts', await freePort(), String(to)))
    proxies.set('http_proxy_3', await startProgram('peers/http-proxy-3.ts', await freePort(), String(to)))
    for (const [name, start] of [
      ['nginx', startNginx],
      ['haproxy', startHaproxy],
    ] as const) {
      if (isInstalled(name)) proxies.set(name, await start(directory, to))
      else absent.push(name)
    }
    const costs = new Map<string, number[]>([...proxies.keys()].map((name) => [name, []]))
    // Compilers need some seconds of work before they are done.
    for (const proxy of proxies.values()) await load(proxy.port, CONNECTIONS, 3, PATH)
    for (let round = 0; round < rounds; round++) {
      for (const [name, proxy] of proxies) {
        const before = cpuSeconds(proxy.pid)
        const counted = await load(proxy.port, CONNECTIONS, seconds, PATH)
        if (counted.failed > 0) throw new Error(`${name}: ${counted.failed} requests failed`)
        const micros = ((cpuSeconds(proxy.pid) - before) * 1e6) / counted.answered
        costs.get(name)?.push(micros)
        console.log(
          `round ${round + 1}/${rounds}  ${name.padEnd(13)} ${micros.toFixed(1).padStart(7)} us CPU/request`,
        )
      }
    }
    const cost = (name: string): number => Math.round(median(costs.get(name) ?? []) * 10) / 10
    const peers = [...proxies.keys()].filter((name) => name !== 'ringwall' && name !== 'wire')
    return {
      bench: 'proxy',
      figures: { cpu_us_per_request: cost('ringwall'), wire_us: cost('wire') },
      peers: Object.fromEntries([
        ...peers.map((name) => [name, cost(name)]),
        ...absent.map((name) => [name, 'absent']),
      ]),
      ratio: {
        ...Object.fromEntries(
          peers.map((name) => [name, Math.round((cost('ringwall') / cost(name)) * 100) / 100]),
        ),
        wire_to_undici: Math.round((cost('wire') / cost('undici')) * 100) / 100,
      },
    }
  } finally {
    for (const proxy of proxies.values()) await proxy.stop()
    await application.stop()
    rmSync(directory, { recursive: true, force: true })
  }
}

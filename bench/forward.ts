// What does one question of a proxy in front cost (`listen.forward_auth`), beside a node:http server that only says 200?
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import {
  cpuSeconds,
  freePort,
  load,
  type Measured,
  median,
  startProgram,
  startServer,
} from './measured-process.ts'
import type { BenchResult } from './run.ts'

const CONNECTIONS = 32

const QUESTION = [
  'GET / HTTP/1.1',
  'Host: 127.0.0.1',
  'X-Original-Method: GET',
  'X-Original-URI: /products?page=2&sort=price',
  'X-Forwarded-For: 192.0.2.7',
  'X-Forwarded-Proto: https',
  'User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
  'Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8',
  'Accept-Language: en-US,en;q=0.5',
  'Cookie: theme=dark; cart=7f3a',
  'Connection: keep-alive',
  '',
  '',
].join('\r\n')

export async function run(options: { readonly quick: boolean }): Promise<BenchResult> {
  const directory = mkdtempSync(join(tmpdir(), 'ringwall-bench-'))
  const questions = join(directory, 'questions.json')
  writeFileSync(questions, JSON.stringify([QUESTION]))
  const servers = new Map<string, Measured>()
  try {
    servers.set('ringwall', await startRingwall(directory))
    servers.set('node_http', await startProgram('peers/node-http.ts', await freePort()))
    const costs = new Map([...servers.keys()].map((name) => [name, [] as number[]]))
    const rates = new Map([...servers.keys()].map((name) => [name, [] as number[]]))
    for (let round = -1; round < (options.quick ? 3 : 7); round++) {
      for (const [name, { port, pid }] of servers) {
        const before = cpuSeconds(pid)
        const { answered, failed, seconds } = await load(
          port,
          CONNECTIONS,
          options.quick ? 2 : 4,
          `@${questions}`,
        )
        if (failed > 0) throw new Error(`${name}: ${failed} questions failed`)
        if (round < 0) continue
        costs.get(name)?.push(((cpuSeconds(pid) - before) * 1e6) / answered)
        rates.get(name)?.push(answered / seconds)
      }
    }
    const cost = (name: string): number => Math.round(median(costs.get(name) ?? []) * 10) / 10
    return {
      bench: 'forward',
      figures: {
        cpu_us_per_question: cost('ringwall'),
        questions_per_core_second: Math.round(1e6 / cost('ringwall')),
        questions_per_second: Math.round(median(rates.get('ringwall') ?? [])),
      },
      peers: { node_http: cost('node_http') },
      ratio: { node_http: Math.round((cost('ringwall') / cost('node_http')) * 100) / 100 },
    }
  } finally {
    for (const server of servers.values()) await server.stop()
    rmSync(directory, { recursive: true, force: true })
  }
}

async function startRingwall(directory: string): Promise<Measured> {
  const port = await freePort()
  const file = join(directory, 'security_config.yaml')
  writeFileSync(
    file,
    `listen: { http: off, https: off, operator: off, forward_auth: "127.0.0.1:${port}" }
store: { directory: ${join(directory, 'state')} }
security: { perimeter: { rules: { RATE_LIMIT: { limit: 100000000 } } } }
`,
  )
  const program = join(import.meta.dirname, '..', 'bin', 'ringwall.js')
  return startServer(process.execPath, [program, 'up', '--config', file], port)
}

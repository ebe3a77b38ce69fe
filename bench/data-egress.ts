// What does the guard of outgoing requests cost, beside a fetch without one?
import { once } from 'node:events'
import http from 'node:http'
import type { AddressInfo } from 'node:net'

import { Agent, fetch } from 'undici'

import {
  createEgressPolicy,
  readDestination,
  safeAgent,
  safeFetch,
  specialNetwork,
  validateUrl,
} from '../src/application/index.ts'
import { parseIp } from '../src/core/ip.ts'
import { median } from './measured-process.ts'

const ROUNDS = 5
const REQUESTS = 300
const JUDGEMENTS = 20_000

/**
 * Microseconds per call: guarded and bare requests to a server of this machine, interleaved, over a connection that is kept
 * open and over a new one each; and the judgements alone.
 */
export async function measureEgress(): Promise<Record<string, number>> {
  const server = http.createServer((_req, res) => res.end('hello')).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const lookup = async (): Promise<readonly string[]> => ['127.0.0.1']
  const policy = createEgressPolicy({ ports: 'any', dangerouslyAllowPrivateNetworks: ['127.0.0.1'], lookup })
  const bare = new Agent({
    connect: { lookup: (_name, _options, callback) => callback(null, [{ address: '127.0.0.1', family: 4 }]) },
  })
  const url = `http://server.test:${port}/`
  const agents = safeAgent(policy, { keepAlive: false })
  const plain = new http.Agent({ keepAlive: false })
  const ways: Readonly<Record<string, () => Promise<unknown>>> = {
    safe_fetch_us: async () => (await safeFetch(url, {}, policy)).text(),
    bare_fetch_us: async () => (await fetch(url, { dispatcher: bare })).text(),
    safe_agent_new_connection_us: () => get(url, agents.http),
    bare_agent_new_connection_us: () => get(`http://127.0.0.1:${port}/`, plain),
  }
  try {
    const figures: Record<string, number[]> = Object.fromEntries(Object.keys(ways).map((name) => [name, []]))
    for (let round = 0; round <= ROUNDS; round++) {
      for (const [name, ask] of Object.entries(ways)) {
        const startedAt = performance.now()
        for (let i = 0; i < REQUESTS; i++) await ask()
        // The first round warms up.
        if (round > 0) figures[name]?.push(((performance.now() - startedAt) * 1000) / REQUESTS)
      }
    }
    const medians = Object.fromEntries(
      Object.entries(figures).map(([name, all]) => [name, round1(median(all))]),
    )
    return { ...medians, ...(await measureJudgements()) }
  } finally {
    await bare.close()
    agents.destroy()
    plain.destroy()
    server.close()
    server.closeAllConnections()
  }
}

async function measureJudgements(): Promise<Record<string, number>> {
  const policy = createEgressPolicy({
    lookup: async () => ['93.184.215.14', '2606:2800:21f::1'],
    allowedHosts: ['*.example.com'],
  })
  const address = parseIp('2606:2800:21f::1')
  const per = async (judge: () => unknown): Promise<number> => {
    for (let i = 0; i < JUDGEMENTS; i++) await judge()
    const startedAt = performance.now()
    for (let i = 0; i < JUDGEMENTS; i++) await judge()
    return round1(((performance.now() - startedAt) * 1000) / JUDGEMENTS)
  }
  return {
    read_destination_us: await per(() => readDestination('https://api.example.com/v1/orders?page=2', policy)),
    validate_url_us: await per(() => validateUrl('https://api.example.com/v1/orders?page=2', policy)),
    special_network_ipv6_us: await per(() => address && specialNetwork(address)),
  }
}

function get(url: string, agent: http.Agent): Promise<void> {
  return new Promise((resolve, reject) => {
    http
      .get(url, { agent }, (response) => {
        response.resume()
        response.once('end', () => resolve())
      })
      .on('error', reject)
  })
}

function round1(value: number): number {
  return Math.round(value * 10) / 10
}

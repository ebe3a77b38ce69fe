import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

import { createResolver } from '../../src/application/index.ts'
import { type Client, openClients, ownPorts } from './clients.ts'
import { startDnsServer } from './dns-server.ts'
import { type Form, makeForms, type Places } from './forms.ts'
import { type Wire, watchWire } from './wire.ts'
import { zone } from './zone.ts'

/** What one client did with all forms. */
export interface Behaviour {
  readonly client: string
  readonly isOurs: boolean
  /** Hostile forms that it was given. */
  readonly hostile: number
  /** Those that led inside, by id. */
  readonly reached: readonly string[]
  /** Public look-alikes that it was given. */
  readonly lookAlikes: number
  /** Those that it did not let through, by id. */
  readonly withheld: readonly string[]
}

/** Names that change their answers are asked for as often as this. */
const VISITS = 3

/** Gives every n-th form to every client, and tells what was reached. */
export async function experiment(options: {
  readonly every?: number
  readonly only?: (client: Client) => boolean
}): Promise<readonly Behaviour[]> {
  const hits = { count: 0 }
  const canary = await listen(
    createServer((_req, res) => {
      hits.count++
      res.end('canary')
    }),
    '127.0.0.1',
  )
  const redirector = await listen(createServer(redirect), '127.0.0.2')
  const dns = await startDnsServer(zone)
  const clients = await openClients(createResolver({ servers: [dns.server] }))
  ownPorts.push({ address: '127.0.0.2', port: redirector.port })
  const wire = watchWire({ canaryPort: canary.port, own: ownPorts })
  try {
    const behaviours: Behaviour[] = []
    for (const [i, client] of clients.entries()) {
      if (options.only && !options.only(client)) continue
      const places = {
        canaryPort: canary.port,
        redirector: `redirector.evil.test:${redirector.port}`,
        tag: `t${i}`,
      }
      behaviours.push(await watch(client, sample(places, options.every ?? 1), wire, hits))
    }
    return behaviours
  } finally {
    for (const client of clients) await client.close()
    wire.stop()
    ownPorts.length = 0
    await dns.close()
    for (const { server } of [canary, redirector]) {
      server.close()
      server.closeAllConnections()
    }
  }
}

/** Every n-th form of each kind, at least one. */
function sample(places: Places, every: number): Form[] {
  const counts = new Map<string, number>()
  return makeForms(places).filter(({ kind }) => {
    const count = counts.get(kind) ?? 0
    counts.set(kind, count + 1)
    return count % every === 0
  })
}

async function watch(
  client: Client,
  forms: readonly Form[],
  wire: Wire,
  hits: { count: number },
): Promise<Behaviour> {
  const reached: string[] = []
  const withheld: string[] = []
  const given = forms.filter(({ kind }) => client.leavesOut?.(kind) === undefined)
  for (const { id, kind, url, is } of given) {
    wire.take()
    const before = hits.count
    for (let visit = 0; visit < (/rebinding|redirect/.test(kind) ? VISITS : 1); visit++)
      await client.fetch(url)
    const seen = wire.take()
    if (seen.inside.length > 0 || hits.count > before) reached.push(id)
    if (is === 'public' && seen.outside.length === 0) withheld.push(id)
  }
  const hostile = given.filter(({ is }) => is === 'hostile').length
  return {
    client: client.name,
    isOurs: client.isOurs,
    hostile,
    reached,
    lookAlikes: given.length - hostile,
    withheld,
  }
}

/** `/go?302=URL` answers with that status and Location. */
function redirect(req: { url?: string | undefined }, res: import('node:http').ServerResponse): void {
  const [[status, location] = ['200', '']] = new URL(req.url ?? '/', 'http://x').searchParams
  if (location === '') res.end('redirector')
  else res.writeHead(Number(status), { location }).end()
}

async function listen(
  server: Server,
  host: string,
): Promise<{ readonly server: Server; readonly port: number }> {
  server.listen(0, host)
  await once(server, 'listening')
  return { server, port: (server.address() as AddressInfo).port }
}

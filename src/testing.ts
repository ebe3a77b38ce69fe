// A gateway and applications on real sockets, for the tests of the two ends of the wire.
import { once } from 'node:events'
import http from 'node:http'
import net, { type AddressInfo } from 'node:net'
import { after } from 'node:test'

import { systemClock } from './core/clock.ts'
import { pass } from './core/verdict.ts'
import type { Wall } from './core/wall.ts'
import type { AuditRecord } from './core/watch.ts'
import { walk } from './flow.ts'
import { receive } from './receive.ts'
import { listen, type Listener, type ListenOptions } from './server.ts'
import { openUpstream, type UpstreamPool } from './upstream.ts'

export const closers: (() => unknown)[] = []
after(async () => {
  for (const close of closers.toReversed()) await close()
})

export interface Rig {
  readonly port: number
  readonly listener: Listener
  readonly records: AuditRecord[]
  /** Why something was no request. */
  readonly malformed: string[]
  readonly pool: UpstreamPool
}

/** A gateway with these walls in front of an application at this port. */
export async function gatewayTo(
  applicationPort: number,
  walls: readonly Wall[] = [],
  headTimeoutMs = 5000,
  how: ListenOptions & { readonly origin?: string } = {},
): Promise<Rig> {
  const records: AuditRecord[] = []
  const malformed: string[] = []
  const pool = openUpstream(
    {
      origin: how.origin ?? `http://127.0.0.1:${applicationPort}`,
      connectTimeoutMs: 1000,
      headTimeoutMs,
      bodyTimeoutMs: 5000,
      maxConnections: 32,
      maxWaiting: 100,
      resend: true,
    },
    () => ['X-Forwarded-For', '192.0.2.9'],
  )
  const watch = {
    healthy: () => true,
    recordDurably: async (all: readonly AuditRecord[]) => void records.push(...all),
    record: (record: AuditRecord) => void records.push(record),
  }
  let nextId = 0
  const listener = await listen(
    {
      meet: () => pass,
      part: () => undefined,
      async serve(arrival, send) {
        const at = arrival.raw.target.indexOf('?')
        const path = at < 0 ? arrival.raw.target : arrival.raw.target.slice(0, at)
        const exchange = receive(
          arrival,
          {
            client: { ip: arrival.connection.peer, scheme: 'http' },
            host: { ok: true, name: 'a.test', port: undefined },
            target: {
              ok: true,
              path,
              rawQuery: at < 0 ? '' : arrival.raw.target.slice(at),
              decodedPath: path,
            },
            route: { name: 'all', kind: 'found', params: {}, allow: [] },
          },
          String(nextId++),
          systemClock,
        )
        await walk(
          exchange,
          { walls, upstream: pool.send },
          { watch, clock: systemClock, onAuditFailure: 'refuse' },
          send,
        )
      },
      malformed: async (connection, reason) => {
        malformed.push(`${connection.peer}: ${reason}`)
        return {
          head: 'HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n',
          body: reason,
        }
      },
    },
    { host: '127.0.0.1', port: 0 },
    how,
  )
  closers.push(() => listener.drain(0))
  closers.push(() => pool.close())
  return { port: listener.address.port, listener, records, malformed, pool }
}

/** An application that is a plain node:http server. */
export async function application(
  serve: http.RequestListener,
): Promise<{ port: number; server: http.Server }> {
  const server = http.createServer(serve)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  closers.push(() => {
    server.closeAllConnections()
    server.close()
  })
  return { port: (server.address() as AddressInfo).port, server }
}

/** An application that writes these bytes to whoever connects and sends a request head. */
export async function rawApplication(bytes: string, end = false): Promise<number> {
  const server = net.createServer((socket) => {
    socket.on('error', () => undefined)
    socket.once('data', () => (end ? socket.end(bytes, 'latin1') : socket.write(bytes, 'latin1')))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  closers.push(() => server.close())
  return (server.address() as AddressInfo).port
}

/** Sends these bytes and gives back all that comes until the other side ends or `until` is seen. */
export async function exchangeBytes(port: number, bytes: string, until?: string): Promise<string> {
  const socket = net.connect(port, '127.0.0.1')
  socket.write(bytes, 'latin1')
  let text = ''
  for await (const chunk of socket) {
    text += (chunk as Buffer).toString('latin1')
    if (until !== undefined && text.includes(until)) break
  }
  socket.destroy()
  return text
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

export async function waitFor(condition: () => boolean, timeoutMs = 5000): Promise<void> {
  const end = Date.now() + timeoutMs
  while (!condition()) {
    if (Date.now() > end) throw new Error(`not within ${timeoutMs} ms: ${condition.toString()}`)
    await pause(10)
  }
}

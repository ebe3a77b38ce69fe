// A hundred thousand requests over 64 connections, with clients that go away and an application that resets: nothing leaks,
// nothing is lost, and every request is in the audit log exactly once.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import http from 'node:http'
import net, { type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import v8 from 'node:v8'
import vm from 'node:vm'

import { loadConfig, openKept, ringwall } from '../../src/index.ts'

const REQUESTS = 100_000
const CONNECTIONS = 64

v8.setFlagsFromString('--expose-gc')
const collect = vm.runInNewContext('gc') as () => void

/** A generator of numbers below 1 that is the same in every run (Park and Miller's). */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 48_271) % 2_147_483_647
    return state / 2_147_483_647
  }
}

async function startApplication(): Promise<{ port: number; close(): void }> {
  const random = seeded(7)
  const server = http.createServer((req, res) => {
    const luck = random()
    if (luck < 0.01) req.socket.resetAndDestroy()
    else if (luck < 0.02) {
      res.writeHead(200, { 'Content-Length': 1000 })
      res.write('half')
      setImmediate(() => req.socket.resetAndDestroy())
    } else res.writeHead(200, { 'Content-Length': 5 }).end('hello')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    close: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}

interface Tally {
  sent: number
  answered: number
  aborted: number
  readonly ids: string[]
}

/** One client: request after request on a connection, until the shared number is used up. */
async function runClient(port: number, seed: number, tally: Tally, total: number): Promise<void> {
  const random = seeded(seed)
  const paths = ['/', '/products?page=2', '/search?q=brick', '/search?q=%27%20OR%201=1--', '/a/b/c']
  let socket: net.Socket | undefined
  while (tally.sent < total) {
    tally.sent++
    if (!socket || socket.destroyed) {
      socket = net.connect(port, '127.0.0.1')
      socket.on('error', () => undefined)
      await once(socket, 'connect')
    }
    const path = paths[Math.floor(random() * paths.length)] as string
    const leaves = random() < 0.02
    socket.write(`GET ${path} HTTP/1.1\r\nHost: a.test\r\nUser-Agent: soak\r\n\r\n`)
    if (leaves) {
      tally.aborted++
      await new Promise((resolve) => setTimeout(resolve, random() * 3))
      socket.destroy()
      continue
    }
    const head = await readAnswer(socket)
    if (head === undefined) continue
    tally.answered++
    // A copy: a slice would keep the whole head alive, and the test would find its own leak.
    tally.ids.push(Buffer.from(/ringwall-id: (\S+)/i.exec(head)?.[1] ?? '').toString('latin1'))
  }
  socket?.destroy()
}

/** The head of one whole answer; undefined when the connection broke first. */
function readAnswer(socket: net.Socket): Promise<string | undefined> {
  return new Promise((resolve) => {
    let text = ''
    const done = (head: string | undefined): void => {
      socket.off('data', onData)
      socket.off('close', onClose)
      resolve(head)
    }
    const onClose = (): void => done(undefined)
    const onData = (data: Buffer): void => {
      text += data.toString('latin1')
      const end = text.indexOf('\r\n\r\n')
      if (end < 0) return
      const length = Number(/\r\ncontent-length: (\d+)/i.exec(text)?.[1] ?? 0)
      if (text.length >= end + 4 + length) done(text.slice(0, end))
    }
    socket.on('data', onData)
    socket.on('close', onClose)
  })
}

test(
  `${REQUESTS} requests with aborts and resets leave nothing behind and are each recorded once`,
  { timeout: 400_000 },
  async (context) => {
    const unhandled: unknown[] = []
    process.on('unhandledRejection', (reason) => unhandled.push(reason))
    const directory = mkdtempSync(join(tmpdir(), 'ringwall-soak-'))
    const application = await startApplication()
    const config = loadConfig(`
listen: { http: "127.0.0.1:0", https: off, operator: off }
store: { directory: ${directory} }
upstreams: { application: "http://127.0.0.1:${application.port}" }
security: { perimeter: { rules: { RATE_LIMIT: { limit: 100000000 } } } }
`)
    const gate = await ringwall(config)
    const { http: url } = await gate.listen()
    const port = Number(new URL(url as string).port)
    const tally: Tally = { sent: 0, answered: 0, aborted: 0, ids: [] }
    const run = (total: number): Promise<unknown> =>
      Promise.all(
        Array.from({ length: CONNECTIONS }, (_, i) => runClient(port, i * 7919 + total, tally, total)),
      )
    const settle = async (): Promise<{ heap: number; sockets: number }> => {
      await new Promise((resolve) => setTimeout(resolve, 3000))
      collect()
      const sockets = process.getActiveResourcesInfo().filter((name) => name.startsWith('TCPSocket')).length
      return { heap: process.memoryUsage().heapUsed - tally.ids.length * 60, sockets }
    }

    await run(REQUESTS / 5)
    const early = await settle()
    await run(REQUESTS)
    const late = await settle()
    await gate.close()
    application.close()
    const left = (await settle()).sockets

    const kept = await openKept(config)
    const rows = await kept.store.database.kysely
      .selectFrom('audit_events')
      .select([
        'verdict',
        (select) => select.fn.countAll<number>().as('n'),
        (select) => select.fn.count<number>('id').distinct().as('ids'),
      ])
      .where('kind', '=', 'exchange')
      .groupBy('verdict')
      .execute()
    const recorded = rows.reduce((sum, row) => sum + row.n, 0)
    const inLog = new Set(
      (await kept.store.database.kysely.selectFrom('audit_events').select('id').execute()).map(
        (row) => row.id,
      ),
    )
    await kept.close()
    application.close()
    rmSync(directory, { recursive: true, force: true })

    context.diagnostic(
      `sent ${tally.sent}, answered ${tally.answered}, left ${tally.aborted}; ${rows.map((row) => `${row.verdict} ${row.n}`).join(', ')}`,
    )
    context.diagnostic(
      `heap ${(early.heap / 1e6).toFixed(1)} MB, then ${(late.heap / 1e6).toFixed(1)} MB; sockets ${early.sockets}, then ${late.sockets}`,
    )
    assert.deepEqual(unhandled, [])
    assert.equal(recorded, tally.sent, 'every request is recorded once')
    assert.equal(inLog.size, tally.sent, 'every id is there once')
    assert.ok(
      tally.ids.every((id) => inLog.has(id)),
      'every id that a client was told is in the log',
    )
    assert.ok(late.heap - early.heap < 10e6, `the heap grew from ${early.heap} to ${late.heap}`)
    // Kept-alive connections to the application count twice here, since both ends are in this process.
    assert.ok(late.sockets <= 2 * CONNECTIONS, `sockets: ${early.sockets}, then ${late.sockets}`)
    assert.equal(left, 0, 'no socket is left once everything is closed')
  },
)

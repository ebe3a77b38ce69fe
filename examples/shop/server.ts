import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'

import { API } from './api.ts'
import { openDatabase } from './database.ts'
import { notFound, PAGES, type Route } from './pages.ts'
import type { Shop } from './stock.ts'
import { errorView, layout } from './templates.ts'
import { json, page, readVisit, type Answer, type Visit } from './visit.ts'
import { acceptEcho } from './websocket-echo.ts'

/** Where the shop stands. */
export interface ShopOptions {
  /** 0 for any free port. */
  readonly port: number
  /** In memory by default. Reset to the seed on every start. */
  readonly databaseFile?: string
}

/** A shop that is open. */
export interface RunningShop {
  /** For example `http://127.0.0.1:3000`. */
  readonly url: string
  close(): Promise<void>
}

const ROUTES = [...PAGES, ...API].map((route) => ({ ...route, expression: compile(route.pattern) }))

function compile(pattern: string): RegExp {
  const source = pattern
    .replace(/\./g, '\\.')
    .replace(/\{(\w+)\*\}/g, '(?<$1>.*)')
    .replace(/\{(\w+)\}/g, '(?<$1>[^/]+?)')
  return new RegExp(`^${source}$`)
}

function findRoute(
  method: string,
  rawPath: string,
): { route: Route; params: Record<string, string> } | undefined {
  for (const { expression, ...route } of ROUTES) {
    const isMethod = route.method === method || (route.method === 'GET' && method === 'HEAD')
    if (!isMethod && (route.method !== 'ANY' || method === 'TRACE')) continue
    const match = expression.exec(rawPath)
    if (!match) continue
    const params = Object.entries(match.groups ?? {}).map(([name, value]) => [
      name,
      decodeURIComponent(value),
    ])
    return { route, params: Object.fromEntries(params) as Record<string, string> }
  }
  return undefined
}

async function answer(shop: Shop, request: IncomingMessage): Promise<Answer> {
  let visit: Visit | undefined
  try {
    visit = await readVisit(request)
    const found = findRoute(visit.method, visit.rawPath)
    if (!found)
      return visit.rawPath.startsWith('/api/') ? json({ error: 'not found' }, 404) : notFound(shop, visit)
    return await found.route.run(shop, { ...visit, params: found.params })
  } catch (thrown) {
    const error = thrown instanceof Error ? thrown : new Error(String(thrown))
    // HOLE verbose-errors (Common Mistakes 2: Verbose Error Messages): the inside of the shop goes out with the reply.
    if (visit?.rawPath.startsWith('/api/')) return json({ error: error.message, stack: error.stack }, 500)
    const greeting = { customer: undefined, throughRingwall: undefined }
    return page(layout(greeting, 'Something fell over', errorView(error)), 500)
  }
}

async function send(request: IncomingMessage, response: ServerResponse, reply: Answer): Promise<void> {
  const { body } = reply
  const isWhole = typeof body === 'string' || body instanceof Uint8Array
  response.writeHead(reply.status, {
    ...reply.headers,
    ...(isWhole ? { 'Content-Length': Buffer.byteLength(body) } : {}),
  })
  if (request.method === 'HEAD') response.end()
  else if (isWhole) response.end(body)
  else {
    for await (const part of body) {
      if (response.destroyed) break
      response.write(part)
    }
    response.end()
  }
}

/**
 * Opens the shop on the loopback address and nowhere else: it is full of holes on purpose.
 * What it must survive is a visitor who goes away; everything else ends in the verbose error page.
 */
export async function startShop(options: ShopOptions): Promise<RunningShop> {
  const shop: Shop = {
    database: openDatabase(options.databaseFile),
    uploads: new Map(),
    defaultPreferences: { theme: 'brick', newsletter: false },
    preferences: new Map(),
  }
  const tunnels = new Set<Duplex>()
  const server = createServer((request, response) => {
    answer(shop, request)
      .then((reply) => send(request, response, reply))
      .catch(() => response.destroy())
  })
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    tunnels.add(socket)
    socket.on('close', () => tunnels.delete(socket))
    if (request.url?.split('?')[0] === '/ws') acceptEcho(request, socket, head)
    else socket.end('HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n')
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      for (const socket of tunnels) socket.destroy()
      server.closeAllConnections()
      await closed
      shop.database.close()
    },
  }
}

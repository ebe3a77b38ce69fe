import { setTimeout as delay } from 'node:timers/promises'

import type { Route } from './pages.ts'
import { sessionCookie } from './pages.ts'
import { fetchPicture } from './picture-fetch.ts'
import {
  addComment,
  findByPassword,
  findDocument,
  findFile,
  findOrder,
  findProduct,
  listComments,
  listDocuments,
  listOrders,
  listProducts,
  mergePreferences,
  preferencesOf,
  searchProducts,
  updateProfile,
  whoShops,
  type Shop,
} from './stock.ts'
import { json, readFields, textOf, type Answer, type Visit } from './visit.ts'

const MAX_SLOW_MS = 30_000
const MAX_TICKS = 100

const missing = (): Answer => json({ error: 'not found' }, 404)
const whoAreYou = (): Answer => json({ error: 'sign in first' }, 401)

function userIdOf(shop: Shop, visit: Visit): number | undefined {
  const id = whoShops(shop, visit)?.['id']
  return id === undefined ? undefined : Number(id)
}

function asUser(run: (shop: Shop, visit: Visit, userId: number) => Answer): Route['run'] {
  return (shop, visit) => {
    const userId = userIdOf(shop, visit)
    return userId === undefined ? whoAreYou() : run(shop, visit, userId)
  }
}

function signIn(shop: Shop, visit: Visit): Answer {
  const fields = readFields(visit)
  const user = findByPassword(shop, textOf(fields, 'email'), textOf(fields, 'password'))
  if (!user) return json({ error: 'wrong e-mail or password' }, 401)
  return json({ id: user['id'], name: user['name'], role: user['role'] }, 200, {
    'Set-Cookie': sessionCookie(user),
  })
}

function comment(shop: Shop, visit: Visit): Answer {
  const product = findProduct(shop, visit.params['id'] ?? '')
  if (!product) return missing()
  const fields = readFields(visit)
  addComment(shop, Number(product['id']), textOf(fields, 'author'), textOf(fields, 'text'))
  return json(listComments(shop, Number(product['id'])), 201)
}

async function* tick(count: number, everyMs: number): AsyncGenerator<string> {
  for (let i = 1; i <= count; i++) {
    yield `id: ${i}\nevent: tick\ndata: {"tick":${i},"of":${count}}\n\n`
    if (i < count) await delay(everyMs)
  }
}

function numberOf(visit: Visit, name: string, fallback: number, most: number): number {
  const value = Number(visit.query.get(name) ?? fallback)
  return Number.isFinite(value) ? Math.min(Math.max(0, value), most) : fallback
}

/** The same shop in JSON, described by `openapi.yaml`. It has the holes of the pages, since it is the same code below. */
export const API: readonly Route[] = [
  { method: 'GET', pattern: '/api/products', run: (shop) => json(listProducts(shop)) },
  {
    method: 'GET',
    pattern: '/api/products/{id}',
    run: (shop, visit) => {
      const product = findProduct(shop, visit.params['id'] ?? '')
      return product ? json(product) : missing()
    },
  },
  {
    method: 'GET',
    pattern: '/api/products/{id}/comments',
    run: (shop, visit) => json(listComments(shop, Number(visit.params['id']))),
  },
  { method: 'POST', pattern: '/api/products/{id}/comments', run: comment },
  {
    method: 'GET',
    pattern: '/api/search',
    run: (shop, visit) => json(searchProducts(shop, visit.query.get('q') ?? '')),
  },
  {
    method: 'POST',
    pattern: '/api/search',
    run: (shop, visit) => json(searchProducts(shop, textOf(readFields(visit), 'q'))),
  },
  { method: 'POST', pattern: '/api/login', run: signIn },
  {
    method: 'GET',
    pattern: '/api/orders',
    run: asUser((shop, _visit, userId) => json(listOrders(shop, userId))),
  },
  {
    method: 'GET',
    pattern: '/api/orders/{id}',
    // HOLE idor (Common Mistakes 5: Insecure Direct Object Reference): signed in is enough, the order may be anyone's.
    run: asUser((shop, visit) => {
      const found = findOrder(shop, visit.params['id'] ?? '')
      return found ? json({ ...found.order, lines: found.lines }) : missing()
    }),
  },
  {
    method: 'GET',
    pattern: '/api/documents',
    run: (shop, visit) => json(listDocuments(shop, userIdOf(shop, visit))),
  },
  {
    method: 'GET',
    pattern: '/api/documents/{id}',
    run: (shop, visit) => {
      const document = findDocument(shop, visit.params['id'] ?? '')
      return document ? json(document) : missing()
    },
  },
  {
    method: 'GET',
    pattern: '/api/files/{name}',
    run: (shop, visit) => {
      const found = findFile(shop, visit.params['name'] ?? '')
      return found ? json(found) : missing()
    },
  },
  {
    method: 'GET',
    pattern: '/api/profile',
    // HOLE data-masking (Data Protection: Data Masking): the whole row, with password, card and social security number.
    run: (shop, visit) => {
      const user = whoShops(shop, visit)
      return user ? json(user) : whoAreYou()
    },
  },
  {
    method: 'PATCH',
    pattern: '/api/profile',
    run: asUser((shop, visit, userId) => json(updateProfile(shop, userId, readFields(visit)))),
  },
  {
    method: 'GET',
    pattern: '/api/preferences',
    run: asUser((shop, _visit, userId) => {
      const shown: Record<string, unknown> = {}
      const own = preferencesOf(shop, userId)
      for (const key in own) shown[key] = own[key]
      return json(shown)
    }),
  },
  {
    method: 'PATCH',
    pattern: '/api/preferences',
    run: asUser((shop, visit, userId) => {
      mergePreferences(preferencesOf(shop, userId), readFields(visit))
      return json({ saved: true })
    }),
  },
  {
    method: 'GET',
    pattern: '/api/fetch-image',
    run: async (_shop, visit) => {
      const fetched = await fetchPicture(visit.query.get('url') ?? '')
      if ('reason' in fetched) return json({ error: fetched.reason }, 404)
      return json({
        status: fetched.status,
        type: fetched.type,
        base64: Buffer.from(fetched.bytes).toString('base64'),
      })
    },
  },
  {
    method: 'GET',
    pattern: '/api/slow',
    run: async (_shop, visit) => {
      const ms = numberOf(visit, 'ms', 1_000, MAX_SLOW_MS)
      await delay(ms)
      return json({ waited_ms: ms })
    },
  },
  {
    method: 'ANY',
    pattern: '/api/echo',
    run: (_shop, visit) =>
      json({ method: visit.method, headers: visit.headers, body_length: visit.body.length }),
  },
  {
    method: 'GET',
    pattern: '/api/events',
    run: (_shop, visit) => ({
      status: 200,
      headers: { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-cache' },
      body: tick(numberOf(visit, 'ticks', 5, MAX_TICKS), numberOf(visit, 'ms', 200, MAX_SLOW_MS)),
    }),
  },
]

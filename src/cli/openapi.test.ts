import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'

import { parse } from 'yaml'

import { loadConfig, ringwall } from '../index.ts'
import { main } from './main.ts'

const directory = mkdtempSync(join(tmpdir(), 'ringwall-openapi-'))
test.after(() => rmSync(directory, { recursive: true, force: true }))

async function learn(...args: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  const said = { out: '', err: '' }
  const code = await main(['openapi', 'learn', ...args], {
    out: (line) => void (said.out += `${line}\n`),
    error: (line) => void (said.err += `${line}\n`),
    isColored: false,
    isClosed: false,
  })
  return { code, ...said }
}

const order = (id: number) => ({
  item: 'a cup',
  quantity: id,
  ...(id > 1 && { note: 'x' }),
  at: '2026-11-24T09:00:00Z',
})
const entries = [1, 2, 3].flatMap((id) => [
  { request: { method: 'GET', url: `https://shop.test/orders/${id}?page=${id}&full=true`, headers: [] } },
  {
    request: {
      method: 'GET',
      url: `https://shop.test/users/b7f0a6f2-9f0e-4f3e-8a52-0d6a3a3b6c1${id}/orders`,
      headers: [],
    },
  },
  {
    request: {
      method: 'POST',
      url: 'https://shop.test/orders',
      headers: [{ name: 'Content-Type', value: 'application/json; charset=utf-8' }],
      postData: { mimeType: 'application/json', text: JSON.stringify(order(id)) },
    },
  },
  { request: { method: 'GET', url: 'https://other.test/else', headers: [] } },
])
const har = join(directory, 'site.har')
writeFileSync(har, JSON.stringify({ log: { entries } }))

test('paths, parameters and bodies are proposed from a recording', async () => {
  const { code, out, err } = await learn(har, '--host', 'shop.test')
  assert.equal(code, 0, err)
  assert.match(err, /from 9 requests/)
  const document = parse(out) as { paths: Record<string, Record<string, unknown>> }
  assert.deepEqual(Object.keys(document.paths), ['/orders', '/orders/{orderId}', '/users/{userId}/orders'])
  assert.deepEqual(document.paths['/orders/{orderId}']?.['get'], {
    parameters: [
      { name: 'orderId', in: 'path', required: true, schema: { type: 'integer' } },
      { name: 'page', in: 'query', required: true, schema: { type: 'integer' } },
      { name: 'full', in: 'query', required: true, schema: { type: 'boolean' } },
    ],
    responses: { default: { description: 'Observed 3 times.' } },
  })
  const post = document.paths['/orders']?.['post'] as { readonly requestBody: unknown } | undefined
  assert.deepEqual(post?.requestBody, {
    required: true,
    content: {
      'application/json': {
        schema: {
          type: 'object',
          properties: {
            item: { type: 'string' },
            quantity: { type: 'integer' },
            at: { type: 'string', format: 'date-time' },
            note: { type: 'string' },
          },
          required: ['item', 'quantity', 'at'],
        },
      },
    },
  })
})

test('what was observed fits the document that was learned from it, and what was not does not', async (t) => {
  const out = join(directory, 'api.yaml')
  assert.equal((await learn(har, '--out', out)).code, 0)
  assert.match(readFileSync(out, 'utf8'), /^openapi: 3\.1\.0/)
  const gate = await ringwall(
    loadConfig(
      `listen: { http: off, https: off, operator: off }\nstore: { directory: ":memory:" }\nroutes: [{ path: "/**", openapi: "${out}" }]`,
    ),
  )
  t.after(() => gate.close())
  const ask = async (method: string, path: string, body?: unknown): Promise<number> => {
    const request = new Request(`https://shop.test${path}`, {
      method,
      ...(body !== undefined && {
        headers: { 'Content-Type': 'application/json', Origin: 'https://shop.test' },
        body: JSON.stringify(body),
      }),
    })
    return (await gate.fetch(request, { app: () => new Response('fine'), peer: '192.0.2.1' })).status
  }
  for (const { request } of entries) {
    const url = new URL(request.url)
    const body = 'postData' in request ? (JSON.parse(request.postData?.text ?? '') as unknown) : undefined
    assert.equal(await ask(request.method, url.pathname + url.search, body), 200, request.url)
  }
  assert.equal(await ask('GET', '/orders/x?page=1&full=true'), 422)
  assert.equal(await ask('GET', '/orders/7?page=1&full=true&admin=1'), 422)
  assert.equal(await ask('POST', '/orders', { ...order(1), isAdmin: true }), 422)
  assert.equal(await ask('GET', '/secrets'), 404)
})

test('many different names below one beginning are identifiers', async () => {
  const file = join(directory, 'access.log')
  const line = (path: string): string =>
    `192.0.2.1 - - [24/Nov/2026:09:00:00 +0000] "GET ${path} HTTP/1.1" 200 12 "-" "curl/8"`
  const words = 'ash bay cod dew elm fig gum hay ivy jay kit log mud nut'.split(' ')
  writeFileSync(file, words.map((word) => line(`/articles/${word}`)).join('\n'))
  const { out } = await learn(file)
  assert.deepEqual(Object.keys((parse(out) as { paths: object }).paths), ['/articles/{articleId}'])
})

test('what cannot be learned from is said', async () => {
  assert.match((await learn(join(directory, 'none.har'))).err, /cannot read/)
  assert.match((await learn(har, '--host', 'nobody.test')).err, /no request to nobody\.test/)
})

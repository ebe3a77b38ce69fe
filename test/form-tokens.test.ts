// The demo shop behind the walls with tokens in its forms: a browser's forms work as they did, over real sockets.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import http from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { after, before } from 'node:test'

import { startShop } from '../examples/shop/server.ts'
import { loadConfig, type Ringwall, ringwall } from '../src/index.ts'

const directory = mkdtempSync(join(tmpdir(), 'ringwall-tokens-'))
let shop: Awaited<ReturnType<typeof startShop>>
let gate: Ringwall
let url = ''
const jar = new Map<string, string>()

before(async () => {
  shop = await startShop({ port: 0 })
  const text = `listen: { http: "127.0.0.1:0", https: off, operator: off }
store: { directory: ${directory} }
upstreams: { application: "${shop.url}" }
security: { application: { csrf: { tokens: on }, csp_nonce: on } }
`
  gate = await ringwall(loadConfig(text, { file: 'tokens.yaml' }))
  url = (await gate.listen()).http as string
})

after(async () => {
  await gate.close()
  await shop.close()
  rmSync(directory, { recursive: true, force: true })
})

interface Answer {
  readonly status: number
  readonly text: string
  readonly policy: string | undefined
}

// Not by fetch, which says of itself that it is a script.
async function ask(
  path: string,
  init: { method?: string; headers?: Readonly<Record<string, string>>; body?: Uint8Array } = {},
): Promise<Answer> {
  const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
  const headers = { Accept: 'text/html', 'Accept-Encoding': 'gzip', Cookie: cookie, ...init.headers }
  const request = http.request(url + path, { method: init.method ?? 'GET', headers, agent: false })
  request.end(init.body)
  const [response] = (await once(request, 'response')) as [http.IncomingMessage]
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk as Buffer)
  for (const cookie of response.headers['set-cookie'] ?? []) {
    const [name = '', value = ''] = (cookie.split(';')[0] as string).split('=')
    jar.set(name, value)
  }
  return {
    status: response.statusCode ?? 0,
    text: Buffer.concat(chunks).toString(),
    policy: response.headers['content-security-policy'] as string | undefined,
  }
}

async function tokenOf(path: string): Promise<string> {
  const { text } = await ask(path)
  return /name="ringwall-form-token" value="([^"]+)"/.exec(text)?.[1] as string
}

const own = (): Record<string, string> => ({
  Origin: url,
  'Sec-Fetch-Site': 'same-origin',
  'Sec-Fetch-Mode': 'navigate',
})

test('a form of the shop is posted with its token, and each page has another one', async () => {
  const [first, second] = [await tokenOf('/'), await tokenOf('/')]
  assert.match(first, /^[\w-]{43}\.[\w-]{43}$/)
  assert.notEqual(first, second)
  for (const token of [first, second]) {
    const body = new TextEncoder().encode(`ringwall-form-token=${token}&email=ann%40shop.test`)
    const headers = { ...own(), 'Content-Type': 'application/x-www-form-urlencoded' }
    const answer = await ask('/newsletter', { method: 'POST', body, headers })
    assert.ok(answer.status < 400, `${answer.status} ${answer.text.slice(0, 300)}`)
  }
})

test('a form with a file is posted with its token', async () => {
  const form = new FormData()
  form.append('ringwall-form-token', await tokenOf('/'))
  form.append('file', new File(['x'.repeat(100_000)], 'a.txt', { type: 'text/plain' }))
  const sent = new Response(form)
  const headers = { ...own(), 'Content-Type': sent.headers.get('content-type') ?? '' }
  const body = new Uint8Array(await sent.arrayBuffer())
  const answer = await ask('/upload', { method: 'POST', body, headers })
  assert.doesNotMatch(answer.text, /application\.csrf-token/)
})

for (const { name, change, refused } of [
  { name: 'without a token', change: { body: 'email=a@shop.test' }, refused: true },
  {
    name: 'with the token of another visitor',
    change: { body: 'TOKEN', cookie: `ringwall-form=${'A'.repeat(43)}` },
    refused: true,
  },
  { name: 'with a token and no cookie', change: { body: 'TOKEN', cookie: 'a=b' }, refused: true },
  { name: 'as text/plain, without a token', change: { body: 'email=a', type: 'text/plain' }, refused: true },
  { name: 'with an empty type, without a token', change: { body: 'email=a', type: '' }, refused: true },
  { name: 'by a script of our own', change: { body: 'email=a@shop.test', mode: 'cors' }, refused: false },
  { name: 'as JSON', change: { body: '{}', type: 'application/json' }, refused: false },
] as {
  name: string
  change: { body: string; cookie?: string; type?: string; mode?: string }
  refused: boolean
}[]) {
  test(`a post ${name} is ${refused ? 'refused' : 'not refused for want of a token'}`, async () => {
    const token = await tokenOf('/')
    const body = change.body === 'TOKEN' ? `ringwall-form-token=${token}&email=a@shop.test` : change.body
    const { text } = await ask('/newsletter', {
      method: 'POST',
      body: new TextEncoder().encode(body),
      headers: {
        ...own(),
        'Content-Type': change.type ?? 'application/x-www-form-urlencoded',
        ...(change.mode === undefined ? {} : { 'Sec-Fetch-Mode': change.mode }),
        ...(change.cookie === undefined ? {} : { Cookie: change.cookie }),
      },
    })
    assert.equal(text.includes('application.csrf-token'), refused, text.slice(0, 300))
  })
}

test('the page of the shop is the same but for the fields, and its policy is enforced with another nonce each time', async () => {
  const direct = await (await fetch(`${shop.url}/`)).text()
  const { text, policy } = await ask('/')
  assert.equal(text.replaceAll(/<input type="hidden" name="ringwall-form-token" value="[^"]+">/g, ''), direct)
  assert.match(policy ?? '', /script-src 'nonce-[A-Za-z0-9+/]{24}'/)
  assert.notEqual((await ask('/')).policy, policy)
})

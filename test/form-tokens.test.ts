// The demo shop behind the walls with tokens in its forms: a browser's forms work as they did, over real sockets.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
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

async function ask(
  path: string,
  init: RequestInit = {},
): Promise<{ status: number; text: string; headers: Headers }> {
  const response = await fetch(url + path, {
    redirect: 'manual',
    ...init,
    headers: {
      Accept: 'text/html',
      'Accept-Encoding': 'gzip',
      Cookie: [...jar].map(([name, value]) => `${name}=${value}`).join('; '),
      ...(init.headers as Record<string, string> | undefined),
    },
  })
  for (const cookie of response.headers.getSetCookie()) {
    const [name = '', value = ''] = (cookie.split(';')[0] as string).split('=')
    jar.set(name, value)
  }
  return { status: response.status, text: await response.text(), headers: response.headers }
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
    const body = new URLSearchParams({ 'ringwall-form-token': token, email: 'ann@shop.test' })
    const answer = await ask('/newsletter', { method: 'POST', body, headers: own() })
    assert.ok(answer.status < 400, `${answer.status} ${answer.text.slice(0, 300)}`)
  }
})

test('a form with a file is posted with its token', async () => {
  const form = new FormData()
  form.append('ringwall-form-token', await tokenOf('/'))
  form.append('file', new File(['x'.repeat(100_000)], 'a.txt', { type: 'text/plain' }))
  const answer = await ask('/upload', { method: 'POST', body: form, headers: own() })
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
  { name: 'without a type, without a token', change: { body: 'email=a', type: '' }, refused: true },
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
  const { text, headers } = await ask('/')
  assert.equal(text.replaceAll(/<input type="hidden" name="ringwall-form-token" value="[^"]+">/g, ''), direct)
  const policy = headers.get('content-security-policy')
  assert.match(policy ?? '', /script-src 'nonce-[A-Za-z0-9+/]{24}'/)
  assert.notEqual((await ask('/')).headers.get('content-security-policy'), policy)
})

// Against a server on the loopback that keeps to what the transit engine's API documentation promises.
import assert from 'node:assert/strict'
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import test, { after } from 'node:test'

import { Secret } from '../core/secret.ts'
import { vaultTransitWrapper, type VaultTransitOptions } from './vault-transit.ts'

const versions = [randomBytes(32)]
let answerInstead: ((response: http.ServerResponse) => void) | undefined
const asked: { readonly path: string; readonly namespace: string | undefined }[] = []

const server = http.createServer((request, response) => {
  void answer(request, response)
})

async function answer(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
  let text = ''
  for await (const part of request) text += String(part)
  asked.push({
    path: request.url ?? '',
    namespace: request.headers['x-vault-namespace'] as string | undefined,
  })
  if (answerInstead) return answerInstead(response)
  const send = (status: number, body: unknown): void => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  }
  if (request.headers['x-vault-token'] !== 's.good') return send(403, { errors: ['permission denied'] })
  const match = /^\/v1\/transit\/(encrypt|decrypt|rewrap)\/ringwall$/.exec(request.url ?? '')
  if (!match || request.method !== 'POST') return send(404, { errors: ['no handler for route'] })
  const input = JSON.parse(text) as { plaintext?: string; ciphertext?: string; associated_data?: string }
  const aad = Buffer.from(input.associated_data ?? '', 'base64')
  try {
    const plain =
      match[1] === 'encrypt'
        ? Buffer.from(input.plaintext ?? '', 'base64')
        : openTransit(input.ciphertext ?? '', aad)
    if (match[1] === 'decrypt') return send(200, { data: { plaintext: plain.toString('base64') } })
    send(200, { data: { ciphertext: sealTransit(plain, aad), key_version: versions.length } })
  } catch {
    send(400, { errors: ['cipher: message authentication failed'] })
  }
}

function sealTransit(plain: Buffer, aad: Buffer): string {
  const nonce = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', versions.at(-1) as Buffer, nonce).setAAD(aad)
  const sealed = Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()])
  return `vault:v${versions.length}:${sealed.toString('base64')}`
}

function openTransit(text: string, aad: Buffer): Buffer {
  const [, version, encoded = ''] = /^vault:v(\d+):(.+)$/.exec(text) ?? []
  const sealed = Buffer.from(encoded, 'base64')
  const decipher = createDecipheriv(
    'aes-256-gcm',
    versions[Number(version) - 1] as Buffer,
    sealed.subarray(0, 12),
    {
      authTagLength: 16,
    },
  )
    .setAAD(aad)
    .setAuthTag(sealed.subarray(-16))
  return Buffer.concat([decipher.update(sealed.subarray(12, -16)), decipher.final()])
}

server.listen(0, '127.0.0.1')
await once(server, 'listening')
after(() => server.close().closeAllConnections())
const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
const vault = (more: Partial<VaultTransitOptions> = {}): ReturnType<typeof vaultTransitWrapper> =>
  vaultTransitWrapper({
    address,
    token: new Secret('s.good'),
    key: 'ringwall',
    dangerouslyAllowHttp: true,
    ...more,
  })

const context = { id: 'AAAAAAAAAAAA', scope: 'fields' }
const dataKey = Buffer.alloc(32, 9)

test('a data key is wrapped, unwrapped, and rewrapped after the server rotated its key', async () => {
  const wrapper = vault({ namespace: 'team' })
  const wrapped = await wrapper.wrap(dataKey, context)
  assert.match(wrapped, /^vault:v1:/)
  assert.deepEqual(await wrapper.unwrap(wrapped, context), dataKey)
  assert.ok(wrapper.isNewest(wrapped))
  versions.push(randomBytes(32))
  const next = await wrapper.rewrap(wrapped, context)
  assert.match(next, /^vault:v2:/)
  assert.ok(!wrapper.isNewest(wrapped))
  assert.deepEqual(await wrapper.unwrap(next, context), dataKey)
  assert.equal(wrapper.name, 'vault:transit/ringwall')
  assert.deepEqual(asked.at(-1), { path: '/v1/transit/decrypt/ringwall', namespace: 'team' })
})

test('a wrapped key of another id or scope does not unwrap', async () => {
  const wrapped = await vault().wrap(dataKey, context)
  for (const other of [
    { ...context, id: 'B' },
    { ...context, scope: 'search' },
  ])
    await assert.rejects(
      vault().unwrap(wrapped, other),
      /refused with 400: cipher: message authentication failed/,
    )
})

test('a data key of another length is refused', async () => {
  const wrapped = await vault().wrap(Buffer.alloc(16), context)
  await assert.rejects(vault().unwrap(wrapped, context), { code: 'data.key-unwrap' })
})

test('a wrong token is told apart, and no error holds it', async () => {
  const wrapper = vault({ token: new Secret('s.bad-token') })
  await assert.rejects(wrapper.wrap(dataKey, context), (error: Error) => {
    assert.match(error.message, /refused with 403: permission denied/)
    assert.ok(!JSON.stringify(error).includes('s.bad-token') && !String(error.stack).includes('s.bad-token'))
    return true
  })
})

for (const { name, respond, want } of [
  { name: 'answers too slowly', respond: () => undefined, want: /cannot reach Vault/ },
  {
    name: 'sends us elsewhere',
    respond: (response: http.ServerResponse) =>
      response.writeHead(307, { location: 'http://127.0.0.1:1/' }).end(),
    want: /cannot reach Vault/,
  },
  {
    name: 'answers with a megabyte',
    respond: (response: http.ServerResponse) => response.end('x'.repeat(1_000_000)),
    want: /too much/,
  },
  {
    name: 'answers in HTML',
    respond: (response: http.ServerResponse) => response.end('<html>'),
    want: /without data/,
  },
  {
    name: 'answers with a ciphertext of another form',
    respond: (response: http.ServerResponse) => response.end('{"data":{"ciphertext":"plain"}}'),
    want: /without a ciphertext/,
  },
  {
    name: 'cuts the connection',
    respond: (response: http.ServerResponse) => response.destroy(),
    want: /cannot reach Vault/,
  },
]) {
  test(`a server that ${name} is an error, not a key`, async () => {
    answerInstead = respond
    try {
      await assert.rejects(vault({ timeoutMs: 200 }).wrap(dataKey, context), {
        code: 'data.key-service',
        message: want,
      })
    } finally {
      answerInstead = undefined
    }
  })
}

test('an address without TLS is refused unless that is asked for', () => {
  assert.throws(() => vaultTransitWrapper({ address, token: new Secret('x'), key: 'k' }), /use https/)
  assert.throws(() => vault({ address: 'vault' }), /not an address/)
})

// Where credentials come from, each against a server that answers as AWS documents.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { after } from 'node:test'

import { ManualClock } from '../../core/clock.ts'
import { AwsCredentialSource } from './aws-credentials.ts'

const clock = new ManualClock(Date.UTC(2026, 0, 1))
const directory = mkdtempSync(join(tmpdir(), 'ringwall-aws-'))
after(() => rmSync(directory, { recursive: true, force: true }))
const tokenFile = join(directory, 'token')
writeFileSync(tokenFile, 'the-token\n', { mode: 0o600 })

let asked: string[] = []
let minutes = 60
const server = http.createServer((request, response) => {
  let body = ''
  request.on('data', (part: Buffer) => (body += part.toString()))
  request.on('end', () => {
    const { authorization, 'x-aws-ec2-metadata-token': imds } = request.headers
    asked.push(`${request.method} ${request.url}`)
    const at = new Date(clock.now() + minutes * 60_000).toISOString()
    const one = { AccessKeyId: `AKID${asked.length}`, SecretAccessKey: 's', Expiration: at }
    const send = (status: number, value: unknown): void =>
      void response.writeHead(status).end(typeof value === 'string' ? value : JSON.stringify(value))
    if (request.url === '/latest/api/token') return send(request.method === 'PUT' ? 200 : 405, 'imds-token')
    if (request.url?.startsWith('/latest/') === true && imds !== 'imds-token') return send(401, '')
    if (request.url === '/latest/meta-data/iam/security-credentials/') return send(200, 'my role')
    if (request.url === '/latest/meta-data/iam/security-credentials/my%20role')
      return send(200, { ...one, Token: 't' })
    if (request.url === '/container')
      return authorization === 'the-token' ? send(200, { ...one, Token: 't' }) : send(403, {})
    const form = new URLSearchParams(body)
    if (form.get('Action') !== 'AssumeRoleWithWebIdentity' || form.get('WebIdentityToken') !== 'the-token')
      return send(403, {})
    const { Expiration, ...rest } = one
    const Credentials = { ...rest, SessionToken: 't', Expiration: Date.parse(Expiration) / 1000 }
    send(200, { AssumeRoleWithWebIdentityResponse: { AssumeRoleWithWebIdentityResult: { Credentials } } })
  })
})
server.listen(0, '127.0.0.1')
await once(server, 'listening')
after(() => server.close().closeAllConnections())
const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

for (const { name, env } of [
  { name: 'the machine (IMDSv2)', env: { AWS_EC2_METADATA_SERVICE_ENDPOINT: base } },
  {
    name: 'the container',
    env: {
      AWS_CONTAINER_CREDENTIALS_FULL_URI: `${base}/container`,
      AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: tokenFile,
    },
  },
  {
    name: 'a web identity',
    env: {
      AWS_WEB_IDENTITY_TOKEN_FILE: tokenFile,
      AWS_ROLE_ARN: 'arn:aws:iam::1:role/r',
      AWS_ENDPOINT_URL_STS: base,
    },
  },
]) {
  test(`credentials of ${name} are kept, and replaced five minutes before they end`, async () => {
    asked = []
    minutes = 60
    const source = new AwsCredentialSource(env, 'eu-central-1', clock)
    const id = async (): Promise<string> => {
      const found = await source.get()
      assert.ok(found.ok, JSON.stringify(found))
      assert.equal(found.credentials.sessionToken?.reveal(), 't')
      return found.credentials.accessKeyId
    }
    const [first, second] = await Promise.all([id(), id()])
    const once = asked.length
    assert.equal(second, first)
    assert.equal(await id(), first)
    clock.advance(54 * 60_000)
    assert.equal(await id(), first)
    assert.equal(asked.length, once)
    clock.advance(2 * 60_000)
    assert.notEqual(await id(), first)
  })
}

test('no credentials at all says what to do', async () => {
  const source = new AwsCredentialSource({ AWS_EC2_METADATA_DISABLED: 'true' }, 'eu-central-1', clock)
  const found = await source.get()
  assert.ok(!found.ok)
  assert.match(found.detail, /AWS_ACCESS_KEY_ID/)
})

// Servers on the loopback that keep to what AWS Secrets Manager and Vault document, for tests of what speaks to them.
import { createHash, createHmac, randomUUID, timingSafeEqual } from 'node:crypto'
import { once } from 'node:events'
import http from 'node:http'
import type { AddressInfo } from 'node:net'

/** A server, what it was asked, and how to make it fail. */
export interface TestServer {
  readonly url: string
  readonly asked: string[]
  /** `down`: connections are cut. `silent`: no answer. `failing`: status 500. */
  mood: 'well' | 'down' | 'silent' | 'failing'
  close(): void
}

type Answer = { readonly status: number; readonly body: unknown }

async function serve(answer: (request: http.IncomingMessage, body: string) => Answer): Promise<TestServer> {
  const server = http.createServer((request, response) => {
    void (async () => {
      let body = ''
      request.setEncoding('utf8')
      for await (const part of request) body += String(part)
      if (rig.mood === 'down') request.socket.destroy()
      if (rig.mood === 'down' || rig.mood === 'silent') return
      const { status, body: said } =
        rig.mood === 'failing' ? { status: 500, body: {} } : answer(request, body)
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(said))
    })()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const rig: TestServer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked: [],
    mood: 'well',
    close: () => server.close().closeAllConnections(),
  }
  return rig
}

/** One version of a secret in the test's Secrets Manager. */
interface AwsVersion {
  readonly id: string
  readonly text: string
  readonly createdSeconds: number
}

/** AWS Secrets Manager: checks every signature (Signature Version 4) from the head as it was received. */
export async function startSecretsManager(
  keys: Map<string, { secret: string; token?: string }>,
): Promise<TestServer & { readonly secrets: Map<string, AwsVersion[]> }> {
  const secrets = new Map<string, AwsVersion[]>()
  const refuse = (type: string, status = 400): Answer => ({
    status,
    body: { __type: type, Message: `${type} it is` },
  })
  const rig = await serve((request, body) => {
    const wrong = signatureFault(request, body, keys)
    const action = String(request.headers['x-amz-target']).replace('secretsmanager.', '')
    rig.asked.push(wrong === undefined ? action : `${action}: ${wrong}`)
    if (wrong !== undefined) return refuse(wrong)
    if (request.headers['content-type'] !== 'application/x-amz-json-1.1')
      return refuse('SerializationException')
    const input = JSON.parse(body) as { SecretId: string; SecretString?: string; ClientRequestToken?: string }
    const versions = secrets.get(input.SecretId)
    const latest = versions?.at(-1)
    if (!versions || !latest) return refuse('ResourceNotFoundException')
    if (input.SecretId.includes('forbidden')) return refuse('AccessDeniedException')
    if (action === 'PutSecretValue') {
      if (!/^[A-Za-z0-9-]{32,64}$/.test(input.ClientRequestToken ?? ''))
        return refuse('InvalidRequestException')
      versions.push({
        id: input.ClientRequestToken as string,
        text: input.SecretString as string,
        createdSeconds: latest.createdSeconds + 60,
      })
      return { status: 200, body: { Name: input.SecretId, VersionId: input.ClientRequestToken } }
    }
    if (action !== 'GetSecretValue') return refuse('UnknownOperationException')
    return {
      status: 200,
      body: {
        Name: input.SecretId,
        VersionId: latest.id,
        SecretString: latest.text,
        CreatedDate: latest.createdSeconds,
      },
    }
  })
  return Object.assign(rig, { secrets })
}

/** A version as it would be after the first write. */
export function awsVersion(text: string, createdSeconds = 1_767_225_600.123): AwsVersion {
  return { id: randomUUID(), text, createdSeconds }
}

/** Checks a signature from the received head: what the header says was signed is what is hashed. */
export function signatureFault(
  request: http.IncomingMessage,
  body: string,
  keys: ReadonlyMap<string, { readonly secret: string; readonly token?: string }>,
): string | undefined {
  const form =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/([^/]+)\/aws4_request, ?SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})$/
  const found = form.exec(request.headers.authorization ?? '')
  if (!found) return 'IncompleteSignatureException'
  const [, id = '', day = '', region = '', service = '', names = '', signature = ''] = found
  const key = keys.get(id)
  if (!key) return 'UnrecognizedClientException'
  if (key.token !== request.headers['x-amz-security-token']) return 'ExpiredTokenException'
  const signed = names.split(';')
  for (const needed of ['host', 'x-amz-date'])
    if (!signed.includes(needed)) return 'InvalidSignatureException'
  const stamp = String(request.headers['x-amz-date'])
  if (
    !stamp.startsWith(day) ||
    Math.abs(Date.now() - Date.parse(stamp.replace(/^(....)(..)(..T..)(..)(..Z)$/, '$1-$2-$3:$4:$5'))) >
      300_000
  )
    return 'InvalidSignatureException'
  const hash = (text: string): string => createHash('sha256').update(text).digest('hex')
  const canonical = [
    request.method,
    request.url?.split('?')[0] ?? '/',
    '',
    ...signed.map((name) => `${name}:${String(request.headers[name]).trim()}`),
    '',
    names,
    hash(body),
  ].join('\n')
  const text = ['AWS4-HMAC-SHA256', stamp, `${day}/${region}/${service}/aws4_request`, hash(canonical)].join(
    '\n',
  )
  const derived = [day, region, service, 'aws4_request'].reduce(
    (secret, part) => createHmac('sha256', secret).update(part).digest(),
    Buffer.from(`AWS4${key.secret}`) as Buffer,
  )
  const right = createHmac('sha256', derived).update(text).digest()
  return timingSafeEqual(right, Buffer.from(signature, 'hex')) ? undefined : 'InvalidSignatureException'
}

/** What the test's Vault holds and how it lets in. */
export interface TestVault extends TestServer {
  readonly secrets: Map<string, { data: Record<string, unknown>; created: string }[]>
  /** Tokens that count, with the millisecond of their end. */
  readonly tokens: Map<string, { endMs: number; maxMs: number }>
  leaseSeconds: number
}

/** Vault: key-value engine 2 at `secret`, logins by AppRole and Kubernetes, tokens with leases. */
export async function startVault(now: () => number): Promise<TestVault> {
  const secrets: TestVault['secrets'] = new Map()
  const tokens: TestVault['tokens'] = new Map()
  const refuse = (status: number, ...errors: string[]): Answer => ({ status, body: { errors } })
  const login = (isRight: boolean): Answer => {
    if (!isRight) return refuse(400, 'invalid role or secret ID')
    const token = `hvs.${randomUUID()}`
    tokens.set(token, { endMs: now() + rig.leaseSeconds * 1000, maxMs: now() + rig.leaseSeconds * 2500 })
    return lease(token, rig.leaseSeconds)
  }
  const lease = (token: string, seconds: number): Answer => ({
    status: 200,
    body: { auth: { client_token: token, lease_duration: seconds, renewable: true } },
  })
  const server = await serve((request, body) => {
    const path = (request.url ?? '').replace('/v1/', '')
    rig.asked.push(`${request.method} ${path}`)
    if (request.headers['x-vault-request'] !== 'true') return refuse(400, 'missing X-Vault-Request')
    const input = body === '' ? {} : (JSON.parse(body) as Record<string, unknown>)
    if (path === 'auth/approle/login')
      return login(input['role_id'] === 'role' && input['secret_id'] === 'right')
    if (path === 'auth/kubernetes/login')
      return login(input['role'] === 'app' && input['jwt'] === 'service-account')
    const token = String(request.headers['x-vault-token'])
    const known = tokens.get(token)
    if (!known || known.endMs <= now()) return refuse(403, 'permission denied')
    if (path === 'auth/token/lookup-self')
      return {
        status: 200,
        body: { data: { ttl: Math.ceil((known.endMs - now()) / 1000), renewable: true } },
      }
    if (path === 'auth/token/renew-self') {
      known.endMs = Math.min(now() + rig.leaseSeconds * 1000, known.maxMs)
      return lease(token, Math.floor((known.endMs - now()) / 1000))
    }
    const name = /^secret\/data\/(.+)$/.exec(path)?.[1]
    if (name === undefined) return refuse(404)
    if (name === 'forbidden') return refuse(403, '1 error occurred:\n\t* permission denied\n\n')
    const versions = secrets.get(name) ?? []
    if (request.method === 'POST') {
      const { cas } = (input['options'] ?? {}) as { cas?: number }
      if (cas !== undefined && cas !== versions.length)
        return refuse(400, 'check-and-set parameter did not match the current version')
      versions.push({
        data: input['data'] as Record<string, unknown>,
        created: new Date(now()).toISOString(),
      })
      secrets.set(name, versions)
      return { status: 200, body: { data: { version: versions.length } } }
    }
    const latest = versions.at(-1)
    if (!latest) return refuse(404)
    return {
      status: 200,
      body: {
        data: { data: latest.data, metadata: { version: versions.length, created_time: latest.created } },
      },
    }
  })
  const rig: TestVault = Object.assign(server, { secrets, tokens, leaseSeconds: 600 })
  return rig
}

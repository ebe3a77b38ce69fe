import type { Clock } from '../../core/clock.ts'
import { Secret } from '../../core/secret.ts'
import { boundedFetch, objectIn, parseObject } from '../bounded-fetch.ts'
import { fault, type SecretFault } from './provider.ts'
import { readSecretFile } from './secret-file.ts'
import type { AwsCredentials } from './sigv4.ts'

type Env = Readonly<Record<string, string | undefined>>
type Found = { readonly ok: true; readonly credentials: AwsCredentials } | SecretFault

const MAX_BYTES = 65_536
const TIMEOUT_MS = 2000
/** Temporary credentials are replaced that long before they end. */
const AHEAD_MS = 300_000

/** Gives the credentials of this machine, and keeps them until they are about to end. */
export class AwsCredentialSource {
  readonly #env: Env
  readonly #region: string
  readonly #clock: Clock
  #kept: AwsCredentials | undefined
  #asking: Promise<Found> | undefined

  constructor(env: Env, region: string, clock: Clock) {
    this.#env = env
    this.#region = region
    this.#clock = clock
  }

  async get(): Promise<Found> {
    const kept = this.#kept
    if (kept && (kept.expiresMs ?? Infinity) - AHEAD_MS > this.#clock.now())
      return { ok: true, credentials: kept }
    this.#asking ??= this.#ask().finally(() => (this.#asking = undefined))
    const found = await this.#asking
    if (found.ok) this.#kept = found.credentials
    // Until they end, the older ones are as good.
    else if (kept && (kept.expiresMs ?? Infinity) > this.#clock.now()) return { ok: true, credentials: kept }
    return found
  }

  /** The service refused them: the next call asks anew. */
  forget(): void {
    this.#kept = undefined
  }

  /** In the order of the SDKs: the environment, a web identity (EKS), the container (ECS, EKS pod identity), the machine (IMDSv2). */
  async #ask(): Promise<Found> {
    const env = this.#env
    const id = env['AWS_ACCESS_KEY_ID']
    const key = env['AWS_SECRET_ACCESS_KEY']
    if (id !== undefined && key !== undefined) {
      const token = env['AWS_SESSION_TOKEN']
      return {
        ok: true,
        credentials: {
          accessKeyId: id,
          secretAccessKey: new Secret(key),
          ...(token !== undefined && token !== '' && { sessionToken: new Secret(token) }),
        },
      }
    }
    const tokenFile = env['AWS_WEB_IDENTITY_TOKEN_FILE']
    const role = env['AWS_ROLE_ARN']
    if (tokenFile !== undefined && role !== undefined) return this.#fromWebIdentity(tokenFile, role)
    const path = env['AWS_CONTAINER_CREDENTIALS_RELATIVE_URI']
    const full = env['AWS_CONTAINER_CREDENTIALS_FULL_URI']
    if (path !== undefined) return this.#fromContainer(`http://169.254.170.2${path}`)
    if (full !== undefined) return this.#fromContainer(full)
    if (env['AWS_EC2_METADATA_DISABLED'] === 'true')
      return fault(
        'denied',
        'no AWS credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give this machine a role',
      )
    return this.#fromMachine(env['AWS_EC2_METADATA_SERVICE_ENDPOINT'] ?? 'http://169.254.169.254')
  }

  async #fromWebIdentity(tokenFile: string, role: string): Promise<Found> {
    const token = readSecretFile(tokenFile)
    if (!token.ok) return token
    const base = this.#env['AWS_ENDPOINT_URL_STS'] ?? `https://sts.${this.#region}.amazonaws.com`
    const body = new URLSearchParams({
      Action: 'AssumeRoleWithWebIdentity',
      Version: '2011-06-15',
      RoleArn: role,
      RoleSessionName: this.#env['AWS_ROLE_SESSION_NAME'] ?? 'ringwall',
      WebIdentityToken: token.text.trim(),
    })
    const answer = await boundedFetch({
      url: `${base}/`,
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
      body: body.toString(),
      timeoutMs: TIMEOUT_MS,
      maxBytes: MAX_BYTES,
    })
    if (!answer.ok) return fault('unreachable', `cannot reach AWS STS: ${answer.detail}`)
    const said = objectIn(
      objectIn(parseObject(answer.text), 'AssumeRoleWithWebIdentityResponse'),
      'AssumeRoleWithWebIdentityResult',
    )
    return credentialsIn(objectIn(said, 'Credentials'), 'SessionToken', answer.status, 'AWS STS')
  }

  async #fromContainer(url: string): Promise<Found> {
    const tokenFile = this.#env['AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE']
    let token = this.#env['AWS_CONTAINER_AUTHORIZATION_TOKEN']
    if (tokenFile !== undefined) {
      const read = readSecretFile(tokenFile)
      if (!read.ok) return read
      token = read.text.trim()
    }
    const answer = await boundedFetch({
      url,
      method: 'GET',
      headers: token === undefined ? {} : { authorization: token },
      timeoutMs: TIMEOUT_MS,
      maxBytes: MAX_BYTES,
    })
    if (!answer.ok) return fault('unreachable', `cannot reach the container's credentials: ${answer.detail}`)
    return credentialsIn(parseObject(answer.text), 'Token', answer.status, "the container's credentials")
  }

  /** IMDSv2: a token first, so that a request forged through us cannot get it. */
  async #fromMachine(base: string): Promise<Found> {
    const ask = (path: string, method: 'GET' | 'PUT', headers: Record<string, string>) =>
      boundedFetch({ url: `${base}${path}`, method, headers, timeoutMs: TIMEOUT_MS, maxBytes: MAX_BYTES })
    const token = await ask('/latest/api/token', 'PUT', { 'x-aws-ec2-metadata-token-ttl-seconds': '300' })
    if (!token.ok || token.status !== 200)
      return fault(
        'unreachable',
        'no AWS credentials in the environment, and no metadata service of a machine answers',
      )
    const headers = { 'x-aws-ec2-metadata-token': token.text }
    const list = '/latest/meta-data/iam/security-credentials/'
    const role = await ask(list, 'GET', headers)
    const name = role.ok && role.status === 200 ? (role.text.split('\n')[0] ?? '').trim() : ''
    if (name === '') return fault('denied', 'this machine has no AWS role; give it an instance profile')
    const answer = await ask(`${list}${encodeURIComponent(name)}`, 'GET', headers)
    if (!answer.ok) return fault('unreachable', `cannot reach the metadata service: ${answer.detail}`)
    return credentialsIn(parseObject(answer.text), 'Token', answer.status, 'the metadata service')
  }
}

function credentialsIn(
  said: Record<string, unknown> | undefined,
  tokenName: string,
  status: number,
  who: string,
): Found {
  const [id, key, token, ends] = ['AccessKeyId', 'SecretAccessKey', tokenName, 'Expiration'].map(
    (name) => said?.[name],
  )
  if (status !== 200 || typeof id !== 'string' || typeof key !== 'string')
    return fault(status >= 500 ? 'unreachable' : 'denied', `${who} gave no credentials (status ${status})`)
  // STS counts in seconds as JSON, the others write dates.
  const expiresMs =
    typeof ends === 'number' ? ends * 1000 : typeof ends === 'string' ? Date.parse(ends) : Number.NaN
  return {
    ok: true,
    credentials: {
      accessKeyId: id,
      secretAccessKey: new Secret(key),
      ...(typeof token === 'string' && { sessionToken: new Secret(token) }),
      ...(Number.isFinite(expiresMs) && { expiresMs }),
    },
  }
}

import type { Clock } from '../../core/clock.ts'
import { RingwallError } from '../../core/errors.ts'
import { Secret } from '../../core/secret.ts'
import { boundedFetch, objectIn, parseObject } from '../bounded-fetch.ts'
import { fault, type SecretFault } from './provider.ts'
import { readSecretFile } from './secret-file.ts'

/** How we prove to Vault or OpenBao who we are. */
export type VaultLogin =
  | { readonly method: 'token'; readonly token: Secret }
  | { readonly method: 'approle'; readonly roleId: string; readonly secretId: Secret; readonly mount: string }
  | {
      readonly method: 'kubernetes'
      readonly role: string
      readonly tokenFile: string
      readonly mount: string
    }

/** Where Vault or OpenBao is. */
export interface VaultOptions {
  /** Such as `https://vault.example.com:8200`. */
  readonly address: string
  readonly login: VaultLogin
  readonly clock: Clock
  readonly namespace?: string
  readonly timeoutMs?: number
  /** For a server on this machine in tests; tokens go over the wire in clear. */
  readonly dangerouslyAllowHttp?: boolean
}

/** An answer of Vault. */
export type VaultAnswer =
  | { readonly ok: true; readonly status: number; readonly said: Record<string, unknown> }
  | SecretFault

interface Lease {
  readonly token: Secret
  /** When it is renewed; undefined: it does not end. */
  readonly renewMs: number | undefined
  readonly endMs: number
  readonly isRenewable: boolean
}

const MAX_ANSWER_BYTES = 1_048_576

/** Speaks to Vault: logs in, renews the lease of its token at two thirds, and logs in again when the token is refused or has ended. */
export class VaultClient {
  readonly #options: VaultOptions
  readonly #base: string
  #lease: Lease | undefined
  #leasing: Promise<Lease | SecretFault> | undefined

  constructor(options: VaultOptions) {
    const url = URL.parse(options.address)
    if (!url || (url.protocol !== 'https:' && url.protocol !== 'http:'))
      throw new RingwallError(
        'secret.vault-address',
        `\`${options.address}\` is not an address; write https://host:8200`,
      )
    if (url.protocol === 'http:' && options.dangerouslyAllowHttp !== true)
      throw new RingwallError(
        'secret.vault-address',
        `\`${options.address}\` would send the token in clear; use https`,
      )
    this.#options = options
    this.#base = `${url.origin}/v1/`
  }

  /** Asks with our token. 404 is an answer: its body may say more. */
  async ask(method: 'GET' | 'POST', path: string, input?: object): Promise<VaultAnswer> {
    for (let attempt = 0; ; attempt++) {
      const lease = await this.#leased()
      if ('ok' in lease) return lease
      const answer = await this.#send(method, path, input, lease.token)
      if (answer.ok || answer.reason !== 'denied' || attempt > 0 || this.#options.login.method === 'token')
        return answer
      // The token may have been revoked: a new one is another matter than no permission.
      if (this.#lease === lease) this.#lease = undefined
    }
  }

  async #leased(): Promise<Lease | SecretFault> {
    const nowMs = this.#options.clock.now()
    const lease = this.#lease
    if (lease && (lease.renewMs === undefined || nowMs < lease.renewMs)) return lease
    this.#leasing ??= this.#renewOrLogin().finally(() => (this.#leasing = undefined))
    const next = await this.#leasing
    if (!('ok' in next)) {
      this.#lease = next
      return next
    }
    return lease && nowMs < lease.endMs ? lease : next
  }

  async #renewOrLogin(): Promise<Lease | SecretFault> {
    const lease = this.#lease
    const { login, clock } = this.#options
    if (lease?.isRenewable === true && clock.now() < lease.endMs) {
      const answer = await this.#send('POST', 'auth/token/renew-self', {}, lease.token)
      const renewed = answer.ok ? this.#leaseIn(objectIn(answer.said, 'auth'), lease.token) : undefined
      // At its longest life a token is renewed for less and less: then a login is due.
      if (renewed && (renewed.renewMs === undefined || renewed.renewMs > clock.now() + 1000)) return renewed
    }
    if (login.method === 'token') return this.#leaseOfToken(login.token)
    const input = this.#loginInput()
    if (!input.ok) return input
    const answer = await this.#send('POST', `auth/${login.mount}/login`, input.input, undefined)
    if (!answer.ok) return { ...answer, detail: `login by ${login.method}: ${answer.detail}` }
    return this.#leaseIn(objectIn(answer.said, 'auth'), undefined) ?? fault('denied', 'Vault gave no token')
  }

  #loginInput(): { readonly ok: true; readonly input: object } | SecretFault {
    const { login } = this.#options
    if (login.method === 'approle')
      return { ok: true, input: { role_id: login.roleId, secret_id: login.secretId.reveal() } }
    if (login.method !== 'kubernetes') return { ok: true, input: {} }
    const token = readSecretFile(login.tokenFile)
    return token.ok ? { ok: true, input: { role: login.role, jwt: token.text.trim() } } : token
  }

  /** A token that was given: Vault says how long it lives. */
  async #leaseOfToken(token: Secret): Promise<Lease | SecretFault> {
    const answer = await this.#send('GET', 'auth/token/lookup-self', undefined, token)
    if (!answer.ok) return answer
    const data = objectIn(answer.said, 'data')
    const lease = this.#leaseIn(
      { client_token: token.reveal(), lease_duration: data?.['ttl'], renewable: data?.['renewable'] },
      token,
    )
    return lease ?? fault('denied', 'Vault does not know this token')
  }

  #leaseIn(
    auth: Readonly<Record<string, unknown>> | undefined,
    known: Secret | undefined,
  ): Lease | undefined {
    const text = auth?.['client_token']
    const token = known ?? (typeof text === 'string' && text !== '' ? new Secret(text) : undefined)
    const seconds = Number(auth?.['lease_duration'] ?? 0)
    if (!token || !auth || !Number.isFinite(seconds)) return undefined
    const nowMs = this.#options.clock.now()
    return seconds > 0
      ? {
          token,
          renewMs: nowMs + seconds * 667,
          endMs: nowMs + seconds * 1000,
          isRenewable: auth['renewable'] === true,
        }
      : { token, renewMs: undefined, endMs: Infinity, isRenewable: false }
  }

  async #send(
    method: 'GET' | 'POST',
    path: string,
    input: object | undefined,
    token: Secret | undefined,
  ): Promise<VaultAnswer> {
    const { namespace, timeoutMs = 5000 } = this.#options
    const answer = await boundedFetch({
      url: `${this.#base}${path.split('/').map(encodeURIComponent).join('/')}`,
      method,
      headers: {
        'x-vault-request': 'true',
        ...(input && { 'content-type': 'application/json' }),
        ...(token && { 'x-vault-token': token.reveal() }),
        ...(namespace !== undefined && { 'x-vault-namespace': namespace }),
      },
      ...(input && { body: JSON.stringify(input) }),
      timeoutMs,
      maxBytes: MAX_ANSWER_BYTES,
    })
    if (!answer.ok) return fault('unreachable', `cannot reach Vault: ${answer.detail}`)
    const { status } = answer
    const said = parseObject(answer.text) ?? {}
    if (status === 200 || status === 204 || status === 404) return { ok: true, status, said }
    const errors = Array.isArray(said['errors']) ? said['errors'].map(String).join('; ') : ''
    const detail = `Vault refused with ${status}: ${errors.replaceAll(/\s+/g, ' ').trim().slice(0, 300) || 'no reason'}`
    return fault(status === 429 || status === 412 || status >= 500 ? 'unreachable' : 'denied', detail)
  }
}

import { createPrivateKey, X509Certificate } from 'node:crypto'
import { Agent } from 'node:https'

import type { Client, Order } from 'acme-client'

import type { Secret } from '../core/secret.ts'
import type { AcmeAuthority } from './acme-account.ts'
import type { ChallengeFolder } from './acme-challenges.ts'
import { readCertificateFields, renewalCertId } from './certificate-fields.ts'

/** What is ordered. */
export interface AcmeOrder {
  readonly authority: AcmeAuthority
  readonly accountKey: Secret
  readonly email: string | undefined
  readonly names: readonly string[]
  readonly challenge: 'http-01' | 'tls-alpn-01'
  readonly challenges: ChallengeFolder
  /** The certificate that the new one takes the place of, with its key, as PEM. */
  readonly replaces: string | undefined
  /** Whose key the new one has too; undefined for a new key. */
  readonly keyOf: string | undefined
}

/** When the authority would like to be asked for a new certificate (RFC 9773 4.2). */
export interface RenewalWindow {
  readonly startMs: number
  readonly endMs: number
  /** When to ask again. */
  readonly askAgainMs: number
}

const TIMEOUT_MS = 30_000
const MAX_ANSWER_BYTES = 1024 * 1024
const MINUTE_MS = 60_000
const DAY_MS = 86_400_000
const ASK_AGAIN_MS = 6 * 3_600_000

type Acme = typeof import('acme-client')

const agents = new Map<string, Agent>()
let loaded: Acme | undefined

/**
 * The client library, loaded only where certificates are got. It retries on its own, as long as an authority pleases; that is
 * switched off, since the schedule does it. Every request is bounded in time and size, and a private authority is known by its own root.
 */
async function load(authority: AcmeAuthority): Promise<Acme> {
  if (!loaded) {
    await import('reflect-metadata')
    loaded = (await import('acme-client')).default
    const { axios } = loaded
    const { acmeSettings } = axios.defaults as unknown as { acmeSettings: { retryMaxAttempts: number } }
    acmeSettings.retryMaxAttempts = 0
    Object.assign(axios.defaults, {
      timeout: TIMEOUT_MS,
      maxContentLength: MAX_ANSWER_BYTES,
      maxRedirects: 0,
    })
    axios.interceptors.request.use((config) => {
      const agent = agents.get(URL.parse(config.url ?? '')?.origin ?? '')
      if (agent) config.httpsAgent = agent
      return config
    })
  }
  if (authority.ca !== undefined)
    agents.set(new URL(authority.directory).origin, new Agent({ ca: authority.ca, maxCachedSessions: 0 }))
  return loaded
}

/** Orders a certificate and shows control of its names (RFC 8555 7.4). Gives the chain and its new key in one PEM. */
export async function orderCertificate(order: AcmeOrder): Promise<string> {
  const { authority, names } = order
  const acme = await load(authority)
  const client = new acme.Client({
    directoryUrl: authority.directory,
    accountKey: order.accountKey.reveal(),
    backoffAttempts: 20,
    backoffMin: 1000,
    backoffMax: 15_000,
    ...(authority.external && {
      externalAccountBinding: { kid: authority.external.kid, hmacKey: authority.external.hmacKey.reveal() },
    }),
  })
  await openAccount(client, order.email)
  const opened = await openOrder(client, order)
  for (const authorization of await client.getAuthorizations(opened)) {
    if (authorization.status === 'valid') continue
    const challenge = authorization.challenges.find(({ type }) => type === order.challenge)
    if (!challenge)
      throw new Error(`the authority offers no ${order.challenge} for ${authorization.identifier.value}`)
    const keyAuthorization = await client.getChallengeKeyAuthorization(challenge)
    const host = authorization.identifier.value
    try {
      if (order.challenge === 'http-01') order.challenges.putToken(challenge.token, keyAuthorization)
      else {
        const [key, certificate] = await acme.crypto.createAlpnCertificate(authorization, keyAuthorization)
        order.challenges.putCertificate(host, `${certificate.toString()}\n${key.toString()}`)
      }
      await client.completeChallenge(challenge)
      await client.waitForValidStatus(challenge)
    } finally {
      order.challenges.remove(
        order.challenge === 'http-01' ? 'http' : 'alpn',
        order.challenge === 'http-01' ? challenge.token : host,
      )
    }
  }
  const [key, request] = await acme.crypto.createCsr(
    { altNames: [...names] },
    order.keyOf === undefined
      ? await acme.crypto.createPrivateEcdsaKey('P-256')
      : createPrivateKey(order.keyOf).export({ type: 'pkcs8', format: 'pem' }),
  )
  const chain = await client.getCertificate(await client.finalizeOrder(opened, request))
  return `${chain.trimEnd()}\n${key.toString().trimEnd()}\n`
}

/** RFC 8555 7.3: makes the account, or finds the one of this key. The library then updates it, which may be nothing to do. */
async function openAccount(client: Client, email: string | undefined): Promise<void> {
  const contact = email === undefined ? {} : { contact: [`mailto:${email}`] }
  try {
    await client.createAccount({ termsOfServiceAgreed: true, ...contact })
  } catch (thrown) {
    try {
      client.getAccountUrl()
    } catch {
      throw thrown
    }
  }
}

/** RFC 9773 5: the order says which certificate it replaces. An authority that does not want to hear it gets a plain order. */
async function openOrder(client: Client, { names, replaces }: AcmeOrder): Promise<Order> {
  const identifiers = names.map((value) => ({ type: 'dns', value }))
  const id =
    replaces === undefined
      ? undefined
      : renewalCertId(readCertificateFields(new X509Certificate(replaces).raw))
  if (id !== undefined) {
    try {
      const request = { identifiers, replaces: id }
      return await client.createOrder(request)
    } catch {
      // `alreadyReplaced`, or an authority that takes no unknown fields.
    }
  }
  return client.createOrder({ identifiers })
}

/** Renewal information (RFC 9773): undefined where the authority has none for this certificate. */
export async function askRenewalWindow(
  authority: AcmeAuthority,
  pem: string,
  nowMs: number,
): Promise<RenewalWindow | undefined> {
  const { axios } = await load(authority)
  const id = renewalCertId(readCertificateFields(new X509Certificate(pem).raw))
  const directory = (await axios.get(authority.directory)).data as { renewalInfo?: unknown }
  if (id === undefined || typeof directory.renewalInfo !== 'string') return undefined
  const { data, headers } = await axios.get(`${directory.renewalInfo.replace(/\/$/, '')}/${id}`)
  const { start, end } = ((data as { suggestedWindow?: { start?: unknown; end?: unknown } } | undefined)
    ?.suggestedWindow ?? {}) as {
    start?: string
    end?: string
  }
  const [startMs, endMs] = [Date.parse(String(start)), Date.parse(String(end))]
  if (!(startMs < endMs)) return undefined
  const seconds = Number(headers['retry-after'])
  // 4.3.1: not more than once a minute, and not less than once a day.
  const pauseMs = Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : ASK_AGAIN_MS
  return { startMs, endMs, askAgainMs: nowMs + Math.min(DAY_MS, Math.max(MINUTE_MS, pauseMs)) }
}

import { connect as connectTcp, type LookupFunction, type Socket } from 'node:net'
import { connect as connectTls, type ConnectionOptions } from 'node:tls'

import { formatIp, parseIp } from '../core/ip.ts'
import { canonicalHost, resolveHost } from './egress-destination.ts'
import type { EgressPolicy, EgressReason } from './egress-policy.ts'

/** What the guards add to the reasons of a policy: things that only show while a request is under way. */
export type EgressFault =
  | EgressReason
  | 'redirect-limit'
  | 'redirect-downgrade'
  | 'redirect-body'
  | 'redirect'
  | 'response-too-large'
  | 'timeout'
  | 'socket-path'

/** Thrown by the guarded clients in place of a connection or an answer. The detail is for the log, never for a client. */
export class EgressRefused extends Error {
  readonly reason: EgressFault

  constructor(reason: EgressFault, detail: string) {
    super(detail)
    this.name = 'EgressRefused'
    this.reason = reason
  }
}

/** Where to connect, and how. */
export interface Target {
  readonly scheme: 'http' | 'https'
  readonly hostname: string
  readonly port: number
  /** Default: TLS where the scheme is https. False gives the bare socket of a tunnel. */
  readonly isTls?: boolean
  /** Of TLS: what the caller's agent says of certificates and names. */
  readonly tls?: ConnectionOptions
}

/**
 * Opens a socket to a target that the policy allows.
 * INVARIANT: the host is resolved once, every address is judged, and the socket goes to one of exactly these addresses; the
 * platform is handed the addresses in place of a name, and the peer is compared once more when the socket is open.
 */
export async function openChecked(target: Target, policy: EgressPolicy): Promise<Socket> {
  const host = canonicalHost(target.hostname)
  if (host === undefined)
    throw new EgressRefused('url-malformed', 'the host is neither a name nor an address')
  const refused = policy.judgeTarget(target.scheme, host, target.port)
  if (refused) throw new EgressRefused(refused.reason, refused.detail)
  const resolved = await resolveHost(host, policy)
  if (!resolved.ok) throw new EgressRefused(resolved.reason, resolved.detail)
  const socket = await open(host, target, resolved.addresses, policy)
  const peer = parseIp(socket.remoteAddress ?? '')
  if (peer && resolved.addresses.includes(formatIp(peer))) return socket
  socket.destroy()
  throw new EgressRefused(
    'address-internal',
    `\`${host}\`: the socket went to ${socket.remoteAddress ?? 'nowhere'}`,
  )
}

function open(
  host: string,
  target: Target,
  addresses: readonly string[],
  policy: EgressPolicy,
): Promise<Socket> {
  const { connectTimeoutMs: timeoutMs, ca } = policy
  const [first = ''] = addresses
  const how = {
    // The name is for certificates and messages; with a lookup of ours it is never resolved.
    host: parseIp(host) ? first : host,
    port: target.port,
    lookup: lookupOf(addresses),
    autoSelectFamily: true,
  }
  const isTls = target.isTls ?? target.scheme === 'https'
  const isName = !parseIp(host)
  const socket = isTls
    ? connectTls({
        ALPNProtocols: ['http/1.1'],
        ...(isName && { servername: host }),
        ...(ca && { ca: [...ca] }),
        ...pickTls(target.tls),
        ...how,
      })
    : connectTcp(how)
  return new Promise<Socket>((resolve, reject) => {
    const timer = setTimeout(
      () =>
        socket.destroy(new EgressRefused('timeout', `no connection to \`${host}\` within ${timeoutMs} ms`)),
      timeoutMs,
    )
    const onError = (error: Error): void => {
      clearTimeout(timer)
      reject(error)
    }
    socket.once('error', onError)
    socket.once(isTls ? 'secureConnect' : 'connect', () => {
      clearTimeout(timer)
      socket.off('error', onError)
      resolve(socket.setNoDelay(true))
    })
  })
}

/** Answers the platform's question for addresses with those that were judged. */
function lookupOf(addresses: readonly string[]): LookupFunction {
  const found = addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }))
  return (_name, options, callback) => {
    const [first] = found
    if (options.all === true) callback(null, found)
    else callback(null, first?.address ?? '', first?.family)
  }
}

const TLS_KEYS = [
  'ca',
  'cert',
  'key',
  'pfx',
  'passphrase',
  'ciphers',
  'minVersion',
  'maxVersion',
  'servername',
  'rejectUnauthorized',
  'checkServerIdentity',
  'secureContext',
  'ALPNProtocols',
] as const

/** Of the options of a request only those about TLS: `lookup`, `socket`, `path` and `host` would lead around the check. */
function pickTls(options: ConnectionOptions | undefined): ConnectionOptions {
  if (!options) return {}
  return Object.fromEntries(
    TLS_KEYS.filter((key) => options[key] !== undefined).map((key) => [key, options[key]]),
  )
}

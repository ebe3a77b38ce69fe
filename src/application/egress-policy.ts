import { RingwallError } from '../core/errors.ts'
import { matchesHost } from '../core/host-pattern.ts'
import { formatIp, type IpAddress, IpList, parseIp, parseNetwork } from '../core/ip.ts'
import { createResolver, type EgressLookup } from './egress-lookup.ts'
import { specialNetwork } from '../core/special-networks.ts'

/** Where an application may send requests, and how much may come back. */
export interface EgressOptions {
  /** Default: both, as the guide has it. */
  readonly schemes?: readonly ('http' | 'https')[]
  /** Default: 80 and 443. */
  readonly ports?: readonly number[] | 'any'
  /**
   * Names (`api.example.com`), names below one (`*.example.com`), addresses and networks. When given, nothing else may be
   * reached. An allowed name does not open its addresses: those are judged on their own.
   */
  readonly allowedHosts?: readonly string[]
  /** As `allowedHosts`; wins over it. */
  readonly blockedHosts?: readonly string[]
  /**
   * Opens loopback, private and special networks: all of them, or those that are named. Anyone who can choose a URL then reaches
   * what listens there. Cloud metadata stays closed.
   */
  readonly dangerouslyAllowPrivateNetworks?: boolean | readonly string[]
  /** Default: 5. */
  readonly maxRedirects?: number
  /** Of a response, decoded. Default: 10 MB. */
  readonly maxResponseBytes?: number
  /** From the first look-up to the last byte of the body. Default: 10 s. */
  readonly timeoutMs?: number
  /** Of one connection, TLS included. Default: 5 s. */
  readonly connectTimeoutMs?: number
  /** Of one look-up. Default: 3 s. */
  readonly lookupTimeoutMs?: number
  /** Certificates in PEM to trust in place of the platform's, for an authority of one's own. */
  readonly ca?: string | readonly string[]
  /** Finds the addresses of a name. Default: the servers of the system, asked directly. */
  readonly lookup?: EgressLookup
}

/** Why a destination is refused. */
export type EgressReason =
  | 'url-malformed'
  | 'scheme'
  | 'credentials-in-url'
  | 'port'
  | 'host-blocked'
  | 'host-not-allowed'
  | 'host-internal'
  | 'address-internal'
  | 'address-metadata'
  | 'address-blocked'
  | 'unresolved'

/** A destination that was refused: a word for programs and a sentence for the log, never for a client. */
export interface EgressRefusal {
  readonly ok: false
  readonly reason: EgressReason
  readonly detail: string
}

/** A policy that was checked once; every guard of this room takes it. */
export interface EgressPolicy {
  readonly maxRedirects: number
  readonly maxResponseBytes: number
  readonly timeoutMs: number
  readonly connectTimeoutMs: number
  readonly lookupTimeoutMs: number
  readonly lookup: EgressLookup
  readonly ca: readonly string[] | undefined
  /** Judges scheme (`http`), canonical host and port. A host that is an address is judged as one too. */
  judgeTarget(scheme: string, host: string, port: number): EgressRefusal | undefined
  /** Judges one address that a host has. */
  judgeAddress(ip: IpAddress): EgressRefusal | undefined
}

/** Names at which clouds answer with credentials. */
const METADATA_NAMES = [
  'metadata.google.internal',
  'metadata.goog',
  'metadata',
  'instance-data',
  'instance-data.ec2.internal',
  'metadata.azure.internal',
  'metadata.platformequinix.com',
]

/** Names that never mean a public host: RFC 6761, 6762, 8375, ICANN's private-use `internal`, and what routers and offices use. */
const INTERNAL_NAMES = [
  'localhost',
  'localdomain',
  'local',
  'internal',
  'home.arpa',
  'intranet',
  'lan',
  'corp',
  'home',
]

const refusal = (reason: EgressReason, detail: string): EgressRefusal => ({ ok: false, reason, detail })

/** Checks options once. A mistake in them is an error at the start, never a hole later. */
export function createEgressPolicy(options: EgressOptions = {}): EgressPolicy {
  const schemes = options.schemes ?? ['http', 'https']
  const ports = options.ports ?? [80, 443]
  if (ports !== 'any') for (const port of ports) checkNumber('ports', port, 1, 65_535)
  const allowed = options.allowedHosts && readHosts('allowedHosts', options.allowedHosts)
  const blocked = readHosts('blockedHosts', options.blockedHosts ?? [])
  const opened = options.dangerouslyAllowPrivateNetworks ?? false
  const openedList = typeof opened === 'boolean' ? undefined : readNetworks(opened)
  const lookupTimeoutMs = checkNumber('lookupTimeoutMs', options.lookupTimeoutMs ?? 3000, 1, 60_000)
  const isOpened = (ip: IpAddress): boolean => opened === true || openedList?.find(formatIp(ip)) !== undefined

  const judgeAddress = (ip: IpAddress): EgressRefusal | undefined => {
    const text = formatIp(ip)
    const rule = blocked.addresses.find(text)
    if (rule !== undefined) return refusal('address-blocked', `${text} is in ${rule}`)
    const special = specialNetwork(ip)
    if (!special) return undefined
    const detail = `${text} is ${special.name}, ${special.network}`
    if (special.isMetadata) return refusal('address-metadata', detail)
    return isOpened(ip) ? undefined : refusal('address-internal', detail)
  }

  return Object.freeze({
    maxRedirects: checkNumber('maxRedirects', options.maxRedirects ?? 5, 0, 20),
    maxResponseBytes: checkNumber('maxResponseBytes', options.maxResponseBytes ?? 10 * 1024 ** 2, 1, 2 ** 40),
    timeoutMs: checkNumber('timeoutMs', options.timeoutMs ?? 10_000, 1, 3_600_000),
    connectTimeoutMs: checkNumber('connectTimeoutMs', options.connectTimeoutMs ?? 5000, 1, 60_000),
    lookupTimeoutMs,
    lookup: options.lookup ?? createResolver({ timeoutMs: lookupTimeoutMs }),
    ca: options.ca === undefined ? undefined : [options.ca].flat(),
    judgeAddress,
    judgeTarget(scheme: string, host: string, port: number): EgressRefusal | undefined {
      if (!schemes.some((one) => one === scheme))
        return refusal('scheme', `the scheme \`${scheme}\` is not allowed`)
      if (ports !== 'any' && !ports.includes(port)) return refusal('port', `port ${port} is not allowed`)
      const ip = parseIp(host)
      if (ip) {
        const refused = judgeAddress(ip)
        if (refused) return refused
        const isListed = allowed === undefined || allowed.addresses.find(formatIp(ip)) !== undefined
        return isListed
          ? undefined
          : refusal('host-not-allowed', `${formatIp(ip)} is not among the allowed hosts`)
      }
      if (blocked.has(host)) return refusal('host-blocked', `\`${host}\` is a blocked host`)
      if (METADATA_NAMES.includes(host))
        return refusal('address-metadata', `\`${host}\` is a name of cloud metadata`)
      if (opened === false && isInternalName(host))
        return refusal('host-internal', `\`${host}\` is a name of an inside network`)
      if (allowed && !allowed.has(host))
        return refusal('host-not-allowed', `\`${host}\` is not an allowed host`)
      return undefined
    },
  })
}

/** Names without a dot are found by search domains only, which are inside. */
function isInternalName(host: string): boolean {
  return !host.includes('.') || INTERNAL_NAMES.some((name) => host === name || host.endsWith(`.${name}`))
}

interface HostList {
  readonly addresses: IpList
  has(name: string): boolean
}

function readHosts(key: string, texts: readonly string[]): HostList {
  const isAddress = (text: string): boolean => parseNetwork(text) !== undefined
  const names = texts.filter((text) => !isAddress(text)).map((text) => canonicalPattern(key, text))
  return {
    addresses: new IpList(texts.filter(isAddress).map(canonicalNetwork)),
    has: (name) => names.some((pattern) => matchesHost(name, pattern)),
  }
}

/** A pattern in the form in which hosts are judged: lower case, punycode, without a dot at the end. */
function canonicalPattern(key: string, text: string): string {
  const isWild = text.startsWith('*.')
  const bare = isWild ? text.slice(2) : text
  const host = /^[^\s/?#@:[\]\\%*]+$/.test(bare)
    ? URL.parse(`http://${bare}`)?.hostname.replace(/\.$/, '')
    : undefined
  if (host === undefined || host === '' || parseIp(host) !== undefined) {
    throw new RingwallError(
      'application.egress-hosts',
      `${key}: \`${text}\` is not a host; write a name, *.name, an address or a network such as 192.0.2.0/24`,
    )
  }
  return isWild ? `*.${host}` : host
}

function readNetworks(texts: readonly string[]): IpList {
  for (const text of texts) {
    if (parseNetwork(text)) continue
    throw new RingwallError(
      'application.egress-networks',
      `dangerouslyAllowPrivateNetworks: \`${text}\` is not an address or a network such as 10.0.0.0/8`,
    )
  }
  return new IpList(texts.map(canonicalNetwork))
}

/** Single addresses are found by their canonical text. */
function canonicalNetwork(text: string): string {
  const network = parseNetwork(text)
  return network && network.prefixLength === network.bits ? formatIp(network) : text
}

function checkNumber(key: string, value: number, min: number, max: number): number {
  if (Number.isInteger(value) && value >= min && value <= max) return value
  throw new RingwallError(
    'application.egress-bound',
    `${key} must be a whole number from ${min} to ${max}, not ${value}`,
  )
}

import { formatIp, type IpAddress, parseIp } from '../core/ip.ts'
import { describeError } from '../core/errors.ts'
import type { EgressPolicy, EgressReason, EgressRefusal } from './egress-policy.ts'

/** A place that a policy allows, before its addresses are known. */
export interface Destination {
  readonly ok: true
  readonly url: URL
  readonly scheme: 'http' | 'https'
  /** Canonical: a name in lower case and punycode without a dot at the end, or an address without brackets. */
  readonly host: string
  readonly port: number
}

/** A place that a policy allows, with all of its addresses, each of them allowed. */
export interface ValidUrl extends Destination {
  readonly addresses: readonly string[]
}

const MAX_URL = 8192
const DEFAULT_PORTS: Readonly<Record<string, number>> = { http: 80, https: 443 }
const HOST_NAME = /^[a-z0-9_-]+(\.[a-z0-9_-]+)*$/

const refuse = (reason: EgressReason, detail: string): EgressRefusal => ({ ok: false, reason, detail })

/**
 * Whether a URL may be fetched: the guide's `validate_url`, with every address of the host and with the reason. A URL that was
 * judged and is then fetched by something else is resolved a second time, and may then lead elsewhere: fetch with `safeFetch`
 * or through `safeAgent`, which connect to what they judged.
 */
export async function validateUrl(
  rawUrl: string | URL,
  policy: EgressPolicy,
): Promise<ValidUrl | EgressRefusal> {
  const destination = readDestination(rawUrl, policy)
  if (!destination.ok) return destination
  const resolved = await resolveHost(destination.host, policy)
  return resolved.ok ? { ...destination, addresses: resolved.addresses } : resolved
}

/**
 * Reads a URL as the WHATWG URL Standard does, which turns every spelling of an address into one, and judges what it names.
 * Texts that this standard repairs and other readers take otherwise (white space, control characters, backslashes) are refused.
 */
export function readDestination(rawUrl: string | URL, policy: EgressPolicy): Destination | EgressRefusal {
  const text = typeof rawUrl === 'string' ? rawUrl : rawUrl.href
  if (text.length > MAX_URL) return refuse('url-malformed', `the URL is longer than ${MAX_URL} characters`)
  if (/[\0-\x20\x7f\\]/.test(text)) {
    return refuse('url-malformed', 'the URL holds white space, a control character or a backslash')
  }
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(text)?.[1]?.toLowerCase()
  if (scheme === undefined) return refuse('url-malformed', 'the URL has no scheme')
  if (!/^[a-z0-9+.-]+:\/\/[^/]/i.test(text)) {
    return scheme in DEFAULT_PORTS
      ? refuse('url-malformed', 'the URL has no host after //')
      : refuse('scheme', `the scheme \`${scheme}\` is not allowed`)
  }
  const url = URL.parse(text)
  if (!url) return refuse('url-malformed', 'the URL cannot be read')
  if (url.username !== '' || url.password !== '' || /^[^/?#]*\/\/[^/?#]*@/.test(text)) {
    return refuse('credentials-in-url', 'the URL holds a user name or an @ before its host')
  }
  const port = url.port === '' ? (DEFAULT_PORTS[scheme] ?? 0) : Number(url.port)
  return judgeHost(url, scheme, url.hostname, port, policy)
}

function judgeHost(
  url: URL,
  scheme: string,
  hostname: string,
  port: number,
  policy: EgressPolicy,
): Destination | EgressRefusal {
  const host = canonicalHost(hostname)
  if (host === undefined) return refuse('url-malformed', 'the host is neither a name nor an address')
  const refused = policy.judgeTarget(scheme, host, port)
  return refused ?? { ok: true, url, scheme: scheme as 'http' | 'https', host, port }
}

/** One text for each host: brackets, a dot at the end and IPv4-mapped spellings fall away. */
export function canonicalHost(hostname: string): string | undefined {
  const bare = hostname.startsWith('[') && hostname.endsWith(']') ? hostname.slice(1, -1) : hostname
  const ip = parseIp(bare)
  if (ip) return formatIp(ip)
  const name = bare.toLowerCase().replace(/\.$/, '')
  // INVARIANT: what looks like an address to anybody is one here, or is refused.
  const isName = name.length <= 253 && HOST_NAME.test(name) && !/(^|\.)(\d+|0x[0-9a-f]*)$/.test(name)
  return isName ? name : undefined
}

/** The addresses of a host, all of them allowed; one that is not refuses the host, since nobody knows which is taken. */
export async function resolveHost(
  host: string,
  policy: EgressPolicy,
): Promise<{ readonly ok: true; readonly addresses: readonly string[] } | EgressRefusal> {
  const literal = parseIp(host)
  if (literal) return policy.judgeAddress(literal) ?? { ok: true, addresses: [formatIp(literal)] }
  const found = await look(host, policy)
  if (!Array.isArray(found)) return found as EgressRefusal
  const addresses = new Set<string>()
  for (const rawAddress of found as readonly string[]) {
    const ip: IpAddress | undefined = parseIp(rawAddress)
    if (!ip) return refuse('unresolved', `\`${host}\` has an address that cannot be read`)
    const refused = policy.judgeAddress(ip)
    if (refused) return { ...refused, detail: `\`${host}\`: ${refused.detail}` }
    addresses.add(formatIp(ip))
  }
  if (addresses.size === 0) return refuse('unresolved', `\`${host}\` has no address`)
  return { ok: true, addresses: [...addresses] }
}

async function look(host: string, policy: EgressPolicy): Promise<readonly string[] | EgressRefusal> {
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(
    () => late.reject(new Error(`no answer within ${policy.lookupTimeoutMs} ms`)),
    policy.lookupTimeoutMs,
  )
  try {
    return await Promise.race([policy.lookup(host), late.promise])
  } catch (thrown) {
    return refuse('unresolved', `\`${host}\` cannot be resolved: ${describeError(thrown)}`)
  } finally {
    clearTimeout(timer)
  }
}

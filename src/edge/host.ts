import type { Host } from '../core/exchange.ts'
import { formatIp, parseIp } from '../core/ip.ts'

const REG_NAME = /^[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?$/

/**
 * Reads the Host field: there is exactly one, and it is a name, an IPv4 address or a bracketed IPv6 address with an
 * optional port (RFC 9112 3.2). A trailing dot means the same name. User information, percent-encoding and empty values
 * are refused.
 */
export function readHost(rawHosts: readonly string[]): Host {
  const [rawHost, ...more] = rawHosts
  if (rawHost === undefined) return { ok: false, reason: 'no Host field' }
  if (more.length > 0) return { ok: false, reason: `${rawHosts.length} Host fields` }
  if (rawHost.length > 260) return { ok: false, reason: 'a Host field longer than a name can be' }
  const match = /^(\[[0-9a-fA-F:.]+\]|[^:[\]]*)(?::(\d{1,5}))?$/.exec(rawHost)
  if (!match) return { ok: false, reason: 'a Host field that is not name or address with an optional port' }
  const port = match[2] === undefined ? undefined : Number(match[2])
  if (port !== undefined && (port === 0 || port > 65_535))
    return { ok: false, reason: 'a port that does not exist' }
  const raw = match[1] as string
  if (raw.startsWith('[')) {
    const ip = parseIp(raw.slice(1, -1))
    return ip
      ? { ok: true, name: `[${formatIp(ip)}]`, port }
      : { ok: false, reason: 'a bracketed address that is not IPv6' }
  }
  const name = raw.toLowerCase().replace(/\.$/, '')
  if (name.length === 0 || name.includes('..') || !REG_NAME.test(name))
    return { ok: false, reason: 'a name that is not a host name' }
  return { ok: true, name, port }
}

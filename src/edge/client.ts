import type { Client, Connection, Host } from '../core/exchange.ts'
import type { HeaderList } from '../core/headers.ts'
import { formatIp, type IpList, parseIp } from '../core/ip.ts'

const MAX_HOPS = 32

/**
 * Who asks. Only what a trusted proxy says of its peer counts: the list is read from the right, each trusted address is
 * stepped over, and the first that is not trusted is the client. So a client cannot choose its address (RFC 7239 8.1).
 * With both Forwarded and X-Forwarded-For there are two opinions: Forwarded, the standard, is taken and the other not read.
 */
export function clientOf(connection: Connection, headers: HeaderList, trusted: IpList): Client {
  const direct: Client = { ip: connection.peer, scheme: connection.tls ? 'https' : 'http' }
  if (trusted.size === 0 || trusted.find(connection.peer) === undefined) return direct
  const forwarded = headers.all('forwarded')
  const hops = forwarded.length > 0 ? forwardedHops(forwarded) : legacyHops(headers)
  let client = direct
  for (const hop of hops.toReversed().slice(0, MAX_HOPS)) {
    if (hop.ip === undefined) break
    client = { ip: hop.ip, scheme: hop.scheme ?? client.scheme }
    if (trusted.find(hop.ip) === undefined) break
  }
  return client
}

interface Hop {
  readonly ip: string | undefined
  readonly scheme: 'http' | 'https' | undefined
}

/** RFC 7239 4: `for="[2001:db8::1]:4711";proto=https`. */
function forwardedHops(values: readonly string[]): Hop[] {
  return values
    .flatMap((value) => value.split(','))
    .map((element) => {
      const pairs = new Map(
        element.split(';').map((pair) => {
          const [name = '', ...rest] = pair.split('=')
          return [
            name.trim().toLowerCase(),
            rest
              .join('=')
              .trim()
              .replace(/^"(.*)"$/, '$1'),
          ] as const
        }),
      )
      return { ip: addressOf(pairs.get('for') ?? ''), scheme: schemeOf(pairs.get('proto')) }
    })
}

function legacyHops(headers: HeaderList): Hop[] {
  const scheme = schemeOf(headers.all('x-forwarded-proto').at(-1)?.split(',').at(-1)?.trim())
  return headers
    .all('x-forwarded-for')
    .flatMap((value) => value.split(','))
    .map((text) => ({ ip: addressOf(text.trim()), scheme }))
}

function schemeOf(text: string | undefined): 'http' | 'https' | undefined {
  return text === 'http' || text === 'https' ? text : undefined
}

/** An address with or without port, bracketed or not; undefined for `unknown` and obfuscated names. */
function addressOf(text: string): string | undefined {
  const bare =
    /^\[([^\]]*)\](?::\d+)?$/.exec(text)?.[1] ??
    (/^[\d.]+:\d+$/.test(text) ? text.slice(0, text.indexOf(':')) : text)
  const ip = parseIp(bare)
  return ip && formatIp(ip)
}

/** What the application is told of the client, in both spellings; the chain before us is not passed on, since it is settled. */
export function forwardingFields(client: Client, host: Host): readonly string[] {
  const authority = host.ok ? (host.port === undefined ? host.name : `${host.name}:${host.port}`) : ''
  const node = client.ip.includes(':') ? `"[${client.ip}]"` : client.ip
  return [
    'Forwarded',
    `for=${node};proto=${client.scheme};host="${authority}"`,
    'X-Forwarded-For',
    client.ip,
    'X-Forwarded-Proto',
    client.scheme,
    'X-Forwarded-Host',
    authority,
  ]
}

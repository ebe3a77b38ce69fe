import { createSocket } from 'node:dgram'
import { once } from 'node:events'

/** What a name has. IPv6 addresses are told from IPv4 by their colons; a CNAME stands before the addresses of its target. */
export interface Zone {
  /** Addresses of a name; `asked` counts how often this name and type were asked for before. */
  (name: string, asked: number): { readonly alias?: string; readonly addresses: readonly string[] }
}

/** A DNS server on loopback whose owner is the attacker. */
export interface DnsServer {
  /** For a resolver: `127.0.0.1:port`. */
  readonly server: string
  close(): Promise<void>
}

const TYPES: Readonly<Record<number, 'A' | 'AAAA'>> = { 1: 'A', 28: 'AAAA' }

/** Answers A and AAAA over UDP with a lifetime of 0 (RFC 1035 4). */
export async function startDnsServer(zone: Zone): Promise<DnsServer> {
  const socket = createSocket('udp4')
  const asked = new Map<string, number>()
  socket.on('message', (message, peer) => {
    const { name, end } = readName(message, 12)
    const type = TYPES[message.readUInt16BE(end)]
    const key = `${name} ${type}`
    const before = asked.get(key) ?? 0
    asked.set(key, before + 1)
    socket.send(answer(message, end + 4, name, type, zone(name, before)), peer.port, peer.address)
  })
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  return {
    server: `127.0.0.1:${socket.address().port}`,
    async close() {
      socket.close()
      await once(socket, 'close')
    },
  }
}

function readName(message: Buffer, start: number): { readonly name: string; readonly end: number } {
  const labels: string[] = []
  let at = start
  for (let length = message[at] as number; length > 0; length = message[at] as number) {
    labels.push(message.toString('latin1', at + 1, at + 1 + length))
    at += 1 + length
  }
  return { name: labels.join('.').toLowerCase(), end: at + 1 }
}

function answer(
  query: Buffer,
  questionEnd: number,
  name: string,
  type: 'A' | 'AAAA' | undefined,
  found: ReturnType<Zone>,
): Buffer {
  const owner = found.alias ?? name
  const wanted = found.addresses.filter(
    (one) => type !== undefined && one.includes(':') === (type === 'AAAA'),
  )
  const records = wanted.map((address) =>
    record(writeName(owner), type === 'A' ? 1 : 28, addressBytes(address)),
  )
  if (found.alias !== undefined) records.unshift(record(writeName(name), 5, writeName(found.alias)))
  const head = Buffer.alloc(12)
  query.copy(head, 0, 0, 2)
  head.writeUInt16BE(found.addresses.length === 0 ? 0x8583 : 0x8580, 2)
  head.writeUInt16BE(1, 4)
  head.writeUInt16BE(records.length, 6)
  return Buffer.concat([head, query.subarray(12, questionEnd), ...records])
}

function record(owner: Buffer, type: number, data: Buffer): Buffer {
  const fixed = Buffer.alloc(10)
  fixed.writeUInt16BE(type, 0)
  fixed.writeUInt16BE(1, 2)
  fixed.writeUInt16BE(data.length, 8)
  return Buffer.concat([owner, fixed, data])
}

function writeName(name: string): Buffer {
  const labels = name
    .split('.')
    .map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label)]))
  return Buffer.concat([...labels, Buffer.from([0])])
}

function addressBytes(address: string): Buffer {
  if (!address.includes(':')) return Buffer.from(address.split('.').map(Number))
  // The URL parser writes any form of IPv6 as groups.
  const text = new URL(`http://[${address}]`).hostname.slice(1, -1)
  const [head = '', tail] = text.split('::')
  const groups = (part: string): string[] => (part === '' ? [] : part.split(':'))
  const middle = tail === undefined ? 0 : 8 - groups(head).length - groups(tail).length
  const all = [...groups(head), ...Array.from({ length: middle }, () => '0'), ...groups(tail ?? '')]
  const bytes = Buffer.alloc(16)
  for (const [i, group] of all.entries()) bytes.writeUInt16BE(Number.parseInt(group, 16), i * 2)
  return bytes
}

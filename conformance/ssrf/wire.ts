import { BlockList, Socket } from 'node:net'

/** What the process did on the network while something ran. */
export interface Seen {
  /** Connections to inside addresses, as `address:port`. */
  readonly inside: string[]
  /** Connections to public addresses. */
  readonly outside: string[]
}

/** A watch on every TCP connection of this process, whichever library opens it. */
export interface Wire {
  /** What was seen since the last call. */
  take(): Seen
  stop(): void
}

type Connect = (this: object, request: object, address: string, port: number) => number
interface Handle {
  connect: Connect
  connect6: Connect
}

const CONNECTION_REFUSED = -111

/**
 * Looks at connections where they leave the process. A connection to an inside address, whichever it is, goes to the canary:
 * so the negative control reaches something at 10.0.0.1 as it does at 127.0.0.1. No packet leaves for a public address: such a
 * connection is seen and refused. `own` are ports of this machine that belong to the experiment.
 */
export function watchWire(options: {
  readonly canaryPort: number
  readonly own: readonly { readonly address: string; readonly port: number }[]
}): Wire {
  let seen: Seen = { inside: [], outside: [] }
  const prototype = handlePrototype()
  const { connect, connect6 } = prototype
  const isOwn = (address: string, port: number): boolean =>
    options.own.some((one) => one.address === address && one.port === port)
  const replace = (original: Connect, canary: string): Connect =>
    function (request, address, port) {
      if (isOwn(address, port)) return original.call(this, request, address, port)
      const isInside = insideList().check(address, address.includes(':') ? 'ipv6' : 'ipv4')
      ;(isInside ? seen.inside : seen.outside).push(`${address}:${port}`)
      return isInside ? original.call(this, request, canary, options.canaryPort) : CONNECTION_REFUSED
    }
  prototype.connect = replace(connect, '127.0.0.1')
  prototype.connect6 = replace(connect6, '::ffff:127.0.0.1')
  return {
    take() {
      const taken = seen
      seen = { inside: [], outside: [] }
      return taken
    },
    stop() {
      prototype.connect = connect
      prototype.connect6 = connect6
    },
  }
}

function handlePrototype(): Handle {
  const socket = new Socket()
  socket.on('error', () => undefined)
  socket.connect(1, '127.0.0.1')
  const { _handle } = socket as unknown as { readonly _handle: object }
  socket.destroy()
  return Object.getPrototypeOf(_handle) as Handle
}

let list: BlockList | undefined

/** An opinion of its own about what is inside: the platform's block list, written down apart from the code under test. */
function insideList(): BlockList {
  if (list) return list
  list = new BlockList()
  const blocks =
    '0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 168.63.129.16/32 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24 ' +
    '192.31.196.0/24 192.52.193.0/24 192.88.99.0/24 192.168.0.0/16 192.175.48.0/24 198.18.0.0/15 198.51.100.0/24 ' +
    '203.0.113.0/24 224.0.0.0/3 ::/96 ::ffff:0:0:0/96 64:ff9b:1::/48 100::/16 2001::/23 2001:db8::/32 2002::/16 ' +
    '2620:4f:8000::/48 3fff::/20 4000::/2 8000::/1'
  for (const block of blocks.split(' ')) {
    const [network = '', length] = block.split('/')
    list.addSubnet(network, Number(length), network.includes(':') ? 'ipv6' : 'ipv4')
  }
  // What a translator or a tunnel takes out of an IPv6 address: the well-known prefix and ISATAP around inside addresses.
  for (const block of blocks.split(' ').filter((one) => !one.includes(':'))) {
    const [network = '', length] = block.split('/')
    for (const prefix of ['64:ff9b::', '2a00:1::5efe:', '2a00:1::200:5efe:'])
      list.addSubnet(prefix + network, 96 + Number(length), 'ipv6')
  }
  return list
}

import { promises as dns } from 'node:dns'

/**
 * Finds every address of a name, as text. Rejects, or gives none, where there is none. Called once for each connection: what it
 * returns is judged and then connected to, and nothing asks again.
 */
export type EgressLookup = (name: string) => Promise<readonly string[]>

/** How the resolver asks. */
export interface ResolverOptions {
  /** `address` or `address:port`. Default: those of the system. */
  readonly servers?: readonly string[]
  readonly timeoutMs?: number
  /** Look-ups under way at once; more are refused, so that a silent server cannot gather them. */
  readonly maxConcurrent?: number
}

/**
 * Asks DNS servers for A and AAAA without a thread: `dns.lookup` keeps one of four threads of the process for as long as a
 * hostile server is silent, and tries search domains, which are inside. The hosts file is not read: its names are inside too.
 */
export function createResolver(options: ResolverOptions = {}): EgressLookup {
  const { servers, timeoutMs = 3000, maxConcurrent = 256 } = options
  const resolver = new dns.Resolver({ timeout: Math.max(1, Math.ceil(timeoutMs / 2)), tries: 2 })
  if (servers) resolver.setServers(servers)
  let underWay = 0
  return async (name) => {
    if (underWay >= maxConcurrent) throw new Error(`more than ${maxConcurrent} look-ups are under way`)
    underWay++
    try {
      const answers = await Promise.allSettled([resolver.resolve4(name), resolver.resolve6(name)])
      const addresses = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []))
      const [first] = answers
      if (addresses.length === 0 && first.status === 'rejected') throw first.reason
      return addresses
    } finally {
      underWay--
    }
  }
}

import type { Config } from './config/index.ts'
import { IpList } from './core/ip.ts'
import { refuse, type Verdict } from './core/verdict.ts'
import { ConnectionCaps } from './perimeter/index.ts'

/** How many connections there may be, of one client and in all; for as long as the process lives. */
export class Admission {
  readonly #caps: ConnectionCaps
  readonly #limits: { readonly perClient: number; readonly total: number }
  /** A proxy that is trusted brings many clients over few addresses, and is not counted. */
  readonly #uncounted: IpList

  constructor({ perimeter, network }: Config['security']) {
    const { per_client: perClient, total } = perimeter.connections
    this.#limits = { perClient, total }
    this.#caps = new ConnectionCaps(this.#limits)
    this.#uncounted = new IpList(network.trusted_proxies)
  }

  /** Room for one more connection of somebody whom the walls let in. */
  admit(verdict: Verdict, peer: string): Verdict {
    if (verdict.kind !== 'pass' || this.#uncounted.find(peer) !== undefined) return verdict
    const room = this.#caps.admit(peer)
    if (room === 'admitted') return verdict
    const { perClient, total } = this.#limits
    return refuse(
      'perimeter.flood',
      room === 'full' ? `${total} connections are open` : `${peer} has ${perClient} connections open`,
    )
  }

  /** A connection that was let in has ended. */
  release(peer: string): void {
    if (this.#uncounted.find(peer) === undefined) this.#caps.release(peer)
  }
}

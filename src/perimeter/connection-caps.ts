import { clientNetwork } from '../core/ip.ts'
import type { CounterRule, MemoryCounters } from '../store/index.ts'

/** How many connections may be open at once. */
export interface ConnectionLimits {
  /** From one client network: an IPv4 address, or an IPv6 /64. */
  readonly perClient: number
  readonly total: number
}

/**
 * Open connections, counted per client network and in all, so that no client can hold every socket (slow heads and slow
 * bodies need many). INVARIANT: a network is in the table only while it has a connection open, so the table never holds
 * more than `total` rows.
 */
export class ConnectionCaps {
  readonly #limits: ConnectionLimits
  readonly #open = new Map<string, number>()
  #total = 0

  constructor(limits: ConnectionLimits) {
    if (!(limits.perClient >= 1 && limits.total >= 1))
      throw new TypeError('a cap on connections must be 1 or more')
    this.#limits = limits
  }

  /** How many are open in all. */
  get total(): number {
    return this.#total
  }

  /** How many networks have one open. */
  get networks(): number {
    return this.#open.size
  }

  /** How many the network of this address has open. */
  openOf(ip: string): number {
    return this.#open.get(clientNetwork(ip)) ?? 0
  }

  /** Counts one more if there is room for it. Only what was admitted may be released, and that once. */
  admit(ip: string): 'admitted' | 'client-full' | 'full' {
    const network = clientNetwork(ip)
    const open = this.#open.get(network) ?? 0
    if (open >= this.#limits.perClient) return 'client-full'
    if (this.#total >= this.#limits.total) return 'full'
    this.#open.set(network, open + 1)
    this.#total++
    return 'admitted'
  }

  /** Counts one less. Without effect for a network that has none open. */
  release(ip: string): void {
    const network = clientNetwork(ip)
    const open = this.#open.get(network)
    if (open === undefined) return
    if (open === 1) this.#open.delete(network)
    else this.#open.set(network, open - 1)
    this.#total--
  }
}

/**
 * How fast a client network may open connections: each costs a handshake, whatever becomes of it. The counters are those
 * of this process and of this rule alone: a connection is too cheap to ask elsewhere, and they forget the network that was
 * seen longest ago when they are full.
 */
export class ConnectionRate {
  readonly #rule: CounterRule
  readonly #counters: MemoryCounters

  constructor(rule: CounterRule, counters: MemoryCounters) {
    this.#rule = rule
    this.#counters = counters
  }

  /** Whether one more may come now. */
  take(ip: string, nowMs: number): boolean {
    return this.#counters.take(clientNetwork(ip), 1, this.#rule, nowMs).allowed
  }
}

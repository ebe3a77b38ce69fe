import { createHash } from 'node:crypto'

import { CircuitBreaker } from './circuit-breaker.ts'
import type { Clock } from './core/clock.ts'
import type { Exchange } from './core/exchange.ts'
import { ClientGone, StreamFault } from './core/fault.ts'
import { clientNetwork } from './core/ip.ts'
import type { Reply } from './core/reply.ts'
import { HealthCheck, type HealthCheckOptions } from './health-check.ts'
import { Tunnel, type UpstreamPool } from './upstream.ts'
import { WireFault } from './wire/index.ts'

/** One server of a group. */
export interface GroupServer {
  readonly origin: string
  /** How much of the requests it gets beside the others. */
  readonly weight: number
  /** Asked only when no other is in service. */
  readonly isBackup: boolean
}

/** What a group is opened with. */
export interface GroupOptions {
  readonly name: string
  readonly servers: readonly GroupServer[]
  readonly balance: 'least_requests' | 'round_robin' | 'client'
  /** How often a request may be sent to another server, where that is safe. */
  readonly retries: number
  readonly breaker: { readonly failures: number; readonly openMs: number } | undefined
  readonly healthCheck: HealthCheckOptions | undefined
}

interface Server extends GroupServer {
  readonly pool: UpstreamPool
  readonly breaker: CircuitBreaker | undefined
  readonly health: HealthCheck | undefined
  /** Requests whose answer has not ended yet. */
  active: number
  /** How many it was given; what `round_robin` goes by. */
  given: number
}

/** Retries are at most this part of the requests, so that a failing group is not asked twice as much. */
const RETRY_RATIO = 0.2
const MAX_SAVED_RETRIES = 20

/**
 * Several servers of one application. Each request goes to one that is in service; where it fails before anything was
 * done, another is asked. Requests that change something are sent again only if the first server never got them (RFC 9110 9.2.2).
 */
export class UpstreamGroup implements UpstreamPool {
  readonly #options: GroupOptions
  readonly #servers: readonly Server[]
  readonly #clock: Clock
  readonly #notice: (line: string) => void
  #savedRetries = MAX_SAVED_RETRIES

  constructor(
    options: GroupOptions,
    openPool: (origin: string) => UpstreamPool,
    clock: Clock,
    notice: (line: string) => void,
  ) {
    const { name, servers, breaker, healthCheck } = options
    this.#options = options
    this.#clock = clock
    this.#notice = notice
    this.#servers = servers.map((server) => ({
      ...server,
      pool: openPool(server.origin),
      breaker: breaker && new CircuitBreaker(breaker, clock),
      health:
        healthCheck &&
        new HealthCheck(server.origin, healthCheck, (isUp, why) =>
          notice(
            isUp
              ? `${server.origin} of \`${name}\` is in service again`
              : `ALARM: ${server.origin} of \`${name}\` is out of service: ${why}`,
          ),
        ),
      active: 0,
      given: 0,
    }))
  }

  readonly send = async (exchange: Exchange): Promise<Reply> => {
    this.#savedRetries = Math.min(MAX_SAVED_RETRIES, this.#savedRetries + RETRY_RATIO)
    const tried = new Set<Server>()
    for (;;) {
      const server = this.#pick(exchange, tried)
      if (!server) throw this.#nobody()
      tried.add(server)
      try {
        return await this.#ask(server, exchange)
      } catch (thrown) {
        if (!this.#maySendAgain(exchange, thrown, tried)) throw thrown
        this.#savedRetries--
        exchange.trace.note(`${server.origin} failed, another is asked`)
      }
    }
  }

  async close(): Promise<void> {
    for (const { health } of this.#servers) health?.close()
    await Promise.all(this.#servers.map(({ pool }) => pool.close()))
  }

  async #ask(server: Server, exchange: Exchange): Promise<Reply> {
    server.active++
    server.given++
    server.breaker?.start()
    try {
      const reply = await server.pool.send(exchange)
      this.#noteOutcome(server, !isOverload(reply.status))
      return whenOver(reply, () => server.active--)
    } catch (thrown) {
      server.active--
      if (thrown instanceof ClientGone || exchange.signal.aborted) server.breaker?.forget()
      else this.#noteOutcome(server, false)
      throw thrown
    }
  }

  #noteOutcome({ breaker, origin }: Server, isGood: boolean): void {
    if (!breaker) return
    const { name } = this.#options
    if (isGood) {
      if (breaker.succeed()) this.#notice(`${origin} of \`${name}\` answers again`)
    } else if (breaker.fail()) {
      const seconds = Math.ceil((breaker.openUntilMs - this.#clock.now()) / 1000)
      this.#notice(`ALARM: ${origin} of \`${name}\` fails again and again and is left alone for ${seconds} s`)
    }
  }

  #maySendAgain(exchange: Exchange, thrown: unknown, tried: ReadonlySet<Server>): boolean {
    if (tried.size > this.#options.retries || this.#savedRetries < 1 || exchange.signal.aborted) return false
    if (!(thrown instanceof StreamFault) || !thrown.code.startsWith('upstream.')) return false
    const { body, method } = exchange
    const hasWholeBody = body.whole !== undefined || body.declaredBytes === 0
    if (!hasWholeBody) return false
    return isSafe(method) || neverArrived(thrown)
  }

  /** The best server that was not tried yet: in service, no backup if there is another. */
  #pick(exchange: Exchange, tried: ReadonlySet<Server>): Server | undefined {
    const inService = this.#servers.filter(
      (server) => !tried.has(server) && server.health?.isUp !== false && server.breaker?.allows !== false,
    )
    const regular = inService.filter(({ isBackup }) => !isBackup)
    return best(regular.length > 0 ? regular : inService, this.#orderFor(exchange))
  }

  /** What a server must have least of. */
  #orderFor(exchange: Exchange): (server: Server) => number {
    const { balance } = this.#options
    if (balance === 'round_robin') return ({ given, weight }) => (given + 1) / weight
    if (balance === 'least_requests')
      return ({ active, given, weight }) => active / weight + (given + 1) / weight / 1e9
    const key = clientNetwork(exchange.client.ip)
    return ({ origin, weight }) => distance(key, origin) / weight
  }

  #nobody(): StreamFault {
    const { name } = this.#options
    const opens = this.#servers.map(({ breaker }) => breaker?.openUntilMs ?? 0).filter((ms) => ms > 0)
    const waitMs = opens.length > 0 ? Math.min(...opens) - this.#clock.now() : 1000
    const seconds = String(Math.max(1, Math.ceil(waitMs / 1000)))
    return new StreamFault('upstream.out-of-service', `no server of \`${name}\` is in service`, {
      headers: ['Retry-After', seconds],
    })
  }
}

function best<Item>(items: readonly Item[], costOf: (item: Item) => number): Item | undefined {
  let found: Item | undefined
  let least = Infinity
  for (const item of items) {
    const cost = costOf(item)
    if (cost >= least) continue
    least = cost
    found = item
  }
  return found
}

/** Weighted rendezvous hashing: a client stays with its server while that is there, and only its clients move when it goes. */
function distance(key: string, origin: string): number {
  const hash = createHash('sha256').update(`${key}\n${origin}`).digest()
  return -Math.log((hash.readUIntBE(0, 6) + 1) / 2 ** 48)
}

/** Answers with which a proxy or a server says that the application behind it does not answer (RFC 9110 15.6.3 to 15.6.5). */
function isOverload(status: number): boolean {
  return status === 502 || status === 503 || status === 504
}

/** Methods that change nothing (RFC 9110 9.2.1). */
function isSafe(method: string): boolean {
  return method === 'GET' || method === 'HEAD' || method === 'OPTIONS'
}

const NO_CONNECTION = new Set([
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ETIMEDOUT',
])

/** Whether there was no connection over which the request could have gone. */
function neverArrived(fault: StreamFault): boolean {
  const cause = fault.cause instanceof WireFault ? fault.cause.cause : fault.cause
  return cause instanceof Error && 'code' in cause && NO_CONNECTION.has(String(cause.code))
}

/** Calls back once when nothing more of the answer will come. */
function whenOver(reply: Reply, over: () => void): Reply {
  let isOver = false
  const once = (): void => {
    if (!isOver) over()
    isOver = true
  }
  if (reply.tunnel instanceof Tunnel) {
    reply.tunnel.socket.once('close', once)
    return reply
  }
  const { body, cancel } = reply
  if (body === null || body instanceof Uint8Array) {
    once()
    return reply
  }
  return {
    ...reply,
    body: following(body, once),
    cancel() {
      once()
      cancel?.()
    },
  }
}

async function* following(body: AsyncIterable<Uint8Array>, over: () => void): AsyncIterable<Uint8Array> {
  try {
    yield* body
  } finally {
    over()
  }
}

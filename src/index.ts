import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'

import { AuditLog } from './audit/index.ts'
import { completeConfig, type Config, type ConfigInput, type ListenAddress } from './config/index.ts'
import { type Clock, type RandomBytes, systemClock, systemRandom } from './core/clock.ts'
import { describeError } from './core/errors.ts'
import { createIdSource } from './core/id.ts'
import { IpList } from './core/ip.ts'
import type { Reply } from './core/reply.ts'
import { refuse, type Verdict } from './core/verdict.ts'
import type { AuditRecord } from './core/watch.ts'
import { createSecretMask, createTextMask } from './data/index.ts'
import { explainWalk, type ExplainRequest, type Explanation } from './explain.ts'
import { type House, type Plan, walk } from './flow.ts'
import { forwardAuthDoor } from './forward-auth.ts'
import { arrivalOf, type FetchApplication, responseOf } from './in-process.ts'
import { type Kept, openKept } from './kept.ts'
import { malformedAnswer } from './malformed.ts'
import { ConnectionCaps } from './perimeter/index.ts'
import { type Arrival, receive } from './receive.ts'
import { type Door, listen as listenOn, type Listener, nodeListener } from './server.ts'
import type { ChangeWalls } from './site.ts'
import { buildOperatorSite, buildSite, type Generation, type InProcess } from './sites.ts'
import { proxyNetworks, TlsFront } from './tls-front.ts'

export {
  completeConfig,
  type Config,
  type ConfigInput,
  ConfigError,
  loadConfig,
  openConfig,
} from './config/index.ts'
export { RingwallError } from './core/errors.ts'
export type { Exchange } from './core/exchange.ts'
export { answer, pass, refuse, type Verdict } from './core/verdict.ts'
export type { Wall } from './core/wall.ts'
export {
  type ExplainRequest,
  type Explanation,
  explainWalk,
  type ImaginedWalls,
  imagineWalls,
  verifyWalls,
} from './explain.ts'
export { type Kept, openKept } from './kept.ts'

/** What can be set beside the configuration. */
export interface RingwallOptions {
  /** Lines for the operator: alarms, reloads, state of Redis. */
  readonly onNotice?: (line: string) => void
  /** Changes the table of walls, for example `(walls) => walls.toSpliced(5, 0, mine)`. */
  readonly walls?: ChangeWalls
  readonly clock?: Clock
  readonly random?: RandomBytes
}

/** Where the gateway listens, as URLs. */
export interface Listening {
  readonly http?: string
  readonly https?: string
  readonly operator?: string
  /** Where another proxy asks. */
  readonly forwardAuth?: string
}

/** The six walls and the watch, open. */
export interface Ringwall {
  /**
   * Walks a WHATWG Request: to the application that is given (keep the same function: walls are built once for each), else to
   * the configured upstream. `peer` is the client's address; limits and lists need it, since a Request does not carry it.
   */
  fetch(
    request: Request,
    options?: { readonly app?: FetchApplication; readonly peer?: string },
  ): Promise<Response>
  /** A `node:http` listener: in front of an application in this process, or of the configured upstream. */
  handler(app?: RequestListener): (req: IncomingMessage, res: ServerResponse) => void
  /** Opens the configured ports. */
  listen(): Promise<Listening>
  /** Given out once, when there was no operator yet. */
  readonly firstOperator: { readonly email: string; readonly oneTimePassword: string } | undefined
  /** What each wall would say of a request, without sending or recording it. */
  explain(request: ExplainRequest): Promise<Explanation>
  /** Swaps the walls. What is under way ends behind the old ones. Addresses and the store stay until a restart. */
  reload(config: Config | ConfigInput): Promise<void>
  /** Stops listening and lets what is under way finish. */
  drain(graceMs?: number): Promise<void>
  /** Ends everything, the audit log flushed. */
  close(): Promise<void>
}

/** Opens Ringwall with a configuration: the library's front door. */
export async function ringwall(
  input: Config | ConfigInput = {},
  options: RingwallOptions = {},
): Promise<Ringwall> {
  const config = isComplete(input) ? input : completeConfig(input)
  const gateway = await Gateway.open(config, options)
  return {
    fetch: (request, how) => gateway.fetch(request, how),
    handler: (app) => nodeListener(gateway.door(app)),
    listen: () => gateway.listen(),
    firstOperator: gateway.firstOperator,
    explain: (request) => explainWalk(gateway.config, request),
    reload: (next) => gateway.reload(isComplete(next) ? next : completeConfig(next)),
    drain: (graceMs) => gateway.drain(graceMs),
    close: () => gateway.close(),
  }
}

/** A configuration that went through the loader is frozen; what a program writes by hand is not. */
function isComplete(config: Config | ConfigInput): config is Config {
  return (
    Object.isFrozen(config) && 'security' in config && config.security !== undefined && 'profile' in config
  )
}

/** A peer that nobody named: never taken for this machine. */
const UNKNOWN_PEER = '0.0.0.0'

class Gateway {
  config: Config
  readonly firstOperator: Ringwall['firstOperator']
  readonly #kept: Kept
  readonly #log: AuditLog
  readonly #options: RingwallOptions
  readonly #clock: Clock
  readonly #nextId: () => string
  readonly #listeners: Listener[] = []
  #tls: TlsFront | undefined
  readonly #caps: ConnectionCaps
  readonly #uncounted: IpList
  #house: House
  #current: Generation
  #operator: Generation
  /** Older generations that still have something under way. */
  readonly #retired = new Set<Generation>()
  /** The current generation for each application in this process. */
  readonly #inProcess = new Map<
    RequestListener | FetchApplication,
    { readonly config: Config; readonly generation: Generation }
  >()

  static async open(config: Config, options: RingwallOptions): Promise<Gateway> {
    const clock = options.clock ?? systemClock
    const random = options.random ?? systemRandom
    const kept = await openKept(config, { clock, random, onNotice: options.onNotice ?? (() => undefined) })
    try {
      const firstOperator = config.listen.operator
        ? await kept.identity('operator').ensureFirstOperator()
        : undefined
      await kept.visitors.prepare(config.security.perimeter)
      kept.authorities.use(config.security.tls.client_authorities)
      return new Gateway(config, options, kept, firstOperator, clock, random)
    } catch (thrown) {
      await kept.close()
      throw thrown
    }
  }

  private constructor(
    config: Config,
    options: RingwallOptions,
    kept: Kept,
    firstOperator: Ringwall['firstOperator'],
    clock: Clock,
    random: RandomBytes,
  ) {
    this.config = config
    this.firstOperator = firstOperator
    this.#kept = kept
    this.#options = options
    this.#clock = clock
    this.#nextId = createIdSource(clock, random)
    const { audit, data } = config.security
    this.#log = new AuditLog({
      database: kept.store.database,
      config: audit,
      mask: (data.mask_logs ? createTextMask : createSecretMask)(kept.secrets.registry),
      onAlarm: (state, detail) =>
        this.#notice(
          state === 'failing'
            ? `ALARM: the audit log cannot be written: ${detail}`
            : `the audit log is written again: ${detail}`,
        ),
    })
    this.#house = { watch: this.#log, clock, onAuditFailure: audit.on_failure }
    const { per_client: perClient, total } = config.security.perimeter.connections
    this.#caps = new ConnectionCaps({ perClient, total })
    this.#uncounted = new IpList(config.security.network.trusted_proxies)
    this.#current = buildSite(config, kept, clock, options.walls)
    this.#operator = this.#operatorSite(config)
  }

  /** What the server asks of this gateway; with an application in this process in place of the upstream. */
  door(app?: RequestListener): Door {
    if (!app) return this.#doorTo(() => this.#current)
    return this.#doorTo(() => this.#generationFor(app, { node: app }))
  }

  async fetch(
    request: Request,
    how: { readonly app?: FetchApplication; readonly peer?: string } = {},
  ): Promise<Response> {
    const generation = how.app ? this.#generationFor(how.app, { fetch: how.app }) : this.#current
    const { promise, resolve, reject } = Promise.withResolvers<Response>()
    const served = this.#serve(generation, arrivalOf(request, how.peer ?? UNKNOWN_PEER), (reply: Reply) => {
      const sent = Promise.withResolvers<{ bytesOut: number; aborted: boolean }>()
      resolve(
        responseOf(reply, request.method === 'HEAD', (bytesOut, aborted) =>
          sent.resolve({ bytesOut, aborted }),
        ),
      )
      return sent.promise
    })
    served.catch(reject)
    return promise
  }

  async listen(): Promise<Listening> {
    const { http, https, operator, forward_auth: forwardAuth } = this.config.listen
    const door = this.#doorTo(() => this.#current)
    const urls: { -readonly [K in keyof Listening]: Listening[K] } = {}
    if (http) urls.http = await this.#open('http', door, http)
    if (https) urls.https = await this.#open('https', door, https)
    if (operator)
      urls.operator = await this.#open(
        'http',
        this.#doorTo(() => this.#operator),
        operator,
      )
    if (forwardAuth) {
      const asking = forwardAuthDoor(
        door,
        () => this.config.security.gateway.forward_auth,
        (arrival, send, change) => this.#serve(this.#current, arrival, send, change),
      )
      urls.forwardAuth = await this.#open('http', asking, forwardAuth)
    }
    this.#tls?.start()
    return urls
  }

  async reload(config: Config): Promise<void> {
    const { visitors } = this.#kept
    await this.#kept.settle(config)
    await visitors.prepare(config.security.perimeter)
    let next: Generation
    let operator: Generation
    try {
      this.#kept.authorities.use(config.security.tls.client_authorities)
      next = buildSite(config, this.#kept, this.#clock, this.#options.walls)
      operator = this.#operatorSite(config)
      await this.#tls?.reload(config)
    } catch (thrown) {
      this.#kept.authorities.use(this.config.security.tls.client_authorities)
      visitors.settle(this.config.security.perimeter)
      throw thrown
    }
    const before = this.#current
    this.#current = next
    this.#operator = operator
    this.#house = { ...this.#house, onAuditFailure: config.security.audit.on_failure }
    this.config = config
    visitors.settle(config.security.perimeter)
    this.#retire(before)
    await this.#record({ kind: 'config.reloaded', verdict: 'success' })
  }

  async drain(graceMs = 10_000): Promise<void> {
    await Promise.all(this.#listeners.splice(0).map((listener) => listener.drain(graceMs)))
  }

  async close(): Promise<void> {
    await this.drain(0)
    const served = [...this.#inProcess.values()].map(({ generation }) => generation)
    await Promise.all([this.#current, ...this.#retired, ...served].map((generation) => generation.close()))
    await this.#tls?.close()
    await this.#log.close()
    await this.#kept.close()
  }

  #doorTo(generation: () => Generation): Door {
    return {
      meet: (connection) => {
        const verdict = this.#admit(generation().site.meet(connection), connection.peer)
        if (verdict.kind === 'refuse') {
          this.#house.watch.record({
            id: this.#nextId(),
            atMs: this.#clock.now(),
            kind: 'connection',
            ip: connection.peer,
            verdict: 'refuse',
            code: verdict.code,
            detail: verdict.detail,
          })
        }
        return verdict
      },
      part: ({ peer }) => {
        if (this.#uncounted.find(peer) === undefined) this.#caps.release(peer)
      },
      serve: (arrival, send) => this.#serve(generation(), arrival, send),
      malformed: async (connection, reason, bytes) => {
        const id = this.#nextId()
        const rules = generation().site.judgeMalformed(connection, bytes)
        await this.#record({
          id,
          kind: 'exchange',
          ip: connection.peer,
          verdict: 'refuse',
          wall: 'edge',
          ...malformedAnswer(reason, id).record,
          ...(rules.length > 0 && {
            trace: [{ wall: 'perimeter', layer: 1, moment: 'head', said: 'pass', rules, micros: 0 }],
          }),
        })
        return malformedAnswer(reason, id)
      },
    }
  }

  /** Room for one more connection. A proxy that is trusted brings many clients over few addresses, and is not counted. */
  #admit(verdict: Verdict, peer: string): Verdict {
    if (verdict.kind !== 'pass' || this.#uncounted.find(peer) !== undefined) return verdict
    const room = this.#caps.admit(peer)
    if (room === 'admitted') return verdict
    const { per_client: perClient, total } = this.config.security.perimeter.connections
    return refuse(
      'perimeter.flood',
      room === 'full' ? `${total} connections are open` : `${peer} has ${perClient} connections open`,
    )
  }

  #serve(
    generation: Generation,
    arrival: Arrival,
    send: Parameters<Door['serve']>[1],
    change: (plan: Plan) => Plan = (plan) => plan,
  ): Promise<void> {
    return generation.during(() => {
      const { reading, plan } = generation.site.read(arrival)
      return walk(receive(arrival, reading, this.#nextId(), this.#clock), change(plan), this.#house, send)
    })
  }

  async #record(record: Partial<AuditRecord> & Pick<AuditRecord, 'kind' | 'verdict'>): Promise<void> {
    try {
      await this.#log.recordDurably([{ id: this.#nextId(), atMs: this.#clock.now(), ...record }])
    } catch (thrown) {
      this.#notice(`could not be recorded: ${record.kind}: ${describeError(thrown)}`)
    }
  }

  #operatorSite(config: Config): Generation {
    return buildOperatorSite(config, this.#kept, this.#clock, (kind, subject, data) =>
      this.#log.recordDurably([
        { id: this.#nextId(), atMs: this.#clock.now(), kind, subject, verdict: 'success', data },
      ]),
    )
  }

  async #open(scheme: 'http' | 'https', door: Door, address: ListenAddress): Promise<string> {
    if (scheme === 'https')
      this.#tls ??= await TlsFront.open(this.config, this.#kept, (r) => this.#record(r), this.#options)
    const listener = await listenOn(door, address, {
      ...(scheme === 'https' && this.#tls && { tls: this.#tls }),
      proxyProtocol: proxyNetworks(this.config, address),
      http2: this.config.listen.http2,
      h2c: this.config.listen.h2c,
    })
    this.#listeners.push(listener)
    const host = address.host.includes(':') ? `[${address.host}]` : address.host
    return `${scheme}://${host}:${listener.address.port}`
  }

  /** Follows a reload: an application in this process gets the new walls with its next request. */
  #generationFor(app: RequestListener | FetchApplication, how: InProcess): Generation {
    const known = this.#inProcess.get(app)
    if (known?.config === this.config) return known.generation
    const generation = buildSite(this.config, this.#kept, this.#clock, this.#options.walls, how)
    this.#inProcess.set(app, { config: this.config, generation })
    if (known) this.#retire(known.generation)
    return generation
  }

  #retire(generation: Generation): void {
    for (const older of this.#retired) if (older.isClosed) this.#retired.delete(older)
    this.#retired.add(generation)
    generation
      .retire()
      .catch((error: unknown) => this.#notice(`an old connection did not close: ${describeError(error)}`))
  }

  #notice(line: string): void {
    this.#kept.notice(line)
  }
}

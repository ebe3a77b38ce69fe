import { once } from 'node:events'
import http, { type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { Duplex } from 'node:stream'

import {
  type EgressPolicy,
  EgressRefused,
  openChecked,
  readDestination,
  safeAgent,
  type SafeAgents,
} from './application/index.ts'
import type { Clock } from './core/clock.ts'
import { describeError, RingwallError } from './core/errors.ts'
import { formatIp, IpList, parseIp } from './core/ip.ts'
import { countBytes, relay } from './egress-tunnel.ts'

/** One request through the proxy, for the log. No path: what it holds is the application's business. */
export interface EgressRecord {
  readonly id: string
  readonly atMs: number
  readonly client: string
  readonly method: string
  readonly host: string
  readonly port: number
  readonly verdict: 'pass' | 'refuse' | 'fail'
  readonly reason?: string
  readonly detail?: string
  readonly bytesUp: number
  readonly bytesDown: number
  readonly durationMs: number
}

/** What the proxy is given. */
export interface EgressProxyOptions {
  readonly listen: { readonly host: string; readonly port: number }
  readonly policy: EgressPolicy
  readonly clock: Clock
  readonly nextId: () => string
  readonly onRecord: (record: EgressRecord) => void
  /** Addresses and networks that may use the proxy. Default: this machine. */
  readonly allowedClients?: readonly string[]
  readonly maxConnections?: number
  /** Of a tunnel, in each direction. */
  readonly maxTunnelBytes?: number
  readonly maxTunnelMs?: number
  readonly idleMs?: number
}

/** A proxy that listens. */
export interface EgressProxy {
  readonly url: string
  close(): Promise<void>
}

const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'host',
])

/**
 * A forward proxy for applications in any language (`http_proxy`, `https_proxy`): CONNECT tunnels and absolute-form requests
 * (RFC 9110 9.3.6, RFC 9112 3.2.2) under the same policy and through the same connection as `safeFetch`. A redirect is not
 * followed here: the client comes back with it and is judged again.
 */
export async function startEgressProxy(options: EgressProxyOptions): Promise<EgressProxy> {
  const proxy = new Proxy(options)
  const { host, port } = options.listen
  const address = await proxy.listen(host, port)
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${address.port}`,
    close: () => proxy.close(),
  }
}

/** What is told of one request while it is under way. */
interface Trip {
  readonly id: string
  readonly method: string
  readonly client: string
  readonly startedAt: number
  host: string
  port: number
  bytesUp: number
  bytesDown: number
  told: boolean
}

class Proxy {
  readonly #options: EgressProxyOptions
  readonly #server: Server
  readonly #agents: SafeAgents
  readonly #sockets = new Set<Socket>()

  constructor(options: EgressProxyOptions) {
    this.#options = options
    this.#agents = safeAgent(options.policy)
    const clients = new IpList(options.allowedClients ?? ['127.0.0.0/8', '::1'])
    this.#server = http.createServer({
      maxHeaderSize: 32 * 1024,
      headersTimeout: 10_000,
      requestTimeout: 300_000,
      keepAliveTimeout: 15_000,
      connectionsCheckingInterval: 1000,
    })
    this.#server.maxConnections = options.maxConnections ?? 512
    this.#server.prependListener('connection', (socket: Socket) => {
      if (clients.find(addressOf(socket)) === undefined) {
        socket.destroy()
        return
      }
      this.#sockets.add(socket)
      socket.once('close', () => this.#sockets.delete(socket))
    })
    this.#server.on('request', (req, res) => void this.#forward(req, res))
    this.#server.on('connect', (req: IncomingMessage, socket: Duplex, head: Buffer) => {
      void this.#tunnel(req, socket as Socket, head)
    })
    this.#server.on('clientError', (_error, socket: Duplex) => {
      if (socket.writable)
        socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n')
      else socket.destroy()
    })
  }

  async listen(host: string, port: number): Promise<AddressInfo> {
    this.#server.listen(port, host)
    try {
      await once(this.#server, 'listening')
    } catch (cause) {
      throw new RingwallError('egress.listen', `cannot listen on ${host}:${port}: ${describeError(cause)}`, {
        cause,
      })
    }
    return this.#server.address() as AddressInfo
  }

  async close(): Promise<void> {
    const closed = once(this.#server, 'close')
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
    await closed
    this.#agents.destroy()
  }

  /** CONNECT: the bytes of a tunnel are the client's and the server's. */
  async #tunnel(req: IncomingMessage, socket: Socket, head: Buffer): Promise<void> {
    const { policy, idleMs = 60_000, maxTunnelBytes = 1024 ** 3, maxTunnelMs = 3_600_000 } = this.#options
    const trip = this.#begin(req, socket)
    socket.on('error', () => socket.destroy())
    try {
      const target = this.#judge(trip, `https://${tunnelAuthority(req.url ?? '')}/`)
      const remote = await openChecked(
        { scheme: 'https', hostname: target.hostname, port: trip.port, isTls: false },
        policy,
      )
      if (socket.destroyed) {
        remote.destroy()
        throw new Error('the client went away')
      }
      socket.write('HTTP/1.1 200 Connection Established\r\n\r\n')
      if (head.length > 0) remote.write(head)
      trip.bytesUp = head.length
      const ended = await relay(socket, remote, { idleMs, maxBytes: maxTunnelBytes, maxMs: maxTunnelMs })
      trip.bytesUp += ended.bytesUp
      trip.bytesDown = ended.bytesDown
      this.#tell(trip, 'pass', ended.why)
    } catch (thrown) {
      const answer = this.#refuse(trip, thrown)
      if (!socket.destroyed) socket.end(rawAnswer(answer))
    }
  }

  /** An absolute-form request for http. */
  async #forward(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const trip = this.#begin(req, req.socket)
    try {
      const url = this.#judge(trip, req.url ?? '')
      await this.#exchange(trip, url, req, res)
      this.#tell(trip, 'pass')
    } catch (thrown) {
      const answer = this.#refuse(trip, thrown)
      if (res.headersSent || res.destroyed) res.destroy()
      else {
        res.writeHead(answer.status, [...answer.headers, 'Connection', 'close'])
        res.end(answer.body)
      }
    }
  }

  #exchange(trip: Trip, url: URL, req: IncomingMessage, res: ServerResponse): Promise<void> {
    const { policy } = this.#options
    // Framed anew, also where a method rarely has a body: bytes without a frame would be the next request of the connection.
    const framing = req.headers['transfer-encoding'] === undefined ? [] : ['Transfer-Encoding', 'chunked']
    return new Promise<void>((resolve, reject) => {
      const upstream = http.request({
        agent: this.#agents.http,
        host: trip.host,
        port: trip.port,
        method: req.method ?? 'GET',
        path: url.pathname + url.search,
        headers: ['Host', url.host, ...endToEnd(req.rawHeaders), ...framing],
        setHost: false,
      })
      const stop = (error: Error): void => {
        clearTimeout(timer)
        upstream.destroy()
        reject(error)
      }
      const timer = setTimeout(
        () => stop(new EgressRefused('timeout', `no whole answer within ${policy.timeoutMs} ms`)),
        policy.timeoutMs,
      )
      res.once('close', () => {
        if (!res.writableFinished) stop(new Error('the client went away'))
      })
      upstream.on('error', stop)
      upstream.once('response', (answer) => {
        answer.on('error', stop)
        res.writeHead(answer.statusCode ?? 502, endToEnd(answer.rawHeaders))
        countBytes(answer, (bytes) => {
          trip.bytesDown += bytes
          if (trip.bytesDown <= policy.maxResponseBytes) return
          stop(new EgressRefused('response-too-large', `more than ${policy.maxResponseBytes} bytes`))
        })
        answer.pipe(res)
        res.once('finish', () => {
          clearTimeout(timer)
          resolve()
        })
      })
      countBytes(req, (bytes) => (trip.bytesUp += bytes))
      req.pipe(upstream)
    })
  }

  #judge(trip: Trip, rawUrl: string): URL {
    trip.host = URL.parse(rawUrl)?.hostname.slice(0, 255) ?? ''
    const destination = readDestination(rawUrl, this.#options.policy)
    if (!destination.ok) throw new EgressRefused(destination.reason, destination.detail)
    trip.host = destination.host
    trip.port = destination.port
    if (trip.method !== 'CONNECT' && destination.scheme !== 'http')
      throw new EgressRefused('scheme', 'https goes through CONNECT')
    return destination.url
  }

  #begin(req: IncomingMessage, socket: Socket): Trip {
    return {
      id: this.#options.nextId(),
      method: req.method ?? '',
      client: addressOf(socket),
      startedAt: this.#options.clock.elapsed(),
      host: '',
      port: 0,
      bytesUp: 0,
      bytesDown: 0,
      told: false,
    }
  }

  #refuse(trip: Trip, thrown: unknown): Answer {
    const isPolicy = thrown instanceof EgressRefused
    const reason = isPolicy ? thrown.reason : 'failed'
    this.#tell(trip, isPolicy ? 'refuse' : 'fail', describeError(thrown), reason)
    return answerTo(reason, trip.id)
  }

  #tell(trip: Trip, verdict: EgressRecord['verdict'], detail?: string, reason?: string): void {
    if (trip.told) return
    trip.told = true
    const { clock, onRecord } = this.#options
    onRecord({
      id: trip.id,
      atMs: clock.now(),
      client: trip.client,
      method: trip.method,
      host: trip.host,
      port: trip.port,
      verdict,
      ...(reason !== undefined && { reason }),
      ...(detail !== undefined && { detail }),
      bytesUp: trip.bytesUp,
      bytesDown: trip.bytesDown,
      durationMs: Math.round(clock.elapsed() - trip.startedAt),
    })
  }
}

/** `host:port` of CONNECT and nothing else (RFC 9110 9.3.6); the port is never left out. */
function tunnelAuthority(rawTarget: string): string {
  if (/^(\[[0-9a-f:.]+\]|[^\s:@/?#[\]\\]+):\d{1,5}$/i.test(rawTarget)) return rawTarget
  throw new EgressRefused('url-malformed', 'CONNECT takes host:port')
}

function addressOf(socket: Socket): string {
  const ip = parseIp(socket.remoteAddress?.replace(/%.*$/, '') ?? '')
  return ip ? formatIp(ip) : ''
}

/** The fields that go on: none of the connection (RFC 9110 7.6.1). */
function endToEnd(raw: readonly string[]): string[] {
  const named = new Set<string>()
  for (let i = 0; i < raw.length; i += 2) {
    if (raw[i]?.toLowerCase() !== 'connection') continue
    for (const name of (raw[i + 1] as string).split(',')) named.add(name.trim().toLowerCase())
  }
  // INVARIANT: a body keeps its frame, whatever Connection names.
  named.delete('content-length')
  const kept: string[] = []
  for (let i = 0; i < raw.length; i += 2) {
    const name = (raw[i] as string).toLowerCase()
    if (!HOP_BY_HOP.has(name) && !named.has(name)) kept.push(raw[i] as string, raw[i + 1] as string)
  }
  return kept
}

interface Answer {
  readonly status: number
  readonly headers: readonly string[]
  readonly body: string
}

const STATUS: Readonly<Record<string, readonly [number, string]>> = {
  'url-malformed': [400, 'The request names no destination that can be read'],
  unresolved: [502, 'The destination cannot be resolved'],
  timeout: [504, 'The destination took too long'],
  failed: [502, 'The destination cannot be reached'],
  'response-too-large': [502, 'The answer was too large'],
}

/** RFC 9457. The reason is in the log under the id; the client may be whoever chose the URL. */
function answerTo(reason: string, id: string): Answer {
  const [status, title] = STATUS[reason] ?? [403, 'This destination may not be reached from here']
  const body = `${JSON.stringify({ title, status, id })}\n`
  return {
    status,
    headers: [
      'Content-Type',
      'application/problem+json',
      'Content-Length',
      String(Buffer.byteLength(body)),
      'Ringwall-Id',
      id,
    ],
    body,
  }
}

function rawAnswer({ status, headers, body }: Answer): string {
  let head = `HTTP/1.1 ${status} ${http.STATUS_CODES[status] ?? ''}\r\n`
  for (let i = 0; i < headers.length; i += 2) head += `${headers[i]}: ${headers[i + 1]}\r\n`
  return `${head}Connection: close\r\n\r\n${body}`
}

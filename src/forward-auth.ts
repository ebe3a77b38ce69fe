import { StreamedBody } from './body.ts'
import type { Connection, Exchange } from './core/exchange.ts'
import { HeaderList } from './core/headers.ts'
import { formatIp, IpList, parseIp } from './core/ip.ts'
import { type Reply, textReply } from './core/reply.ts'
import { pass, refuse } from './core/verdict.ts'
import type { Upstream } from './core/wall.ts'
import type { Plan, Send } from './flow.ts'
import type { ForwardAuthConfig } from './gateway/index.ts'
import type { Arrival } from './receive.ts'
import type { Door } from './server.ts'

/** Fields in which each proxy says what it was asked. Envoy repeats method, path and host of the request itself. */
const SHAPES = {
  nginx: { method: 'x-original-method', uri: 'x-original-uri', host: 'host' },
  traefik: { method: 'x-forwarded-method', uri: 'x-forwarded-uri', host: 'x-forwarded-host' },
  caddy: { method: 'x-forwarded-method', uri: 'x-forwarded-uri', host: 'x-forwarded-host' },
  envoy: { method: undefined, uri: undefined, host: 'host' },
} as const

/** Fields that the application is told by the proxy. Sent empty where nobody is there, so that a client's own never stay. */
const IDENTITY_FIELDS = ['Ringwall-Subject', 'Ringwall-Roles', 'Ringwall-Assertion'] as const

/** What of a question is not of the request that it is about: framing, the proxy's fields, and fields that only we may set. */
const NOT_OF_THE_REQUEST =
  /^(host|content-length|transfer-encoding|connection|keep-alive|upgrade|te|trailer|expect|x-original-.*|x-forwarded-.*|x-real-ip|ringwall-.*)$/

const METHOD = /^[A-Z][A-Z-]{0,31}$/
const URI = /^\/[\x21-\x7e]*$/
const NO_BODY = (): AsyncIterator<Uint8Array> => (async function* (): AsyncGenerator<Uint8Array> {})()

/** Serves one question with the plan of the request that it is about. */
export type ServeChanged = (arrival: Arrival, send: Send, change: (plan: Plan) => Plan) => Promise<void>

/**
 * The door at which another proxy asks before it passes a request on: nginx `auth_request`, Traefik and Caddy `forward_auth`,
 * Envoy `ext_authz` over HTTP. The question walks through the walls of the route that the request is for; the answer is 200
 * with who it is, or the refusal. Only proxies that are trusted get in.
 */
export function forwardAuthDoor(door: Door, config: () => ForwardAuthConfig, serve: ServeChanged): Door {
  let compiled: { readonly from: ForwardAuthConfig; readonly trusted: IpList } | undefined
  const trusted = (): IpList => {
    // A reload brings another configuration.
    const from = config()
    if (compiled?.from !== from) compiled = { from, trusted: new IpList(from.trusted) }
    return compiled.trusted
  }
  return {
    ...door,
    meet: ({ peer }) =>
      trusted().find(peer) === undefined
        ? refuse('perimeter.address-denied', `${peer} is not in \`security.gateway.forward_auth.trusted\``)
        : pass,
    part: () => undefined,
    async serve(arrival, send) {
      const { proxy } = config()
      const question = readQuestion(arrival, proxy)
      if (typeof question === 'string') {
        const { body } = await door.malformed(arrival.connection, `forward auth: ${question}`, '')
        await send({ ...textReply(400, 'application/problem+json', body), close: true })
        return
      }
      const { host } = question
      const scheme = question.arrival.connection.tls ? 'https' : 'http'
      await serve(
        question.arrival,
        (reply) => {
          // A body that the proxy sent all the same is left on the socket.
          if (!arrival.body.ended) reply.close = true
          return send(answerOf(reply, proxy, `${scheme}://${host}`))
        },
        askOnly,
      )
    },
  }
}

/** The request that a question is about, or why that is in doubt. Each field is there once, and nothing is guessed. */
export function readQuestion(
  { connection, raw, signal }: Arrival,
  proxy: keyof typeof SHAPES,
): { readonly arrival: Arrival; readonly host: string } | string {
  const headers = new HeaderList(raw.headers)
  const shape = SHAPES[proxy]
  const one = (name: string): string | undefined => {
    const values = headers.all(name)
    return values.length === 1 ? values[0] : undefined
  }
  const method = shape.method === undefined ? raw.method : one(shape.method)
  const target = shape.uri === undefined ? raw.target : one(shape.uri)
  const host = one(shape.host)
  const scheme = one('x-forwarded-proto')
  const hops = headers.all('x-forwarded-for').flatMap((value) => value.split(','))
  const peer = parseIp(hops.pop()?.trim() ?? '')
  if (method === undefined || !METHOD.test(method)) return `${shape.method ?? 'the method'} is not one method`
  if (target === undefined || !URI.test(target)) return `${shape.uri ?? 'the target'} is not one path`
  if (host === undefined) return `${shape.host} is not there once`
  if (scheme !== 'http' && scheme !== 'https') return 'x-forwarded-proto is not http or https'
  if (!peer) return 'x-forwarded-for does not end with an address'
  const kept = headers.filter((name) => !NOT_OF_THE_REQUEST.test(name)).flat()
  // Hops before the one that the proxy saw count only where that one is itself trusted (`network.trusted_proxies`).
  const before = hops.length > 0 ? ['X-Forwarded-For', hops.join(',')] : []
  const asked: Connection = {
    peer: formatIp(peer),
    peerPort: 0,
    localPort: connection.localPort,
    ...(scheme === 'https' && { tls: { version: '', cipher: '', serverName: undefined } }),
  }
  return {
    host,
    arrival: {
      connection: asked,
      raw: { method, target, httpVersion: '1.1', headers: ['Host', host, ...before, ...kept] },
      body: new StreamedBody(0, NO_BODY),
      signal,
    },
  }
}

const changed = new WeakMap<Plan, Plan>()

/** The same walls, without the moments that a question cannot have, and the answer 200 in place of the application. */
function askOnly(plan: Plan): Plan {
  const known = changed.get(plan)
  if (known) return known
  const walls = plan.walls.map(({ body: _body, ...wall }) => wall)
  const next = { walls, upstream: yes }
  changed.set(plan, next)
  return next
}

const yes: Upstream = async (exchange: Exchange) => {
  exchange.trace.note('asked by a proxy: no wall saw a body, nor will one see the answer')
  const headers = new HeaderList(exchange.upstreamHeaders)
  for (const name of IDENTITY_FIELDS) if (!headers.has(name)) headers.append(name, '')
  headers.append('Ringwall-Not-Run', 'body, response')
  headers.append('Content-Length', '0')
  return { status: 200, headers, body: null, origin: 'upstream' }
}

/** In the form that the proxy understands. Redirects are absolute, since some proxies read them as relative to this door. */
function answerOf(reply: Reply, proxy: keyof typeof SHAPES, origin: string): Reply {
  const location = reply.headers.get('location')
  if (location?.startsWith('/') === true) reply.headers.set('Location', `${origin}${location}`)
  if (proxy !== 'nginx' || reply.status === 200) return reply
  // nginx takes 2xx, 401 and 403 and makes 500 of everything else: the status goes in a field of its own.
  reply.headers.set('Ringwall-Status', String(reply.status))
  const isRedirect = reply.status >= 300 && reply.status < 400
  reply.status = isRedirect || reply.status === 401 ? 401 : 403
  return reply
}

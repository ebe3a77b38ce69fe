import { createServer, type RequestListener } from 'node:http'
import { type Duplex, duplexPair } from 'node:stream'

import { StreamedBody } from './body.ts'
import type { Connection, Exchange } from './core/exchange.ts'
import { HeaderList } from './core/headers.ts'
import type { Reply } from './core/reply.ts'
import type { Upstream } from './core/wall.ts'
import type { Arrival } from './receive.ts'
import { dropOwnCookies } from './upstream.ts'

/** An application in this process that speaks WHATWG fetch: Hono, or a plain function. */
export type FetchApplication = (request: Request) => Response | Promise<Response>

/**
 * A connector to a `node:http` application in this process: HTTP over a pair of streams in memory, so that the
 * application meets real IncomingMessage and ServerResponse objects and the walk is the gateway's own, without a port.
 */
export function connectInProcess(application: RequestListener): {
  readonly connect: () => Duplex
  close(): void
} {
  const server = createServer(application)
  const connect = (): Duplex => {
    const [ours, theirs] = duplexPair()
    server.emit('connection', theirs)
    return ours
  }
  return { connect, close: () => server.close() }
}

/** An application that takes a Request and gives a Response, as an upstream. */
export function fetchUpstream(
  application: FetchApplication,
  forwarding: (exchange: Exchange) => readonly string[],
): Upstream {
  return async (exchange) => {
    const { target, host, client, body } = exchange
    if (!target.ok || !host.ok)
      throw new Error('a request without a canonical target reached the application')
    const headers = new Headers()
    const kept = exchange.headers.filter(
      (name) => !name.startsWith('ringwall-') && name !== 'transfer-encoding' && name !== 'expect',
    )
    dropOwnCookies(kept)
    const extra = [...new HeaderList([...forwarding(exchange), ...exchange.upstreamHeaders])]
    for (const [name] of extra) kept.delete(name)
    for (const [name, value] of [...kept, ...extra]) headers.append(name, value)
    const authority = host.port === undefined ? host.name : `${host.name}:${host.port}`
    const hasBody = exchange.method !== 'GET' && exchange.method !== 'HEAD' && body.declaredBytes !== 0
    const request = new Request(`${client.scheme}://${authority}${target.path}${target.rawQuery}`, {
      method: exchange.method,
      headers,
      signal: exchange.signal,
      ...(hasBody && { body: ReadableStream.from(body.stream()), duplex: 'half' }),
    })
    return replyOf(await application(request))
  }
}

/** A WHATWG Response as a Reply. */
function replyOf(response: Response): Reply {
  const headers = new HeaderList()
  for (const [name, value] of response.headers) if (name !== 'set-cookie') headers.append(name, value)
  for (const cookie of response.headers.getSetCookie()) headers.append('set-cookie', cookie)
  const { body } = response
  return {
    status: response.status,
    headers,
    body,
    origin: 'upstream',
    ...(body && { cancel: () => void body.cancel().catch(() => undefined) }),
  }
}

/** A Reply as a WHATWG Response; `done` is called once, when its body has ended or was given up. */
export function responseOf(
  reply: Reply,
  isHead: boolean,
  done: (bytesOut: number, aborted: boolean) => void,
): Response {
  const headers = new Headers()
  for (const [name, value] of reply.headers) headers.append(name, value)
  const init = { status: reply.status, headers }
  const isBodyless = isHead || reply.status === 204 || reply.status === 304
  if (reply.body === null || isBodyless) {
    reply.cancel?.()
    done(0, false)
    return new Response(null, init)
  }
  if (reply.body instanceof Uint8Array) {
    done(reply.body.length, false)
    return new Response(Uint8Array.from(reply.body), init)
  }
  const chunks = reply.body[Symbol.asyncIterator]()
  let bytesOut = 0
  const stream = new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const next = await chunks.next()
        if (next.done === true) {
          controller.close()
          done(bytesOut, false)
          return
        }
        bytesOut += next.value.length
        controller.enqueue(next.value)
      } catch (thrown) {
        done(bytesOut, true)
        controller.error(thrown)
      }
    },
    async cancel() {
      done(bytesOut, true)
      reply.cancel?.()
      await chunks.return?.()
    },
  })
  return new Response(stream, init)
}

/** A WHATWG Request as an arrival. Order and case of header fields are lost in it, and dot segments are gone. */
export function arrivalOf(request: Request, peer: string): Arrival {
  const url = new URL(request.url)
  const headers = [...request.headers].flat()
  if (!request.headers.has('host')) headers.unshift('host', url.host)
  const connection: Connection = {
    peer,
    peerPort: 0,
    localPort: Number(url.port) || (url.protocol === 'https:' ? 443 : 80),
    ...(url.protocol === 'https:' && { tls: { version: '', cipher: '', serverName: url.hostname } }),
  }
  const length = request.headers.get('content-length')
  const { body } = request
  const declared = body === null ? 0 : length === null ? undefined : Number(length)
  return {
    connection,
    raw: { method: request.method, target: url.pathname + url.search, httpVersion: '1.1', headers },
    body: new StreamedBody(declared, () =>
      (body ?? new ReadableStream<Uint8Array>())[Symbol.asyncIterator](),
    ),
    signal: request.signal,
  }
}

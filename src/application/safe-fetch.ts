import type { Socket } from 'node:net'

import { Agent, fetch, Headers, type RequestInit, type Response } from 'undici'

import { EgressRefused, openChecked } from './egress-connection.ts'
import { readDestination } from './egress-destination.ts'
import type { EgressPolicy } from './egress-policy.ts'
import { boundResponse } from './egress-response.ts'

/** What a request may say. There is no dispatcher: the connection is the guard's. */
export type SafeRequestInit = Omit<RequestInit, 'dispatcher'>

/**
 * `fetch` for URLs that somebody else chose (the guide's `fetch_external_resource`): each hop is judged, resolved once and
 * connected to the address that was judged; redirects are followed by us, within bounds, without credentials to another origin;
 * the answer is bounded in bytes and time. Rejects with `EgressRefused` in place of a connection. Proxies of the environment do
 * not count.
 */
export async function safeFetch(
  rawUrl: string | URL,
  init: SafeRequestInit,
  policy: EgressPolicy,
): Promise<Response> {
  const late = new AbortController()
  const timer = setTimeout(
    () => late.abort(new EgressRefused('timeout', `no whole answer within ${policy.timeoutMs} ms`)),
    policy.timeoutMs,
  ).unref()
  const signal = init.signal ? AbortSignal.any([init.signal, late.signal]) : late.signal
  try {
    const { response, url, hops } = await follow(rawUrl, { ...init, signal }, policy)
    return boundResponse(response, {
      url,
      isRedirected: hops > 0,
      maxBytes: policy.maxResponseBytes,
      onEnd: () => clearTimeout(timer),
    })
  } catch (thrown) {
    clearTimeout(timer)
    throw refusalIn(thrown) ?? thrown
  }
}

interface Followed {
  readonly response: Response
  readonly url: string
  readonly hops: number
}

async function follow(rawUrl: string | URL, init: SafeRequestInit, policy: EgressPolicy): Promise<Followed> {
  const mode = init.redirect ?? 'follow'
  const dispatcher = dispatcherOf(policy)
  let request: SafeRequestInit = { ...init, redirect: 'manual' }
  let next: string | URL = rawUrl
  for (let hops = 0; ; hops++) {
    const destination = readDestination(next, policy)
    if (!destination.ok) throw new EgressRefused(destination.reason, destination.detail)
    const response = await fetch(destination.url, { ...request, dispatcher })
    const location = isRedirect(response.status) ? response.headers.get('location') : null
    if (location === null || mode === 'manual') return { response, url: destination.url.href, hops }
    await response.body?.cancel()
    if (mode === 'error') throw new EgressRefused('redirect', 'the answer is a redirect')
    if (hops >= policy.maxRedirects)
      throw new EgressRefused('redirect-limit', `more than ${policy.maxRedirects} redirects`)
    const target = readLocation(location, destination.url)
    request = redirected(request, response.status, destination.url, target)
    next = target
  }
}

function isRedirect(status: number): boolean {
  return status === 301 || status === 302 || status === 303 || status === 307 || status === 308
}

/** RFC 9110 10.2.2: relative to the request; a fragment of the first URL is not carried over. */
function readLocation(rawLocation: string, from: URL): URL {
  if (/[\0-\x20\x7f\\]/.test(rawLocation))
    throw new EgressRefused('url-malformed', 'a redirect to a URL with white space or a backslash')
  const target = URL.parse(rawLocation, from)
  if (!target) throw new EgressRefused('url-malformed', 'a redirect to what is no URL')
  if (from.protocol === 'https:' && target.protocol === 'http:')
    throw new EgressRefused('redirect-downgrade', 'a redirect from https to http')
  return target
}

/** Fields that may go to another origin. Any other may be a credential, whatever its name. */
const HARMLESS = new Set([
  'accept',
  'accept-encoding',
  'accept-language',
  'cache-control',
  'content-language',
  'content-type',
  'if-modified-since',
  'if-none-match',
  'range',
  'user-agent',
])

/** The next request (Fetch 4.4, HTTP-redirect fetch), without anything secret where the origin changes. */
function redirected(request: SafeRequestInit, status: number, from: URL, to: URL): SafeRequestInit {
  const { body: _dropped, ...bare } = request
  const method = (request.method ?? 'GET').toUpperCase()
  const becomesGet =
    (status === 303 && method !== 'GET' && method !== 'HEAD') ||
    ((status === 301 || status === 302) && method === 'POST')
  const hasBody = request.body !== undefined && request.body !== null
  const isSameOrigin = from.origin === to.origin
  if (hasBody && !becomesGet && !isReplayable(request.body))
    throw new EgressRefused('redirect-body', 'a redirect of a body that can be read only once')
  const fields = new Headers(request.headers)
  const kept = [...fields].filter(([name]) => {
    if (becomesGet && name.startsWith('content-')) return false
    return isSameOrigin || HARMLESS.has(name)
  })
  return becomesGet ? { ...bare, method: 'GET', headers: kept } : { ...request, headers: kept }
}

function isReplayable(body: SafeRequestInit['body']): boolean {
  return (
    typeof body === 'string' ||
    body instanceof Uint8Array ||
    body instanceof ArrayBuffer ||
    body instanceof URLSearchParams
  )
}

const dispatchers = new WeakMap<EgressPolicy, Agent>()

/** One pool for each policy, so that no connection is used under another one. */
function dispatcherOf(policy: EgressPolicy): Agent {
  const known = dispatchers.get(policy)
  if (known) return known
  const agent = new Agent({
    allowH2: false,
    connections: 64,
    keepAliveTimeout: 4000,
    maxHeaderSize: 32 * 1024,
    connect: ({ hostname, protocol, port }, callback) => {
      const scheme = protocol === 'https:' ? 'https' : 'http'
      const number = port === '' ? (scheme === 'https' ? 443 : 80) : Number(port)
      void give(openChecked({ scheme, hostname, port: number }, policy), callback)
    },
  })
  dispatchers.set(policy, agent)
  return agent
}

async function give(
  opening: Promise<Socket>,
  callback: (...result: [null, Socket] | [Error, null]) => void,
): Promise<void> {
  let socket: Socket
  try {
    socket = await opening
  } catch (thrown) {
    callback(thrown as Error, null)
    return
  }
  callback(null, socket)
}

/** `fetch` wraps what went wrong in a TypeError. */
function refusalIn(thrown: unknown): EgressRefused | undefined {
  for (let error = thrown; error instanceof Error; error = error.cause)
    if (error instanceof EgressRefused) return error
  return undefined
}

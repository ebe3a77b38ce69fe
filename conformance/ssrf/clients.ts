import http from 'node:http'
import https from 'node:https'
import { createRequire } from 'node:module'
import { connect, type LookupFunction } from 'node:net'

import { isSSRFSafeURL } from 'ssrfcheck'
import { useAgent } from 'request-filtering-agent'
import { Agent, fetch } from 'undici'

import {
  createEgressPolicy,
  type EgressLookup,
  type EgressPolicy,
  safeAgent,
  safeFetch,
  validateUrl,
} from '../../src/application/index.ts'
import { startEgressProxy } from '../../src/egress-proxy.ts'

// Its package has no types.
const { requestFilterHandler } = createRequire(import.meta.url)('ssrf-req-filter') as {
  readonly requestFilterHandler: <A extends http.Agent>(agent: A) => A
}

/** Something that fetches a URL which somebody else chose. It never rejects: what it did is seen on the wire. */
export interface Client {
  readonly name: string
  readonly isOurs: boolean
  /** Why it cannot be given a form of this kind; such forms are not counted for it. */
  readonly leavesOut?: (kind: string) => string | undefined
  fetch(url: string): Promise<void>
  close(): Promise<void>
}

const MAX_HOPS = 4
const TIMEOUT_MS = 3000

/** The redirector is the one place inside that each policy may reach. */
const policyWith = (lookup: EgressLookup): EgressPolicy =>
  createEgressPolicy({
    ports: 'any',
    dangerouslyAllowPrivateNetworks: ['127.0.0.2'],
    lookup,
    timeoutMs: TIMEOUT_MS,
  })

/** Asks in the form in which `node:http` asks. */
function lookupFor(lookup: EgressLookup): LookupFunction {
  return (name, options, callback) => {
    void (async () => {
      const addresses = await lookup(name).catch(() => [])
      const found = addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }))
      const [first] = found
      if (!first) callback(Object.assign(new Error('no address'), { code: 'ENOTFOUND' }), '', 4)
      else if (options.all === true) callback(null, found)
      else callback(null, first.address, first.family)
    })()
  }
}

/** `node:http` with an agent for each URL, following redirects as clients do. */
async function getFollowing(
  rawUrl: string,
  agentOf: (url: string) => http.Agent,
  lookup: LookupFunction | undefined,
): Promise<void> {
  let next: string | undefined = rawUrl
  for (let hops = 0; next !== undefined && hops < MAX_HOPS; hops++) {
    const url: string = next
    next = await new Promise<string | undefined>((resolve) => {
      const give = (): void => resolve(undefined)
      try {
        const client = url.startsWith('https:') ? https : http
        const request = client.get(url, {
          agent: agentOf(url),
          timeout: TIMEOUT_MS,
          ...(lookup && { lookup }),
        })
        request.once('response', (response) => {
          const { location } = response.headers
          response.resume()
          response.once('close', () =>
            resolve(location === undefined ? undefined : URL.parse(location, url)?.href),
          )
        })
        request.on('error', give)
        request.once('timeout', () => request.destroy())
      } catch {
        give()
      }
    })
  }
}

/** Ours first, then what npm has, then nothing at all. */
export async function openClients(lookup: EgressLookup): Promise<readonly Client[]> {
  const nodeLookup = lookupFor(lookup)
  return [
    ...(await ourClients(lookup)),
    requestFilteringAgent(nodeLookup),
    ssrfReqFilter(nodeLookup),
    ssrfCheck(nodeLookup),
    unguarded(nodeLookup),
  ]
}

async function ourClients(lookup: EgressLookup): Promise<readonly Client[]> {
  const [forFetch, forAgent, forProxy, forCheck] = [
    policyWith(lookup),
    policyWith(lookup),
    policyWith(lookup),
    policyWith(lookup),
  ]
  const agents = safeAgent(forAgent, { keepAlive: false })
  let ids = 0
  const proxy = await startEgressProxy({
    listen: { host: '127.0.0.1', port: 0 },
    policy: forProxy,
    clock: { now: () => Date.now(), elapsed: () => performance.now() },
    nextId: () => `id${ids++}`,
    onRecord: () => undefined,
  })
  const proxyPort = Number(new URL(proxy.url).port)
  ownPorts.push({ address: '127.0.0.1', port: proxyPort })
  const nothing = async (): Promise<void> => undefined
  return [
    {
      name: 'safeFetch',
      isOurs: true,
      fetch: (url) => swallow(async () => void (await (await safeFetch(url, {}, forFetch)).text())),
      close: nothing,
    },
    {
      name: 'safeAgent',
      isOurs: true,
      fetch: (url) =>
        getFollowing(url, (one) => (one.startsWith('https:') ? agents.https : agents.http), undefined),
      close: async () => agents.destroy(),
    },
    {
      name: 'egress proxy',
      isOurs: true,
      fetch: (url) => throughProxy(url, proxyPort, 'absolute'),
      close: () => proxy.close(),
    },
    {
      name: 'egress tunnel',
      isOurs: true,
      fetch: (url) => throughProxy(url, proxyPort, 'tunnel'),
      close: nothing,
    },
    {
      name: 'validateUrl, then fetch the checked address',
      isOurs: true,
      leavesOut: (kind) => (kind === 'redirect' ? 'it judges one URL' : undefined),
      fetch: (url) =>
        swallow(async () => {
          const valid = await validateUrl(url, forCheck)
          if (valid.ok) await knock(valid.addresses[0] as string, valid.port)
        }),
      close: nothing,
    },
  ]
}

/** Ports of this machine that belong to the experiment, for the watch on the wire. */
export const ownPorts: { readonly address: string; readonly port: number }[] = []

async function swallow(work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch {
    // A refusal is what is hoped for; what happened is seen on the wire.
  }
}

function knock(address: string, port: number): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port })
    socket.once('connect', () => socket.destroy())
    socket.on('error', () => undefined)
    socket.once('close', () => resolve())
  })
}

/** Speaks to the proxy in bytes, since a client of HTTP would first repair the URL. */
async function throughProxy(rawUrl: string, port: number, form: 'absolute' | 'tunnel'): Promise<void> {
  let next: string | undefined = rawUrl
  for (let hops = 0; next !== undefined && hops < MAX_HOPS; hops++) {
    const url: string = next
    const authority = /^[^/]*\/\/([^/?#]*)/.exec(url)?.[1] ?? url
    const request = (target: string, method = 'GET'): string =>
      `${method} ${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`
    const path = url.slice(url.indexOf(authority) + authority.length) || '/'
    const answer =
      form === 'absolute'
        ? await talk(port, [request(url)])
        : await talk(port, [request(authority, 'CONNECT'), request(path)])
    const location = /\r\nlocation: ([^\r\n]+)/i.exec(answer)?.[1]
    next = location === undefined ? undefined : URL.parse(location, url)?.href
  }
}

/** Sends each text when the one before was answered with 200, and gives everything that came back. */
function talk(port: number, texts: readonly string[]): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port })
    let said = ''
    let sent = 0
    const say = (): void => void socket.write(texts[sent++] as string)
    socket.once('connect', say)
    socket.on('data', (data) => {
      said += data.toString('latin1')
      if (sent < texts.length && /^HTTP\/1\.1 200 .*\r\n\r\n/s.test(said)) say()
    })
    socket.setTimeout(TIMEOUT_MS, () => socket.destroy())
    socket.on('error', () => undefined)
    socket.once('close', () => resolve(said))
  })
}

function requestFilteringAgent(lookup: LookupFunction): Client {
  const agents = {
    http: useAgent('http://', { allowIPAddressList: ['127.0.0.2'] }),
    https: useAgent('https://', { allowIPAddressList: ['127.0.0.2'] }),
  }
  return {
    name: 'request-filtering-agent 3.2.1',
    isOurs: false,
    fetch: (url) =>
      getFollowing(url, (one) => (one.startsWith('https:') ? agents.https : agents.http), lookup),
    close: async () => agents.http.destroy(),
  }
}

function ssrfReqFilter(lookup: LookupFunction): Client {
  const agents = {
    http: requestFilterHandler(new http.Agent()),
    https: requestFilterHandler(new https.Agent()),
  }
  return {
    name: 'ssrf-req-filter 1.1.1',
    isOurs: false,
    leavesOut: (kind) => (kind === 'redirect' ? 'it has no list of allowed addresses' : undefined),
    fetch: (url) =>
      getFollowing(url, (one) => (one.startsWith('https:') ? agents.https : agents.http), lookup),
    close: async () => agents.http.destroy(),
  }
}

function ssrfCheck(lookup: LookupFunction): Client {
  const dispatcher = new Agent({ connect: { lookup } })
  return {
    name: 'ssrfcheck 1.4.0, then fetch',
    isOurs: false,
    fetch: (url) =>
      swallow(async () => {
        if (isSSRFSafeURL(url))
          await (await fetch(url, { dispatcher, signal: AbortSignal.timeout(TIMEOUT_MS) })).text()
      }),
    close: () => dispatcher.close(),
  }
}

function unguarded(lookup: LookupFunction): Client {
  const dispatcher = new Agent({ connect: { lookup } })
  return {
    name: 'no guard',
    isOurs: false,
    fetch: (url) =>
      swallow(
        async () =>
          void (await (await fetch(url, { dispatcher, signal: AbortSignal.timeout(TIMEOUT_MS) })).text()),
      ),
    close: () => dispatcher.close(),
  }
}

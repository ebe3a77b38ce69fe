import { createHash, X509Certificate } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Socket } from 'node:net'
import {
  createSecureContext,
  type DetailedPeerCertificate,
  type SecureContext,
  type Server as TlsServer,
  type TlsOptions,
  type TLSSocket,
} from 'node:tls'

import type { Config, ListenAddress } from './config/index.ts'
import { type Clock, type RandomBytes, systemClock, systemRandom } from './core/clock.ts'
import type { Connection, ShownCertificate } from './core/exchange.ts'
import { matchesHost } from './core/host-pattern.ts'
import type { AuditRecord } from './core/watch.ts'
import {
  Acme,
  acmeChallenges,
  acmeSources,
  ALPN_CHALLENGE,
  AlpnChallenges,
  type CertificateSource,
  CertificateStore,
  type ClientAuthorities,
  OcspStapler,
  openDevelopmentCertificate,
  type ServedCertificate,
  SessionCache,
  TLS_PARAMETERS,
  TLS_SERVER_OPTIONS,
} from './edge/index.ts'
import { tapHello } from './hello-tap.ts'
import type { Kept } from './kept.ts'
import { ja4 } from './perimeter/index.ts'

/** What the front needs beside the configuration. */
export interface TlsFrontParts {
  readonly clock: Clock
  readonly onNotice: (line: string) => void
  readonly random: RandomBytes
  readonly authorities: ClientAuthorities
  /** Writes to the audit log. */
  readonly record: (record: Pick<AuditRecord, 'kind' | 'verdict' | 'data'>) => Promise<void>
}

interface Hello {
  readonly ja4: string
  readonly asked: boolean
}

/** Every hello that may resume something, until OpenSSL asks for it. */
interface Resuming {
  readonly identity: string | undefined
  readonly asked: boolean
}

/**
 * Everything that a TLS server of ours asks: which certificate for which name, who must show one, which session may be
 * resumed, which OCSP answer is stapled. Certificates, authorities and the configuration may change under a running server.
 */
export class TlsFront {
  readonly store: CertificateStore
  readonly #parts: TlsFrontParts
  readonly #sessions: SessionCache
  readonly #stapler: OcspStapler
  readonly #acme: Acme
  readonly #challenges: AlpnChallenges
  #staples: boolean
  readonly #servers = new Set<TlsServer>()
  readonly #resuming = new Map<string, Resuming>()
  #contexts = new WeakMap<ServedCertificate, SecureContext>()
  #asking: (serverName: string | undefined) => boolean

  static async open(
    config: Config,
    { authorities, notice: onNotice }: Pick<Kept, 'authorities' | 'notice'>,
    record: TlsFrontParts['record'],
    { clock = systemClock, random = systemRandom }: { readonly clock?: Clock; readonly random?: RandomBytes },
  ): Promise<TlsFront> {
    const parts = { clock, random, authorities, onNotice, record }
    return new TlsFront(config, await sourcesOf(config, parts.clock), parts)
  }

  private constructor(config: Config, sources: readonly CertificateSource[], parts: TlsFrontParts) {
    this.#parts = parts
    const { tls } = config.security
    this.store = new CertificateStore(sources, parts)
    this.#sessions = new SessionCache({
      maxEntries: tls.session_cache,
      maxAgeMs: tls.session_timeout,
      clock: parts.clock,
    })
    const directory = acmeFolder(config)
    this.#stapler = new OcspStapler(this.store, { ...parts, isOn: () => this.#staples })
    this.#staples = tls.ocsp_stapling
    this.#acme = new Acme(tls.acme, {
      ...parts,
      directory,
      onOutcome: ({ name, ok, detail }) =>
        void parts.record({
          kind: 'edge.certificate-renewed',
          verdict: ok ? 'success' : 'failure',
          data: { certificate: name, detail: detail.slice(0, 500) },
        }),
    })
    this.#challenges = new AlpnChallenges(acmeChallenges(directory))
    this.#asking = askedFor(config)
    this.store.onChange(() => this.#renew())
    parts.authorities.onChange = () => this.#renew()
  }

  /** Puts the certificates and the routes of another configuration in force, or throws and changes nothing. */
  async reload(config: Config): Promise<void> {
    this.store.use(await sourcesOf(config, this.#parts.clock))
    this.#asking = askedFor(config)
    this.#staples = config.security.tls.ocsp_stapling
    this.#acme.use(config.security.tls.acme)
    this.start()
  }

  /** Begins to ask responders and authorities; ports must be open by now. */
  start(): void {
    void this.#stapler.refresh()
    this.#acme.start()
  }

  /** What a server is opened with. */
  get options(): TlsOptions {
    const sni: TlsOptions['SNICallback'] = (serverName, done) => {
      const certificate = this.store.choose(serverName)
      if (certificate) done(null, this.#contextOf(certificate))
      else done(new Error('there is no certificate'))
    }
    return { ...TLS_SERVER_OPTIONS, ...this.#defaults(), rejectUnauthorized: false, SNICallback: sni }
  }

  /** Stands in the server: before its handshakes, and where they ask. To be called before other listeners are added. */
  attach(server: TlsServer): void {
    this.#servers.add(server)
    server.once('close', () => this.#servers.delete(server))
    const tap = tapHello<Hello>(server, {
      judge: (hello, socket) => {
        const asked = this.#asking(hello.serverName)
        // Read by the server as it begins with this connection, which is the next thing it does.
        ;(server as TlsServer & { requestCert: boolean }).requestCert = asked
        if (hello.resumes) this.#expect(hello.resumes, asked, socket)
        return { ja4: ja4(hello), asked }
      },
      divert: ({ alpn }) =>
        alpn.length === 1 && alpn[0] === ALPN_CHALLENGE ? this.#challenges.take : undefined,
    })
    // First of all: who serves the connection asks for the facts at once.
    server.prependListener('secureConnection', (socket: Noted) => {
      const hello = tap.find(socket)
      if (hello) socket[SEEN] = { ja4: hello.ja4, ...(hello.asked && shownBy(socket)) }
    })
    server.on('newSession', (id: Buffer, data: Buffer, done: () => void) => {
      this.#sessions.put(id.toString('hex'), data)
      done()
    })
    server.on('resumeSession', (id: Buffer, done: (error: null, data: Buffer | null) => void) => {
      const sent = id.toString('hex')
      const resuming = this.#resuming.get(sent)
      this.#resuming.delete(sent)
      // Who must show a certificate is asked for it each time.
      if (!resuming || resuming.asked) done(null, null)
      else if (resuming.identity === undefined) done(null, this.#sessions.find(sent) ?? null)
      else done(null, this.#sessions.find(resuming.identity, true) ?? null)
    })
    server.on(
      'OCSPRequest',
      (der: Buffer, _issuer: Buffer, done: (error: null, answer: Buffer | null) => void) => {
        const fingerprint = createHash('sha256').update(der).digest('hex')
        done(null, (this.#staples ? this.#stapler.find(fingerprint) : undefined) ?? null)
      },
    )
  }

  async close(): Promise<void> {
    await this.#acme.close()
    this.#stapler.close()
    this.store.close()
  }

  #expect(
    resumes: { sessionId: string; identity: string | undefined },
    asked: boolean,
    socket: Socket,
  ): void {
    const { sessionId, identity } = resumes
    const resuming = { identity, asked }
    this.#resuming.set(sessionId, resuming)
    socket.once('close', () => {
      if (this.#resuming.get(sessionId) === resuming) this.#resuming.delete(sessionId)
    })
  }

  /** Contexts know the authorities of clients, and are made anew when those change. */
  #contextOf(certificate: ServedCertificate): SecureContext {
    const { bundles } = this.#parts.authorities
    if (bundles.length === 0) return certificate.context
    const context =
      this.#contexts.get(certificate) ??
      createSecureContext({ ...TLS_PARAMETERS, ...certificate.options, ...trust(bundles) })
    this.#contexts.set(certificate, context)
    return context
  }

  #defaults(): TlsOptions {
    const { bundles } = this.#parts.authorities
    return { ...this.store.defaultOptions, ...(bundles.length > 0 && trust(bundles)) }
  }

  #renew(): void {
    this.#contexts = new WeakMap()
    for (const server of this.#servers) server.setSecureContext({ ...TLS_PARAMETERS, ...this.#defaults() })
  }
}

/** A bundle may hold authorities in between only: the path then ends with them (RFC 5280 6.1.1 (d)). */
function trust(bundles: readonly string[]): TlsOptions {
  return { ca: [...bundles], allowPartialTrustChain: true }
}

/** Who begins a connection to this address with a PROXY header: load balancers, at the doors of the site and at no other. */
export function proxyNetworks({ listen, security }: Config, address: ListenAddress): readonly string[] {
  return address === listen.http || address === listen.https ? security.network.proxy_protocol : []
}

let folderOfNothing: string | undefined

/** Where certificates are; where nothing is kept, a folder that goes with the process. */
function tlsFolder({ store }: Config): string {
  if (store.directory !== ':memory:') return join(store.directory, 'tls')
  if (folderOfNothing === undefined) {
    const made = mkdtempSync(join(tmpdir(), 'ringwall-tls-'))
    process.once('exit', () => rmSync(made, { recursive: true, force: true }))
    folderOfNothing = made
  }
  return folderOfNothing
}

/** Where accounts, challenges and certificates of ACME are. */
export function acmeFolder(config: Config): string {
  return join(tlsFolder(config), 'acme')
}

/** Every certificate that a configuration names, in order; without the one that is made where it names none. */
export function certificateSources(config: Config): readonly CertificateSource[] {
  const { certificate, key } = config.listen
  return [
    ...(certificate !== undefined && key !== undefined
      ? [{ label: 'listen.certificate', certificate, key }]
      : []),
    ...config.security.tls.certificates.map((one, i) => ({
      label: `security.tls.certificates.${i}`,
      ...one,
    })),
    ...acmeSources(config.security.tls.acme, acmeFolder(config)),
  ]
}

async function sourcesOf(config: Config, clock: Clock): Promise<readonly CertificateSource[]> {
  const sources = certificateSources(config)
  if (sources.some(({ optional }) => optional !== true)) return sources
  const own = await openDevelopmentCertificate(tlsFolder(config), clock)
  return [
    ...sources,
    { label: 'the development certificate', certificate: own.certificateFile, key: own.keyFile },
  ]
}

/** Clients are asked for a certificate where a route that wants one may be theirs, and nowhere else. */
function askedFor(config: Config): (serverName: string | undefined) => boolean {
  const routes = config.routes.filter(({ client_certificate: rule }) => rule !== undefined && rule !== 'off')
  const hosts = routes.flatMap((route) => route.hosts ?? [])
  const isAnywhere = routes.some((route) => route.hosts === undefined)
  return (serverName) =>
    isAnywhere ||
    (hosts.length > 0 &&
      (serverName === undefined || hosts.some((host) => matchesHost(serverName.toLowerCase(), host))))
}

type TlsFacts = NonNullable<Connection['tls']>
type Seen = Pick<TlsFacts, 'ja4' | 'certificate' | 'askedForCertificate'>

const SEEN = Symbol('what was seen of the client')
/** A property and no map, since HTTP/2 shows its socket through a proxy. */
type Noted = TLSSocket & { [SEEN]?: Seen }

/** What TLS agreed on with a client, and what was seen of it before and in the handshake. */
export function tlsFactsOf(socket: TLSSocket): TlsFacts {
  return {
    version: socket.getProtocol() ?? '',
    cipher: socket.getCipher()?.name ?? '',
    serverName: (socket as TLSSocket & { servername?: string | false }).servername || undefined,
    ...(socket as Noted)[SEEN],
  }
}

const MAX_CHAIN = 10

function shownBy(socket: TLSSocket): Pick<TlsFacts, 'certificate' | 'askedForCertificate'> {
  const leaf = socket.getPeerCertificate(true) as DetailedPeerCertificate | undefined
  if (!leaf?.raw) return { askedForCertificate: true }
  const chain: Uint8Array[] = []
  let last = leaf
  while (last.issuerCertificate && last.issuerCertificate !== last && chain.length < MAX_CHAIN) {
    last = last.issuerCertificate
    if (new X509Certificate(last.raw).ca) chain.push(last.raw)
  }
  const certificate: ShownCertificate = {
    der: leaf.raw,
    chain,
    ...(!socket.authorized && { doubt: String(socket.authorizationError) }),
  }
  return { askedForCertificate: true, certificate }
}

import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import { createSecureContext, createServer, type Server } from 'node:tls'

/** The one protocol of a handshake that shows control of a name (RFC 8737 4). */
export const ALPN_CHALLENGE = 'acme-tls/1'
/** Where HTTP-01 is looked for (RFC 8555 8.3). */
export const HTTP_CHALLENGE_PATH = '/.well-known/acme-challenge/{token}'

/** RFC 8555 8.1: base64url, at least 128 bits. */
const TOKEN = /^[A-Za-z0-9_-]{22,128}$/
const HOST = /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/
const MAX_AGE_MS = 3_600_000

/** Answers to challenges that are open, in files, so that every process of this installation can give them. */
export class ChallengeFolder {
  readonly #directory: string

  constructor(directory: string) {
    this.#directory = directory
  }

  /** Puts up the answer to HTTP-01. */
  putToken(token: string, keyAuthorization: string): void {
    if (!TOKEN.test(token)) throw new Error('the authority gave a token that is not base64url')
    this.#write(`http-${token}`, keyAuthorization)
  }

  /** The key authorization for a token that somebody asks about. */
  findToken(rawToken: string): string | undefined {
    return TOKEN.test(rawToken) ? this.#read(`http-${rawToken}`) : undefined
  }

  /** Puts up the certificate for TLS-ALPN-01 (RFC 8737 3), with its key. */
  putCertificate(host: string, pem: string): void {
    this.#write(`alpn-${host}`, pem)
  }

  findCertificate(rawHost: string): string | undefined {
    const host = rawHost.toLowerCase()
    return HOST.test(host) ? this.#read(`alpn-${host}`) : undefined
  }

  remove(kind: 'http' | 'alpn', name: string): void {
    rmSync(join(this.#directory, `${kind}-${name}`), { force: true })
  }

  /** Takes away what a process that died has left. */
  sweep(nowMs: number): void {
    for (const name of this.#list()) {
      const file = join(this.#directory, name)
      const stats = statSync(file, { throwIfNoEntry: false })
      if (stats && stats.mtimeMs < nowMs - MAX_AGE_MS) rmSync(file, { force: true })
    }
  }

  #list(): string[] {
    try {
      return readdirSync(this.#directory)
    } catch {
      return []
    }
  }

  #read(name: string): string | undefined {
    try {
      return readFileSync(join(this.#directory, name), 'utf8')
    } catch {
      return undefined
    }
  }

  #write(name: string, text: string): void {
    mkdirSync(this.#directory, { recursive: true, mode: 0o700 })
    const part = join(this.#directory, `.${name}.${process.pid}`)
    writeFileSync(part, text, { mode: 0o600 })
    renameSync(part, join(this.#directory, name))
  }
}

/** Takes the connections of an authority that checks TLS-ALPN-01: a handshake with the certificate of the challenge, and no more. */
export class AlpnChallenges {
  readonly protocol = ALPN_CHALLENGE
  readonly #server: Server

  constructor(folder: ChallengeFolder) {
    this.#server = createServer(
      {
        ALPNProtocols: [ALPN_CHALLENGE],
        minVersion: 'TLSv1.2',
        handshakeTimeout: 5000,
        SNICallback: (name, done) => {
          const pem = folder.findCertificate(name)
          if (pem === undefined) done(new Error('no challenge is open for that name'))
          else done(null, createSecureContext({ cert: pem, key: pem }))
        },
      },
      (socket) => socket.end(),
    )
    this.#server.on('tlsClientError', (_error, socket) => socket.destroy())
  }

  /** A connection whose hello asked for nothing but the challenge. */
  readonly take = (socket: Socket): void => {
    this.#server.emit('connection', socket)
  }
}

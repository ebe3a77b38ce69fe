import { X509Certificate } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'

import type { Clock } from '../core/clock.ts'
import { describeError, RingwallError } from '../core/errors.ts'
import { readChain } from './certificate.ts'
import type { TlsConfig } from './tls-config.ts'
import { readRevocationList, type RevocationList } from './revocation-list.ts'

/** Who may sign the certificates of clients, and which of them count no longer. */
export interface ClientAuthority {
  readonly name: string
  readonly pem: string
  readonly anchors: readonly X509Certificate[]
  readonly lists: readonly RevocationList[]
}

type AuthorityConfig = TlsConfig['client_authorities'][string]

/** Reads a bundle and its revocation lists; throws for what cannot be used. */
export function readClientAuthority(name: string, config: AuthorityConfig): ClientAuthority {
  const pem = read(config.ca).toString('latin1')
  const anchors = readChain(pem, config.ca)
  const leaf = anchors.find((anchor) => !anchor.ca)
  if (leaf)
    throw new RingwallError(
      'edge.authority-unusable',
      `\`${leaf.subject.replaceAll('\n', ', ')}\` is no authority (basicConstraints CA); give the certificates that sign`,
      { at: { file: config.ca } },
    )
  const lists = config.revocation_lists.map((file) => {
    const list = readRevocationList(read(file), anchors)
    if ('wrong' in list)
      throw new RingwallError('edge.revocation-list', `cannot be used: ${list.wrong}`, { at: { file } })
    return list
  })
  return { name, pem, anchors, lists }
}

function read(file: string): Buffer {
  try {
    return readFileSync(file)
  } catch (cause) {
    throw new RingwallError('edge.authority-unusable', 'cannot read the file; check its path and mode', {
      at: { file },
      cause,
    })
  }
}

const POLL_MS = 1000

/** The authorities in force. Bundles and lists that change are read again; what is broken leaves the old ones, with an alarm. */
export class ClientAuthorities {
  readonly #onNotice: (line: string) => void
  readonly #clock: Clock
  readonly #timer: NodeJS.Timeout
  readonly #warned = new Set<string>()
  #config: TlsConfig['client_authorities'] = {}
  #current: ReadonlyMap<string, ClientAuthority> = new Map()
  #seen = new Map<string, string>()
  #read = new Map<string, string>()
  /** Called when a bundle was swapped: whoever asks for certificates must know. */
  onChange: () => void = () => undefined

  constructor(
    config: TlsConfig['client_authorities'],
    options: {
      readonly clock: Clock
      readonly onNotice: (line: string) => void
      readonly pollMs?: number
    },
  ) {
    this.#clock = options.clock
    this.#onNotice = options.onNotice
    this.use(config)
    this.#timer = setInterval(() => this.poll(), options.pollMs ?? POLL_MS).unref()
  }

  /** Puts other authorities in force, all or none. */
  use(config: TlsConfig['client_authorities']): void {
    const looks = looksOf(config)
    this.#current = new Map(
      Object.entries(config).map(([name, one]) => [name, readClientAuthority(name, one)]),
    )
    this.#config = config
    this.#seen = looks
    this.#read = new Map(looks)
    this.onChange()
  }

  find(name: string): ClientAuthority | undefined {
    return this.#current.get(name)
  }

  /** Every bundle, for the handshake. */
  get bundles(): readonly string[] {
    return [...this.#current.values()].map(({ pem }) => pem)
  }

  poll(): void {
    const looks = looksOf(this.#config)
    let changed = false
    for (const [name, look] of looks) {
      const isSettled = this.#seen.get(name) === look
      if (!isSettled || this.#read.get(name) === look) continue
      this.#read.set(name, look)
      changed = this.#swap(name) || changed
    }
    this.#seen = looks
    if (changed) this.onChange()
    for (const { name, lists } of this.#current.values())
      if (lists.some(({ nextUpdateMs }) => nextUpdateMs <= this.#clock.now()) && !this.#warned.has(name)) {
        this.#warned.add(name)
        this.#onNotice(
          `ALARM: a revocation list of the client authority \`${name}\` is out of date; its clients are refused until there is a newer one`,
        )
      }
  }

  close(): void {
    clearInterval(this.#timer)
  }

  #swap(name: string): boolean {
    const config = this.#config[name]
    if (!config) return false
    try {
      this.#current = new Map([...this.#current, [name, readClientAuthority(name, config)]])
      this.#warned.delete(name)
      this.#onNotice(`the client authority \`${name}\` was read again`)
      return true
    } catch (thrown) {
      const why = thrown instanceof RingwallError ? thrown.line : describeError(thrown)
      this.#onNotice(`ALARM: client authority \`${name}\`: ${why}; the old one stays in force`)
      return false
    }
  }
}

function looksOf(config: TlsConfig['client_authorities']): Map<string, string> {
  return new Map(
    Object.entries(config).map(([name, { ca, revocation_lists: lists }]) => [
      name,
      [ca, ...lists]
        .map((file) => {
          const stats = statSync(file, { throwIfNoEntry: false, bigint: true })
          return stats ? `${stats.ino}:${stats.size}:${stats.mtimeNs}` : '-'
        })
        .join(' '),
    ]),
  )
}

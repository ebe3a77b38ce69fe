import { statSync } from 'node:fs'
import type { SecureContext, SecureContextOptions } from 'node:tls'

import type { Clock } from '../core/clock.ts'
import { describeError, RingwallError } from '../core/errors.ts'
import { type CertificateFiles, readServedCertificate, type ServedCertificate } from './certificate.ts'

/** Where one certificate of the store comes from. */
export interface CertificateSource extends CertificateFiles {
  /** What messages call it: the place in the configuration, or what made it. */
  readonly label: string
  /** It may be missing: one that is yet to be fetched. */
  readonly optional?: boolean
}

interface Slot {
  readonly source: CertificateSource
  current: ServedCertificate | undefined
  /** What the files looked like when they were read last, and when they were looked at last. */
  read: string
  seen: string
}

/** What the store needs beside its sources. */
export interface CertificateStoreOptions {
  readonly clock: Clock
  readonly onNotice: (line: string) => void
  /** How often files are looked at. A change counts when it was the same twice, so that a pair is read whole. */
  readonly pollMs?: number
}

const POLL_MS = 1000

/**
 * The certificates in force, chosen by the name that a client asks for (RFC 6066 3): the exact name, then a wildcard for
 * one label (RFC 9525 6.3), then the default, which is the first. Files that change are read again and swapped in without
 * a restart; a pair that is broken raises an alarm, and the old one stays in force.
 */
export class CertificateStore {
  readonly #clock: Clock
  readonly #onNotice: (line: string) => void
  readonly #timer: NodeJS.Timeout
  readonly #listeners = new Set<() => void>()
  #slots: readonly Slot[] = []
  #exact = new Map<string, ServedCertificate>()
  #wildcards = new Map<string, ServedCertificate>()
  #fallback: ServedCertificate | undefined

  /** Throws for a source that cannot be served; an optional one may be absent. */
  constructor(sources: readonly CertificateSource[], options: CertificateStoreOptions) {
    this.#clock = options.clock
    this.#onNotice = options.onNotice
    this.use(sources)
    this.#timer = setInterval(() => this.poll(), options.pollMs ?? POLL_MS).unref()
  }

  /** Puts other sources in force, all or none of them. */
  use(sources: readonly CertificateSource[]): void {
    this.#slots = sources.map((source): Slot => {
      const look = fingerprintOf(source)
      return { source, current: this.#readFirst(source), read: look, seen: look }
    })
    this.#index()
  }

  /** The certificate for a client that asks for this name, or for none. */
  choose(serverName: string | undefined): ServedCertificate | undefined {
    const name = serverName?.toLowerCase().replace(/\.$/, '')
    if (name === undefined) return this.#fallback
    return this.#exact.get(name) ?? this.#wildcards.get(name.slice(name.indexOf('.') + 1)) ?? this.#fallback
  }

  /** The context for a name; undefined only where there is no certificate at all. */
  contextFor(serverName: string | undefined): SecureContext | undefined {
    return this.choose(serverName)?.context
  }

  /** What a server is opened with, for clients that ask for no name. */
  get defaultOptions(): SecureContextOptions {
    return this.#fallback?.options ?? {}
  }

  /** Everything in force, with what it is called. */
  list(): readonly { readonly label: string; readonly certificate: ServedCertificate }[] {
    return this.#slots.flatMap(({ source, current }) =>
      current ? [{ label: source.label, certificate: current }] : [],
    )
  }

  /** Called after every swap. Returns what takes the listener off. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Looks at the files now. */
  poll(): void {
    let changed = false
    for (const slot of this.#slots) {
      const look = fingerprintOf(slot.source)
      const isSettled = look === slot.seen
      slot.seen = look
      if (!isSettled || look === slot.read) continue
      slot.read = look
      changed = this.#readAgain(slot) || changed
    }
    if (changed) this.#index()
  }

  close(): void {
    clearInterval(this.#timer)
    this.#listeners.clear()
  }

  #readFirst(source: CertificateSource): ServedCertificate | undefined {
    try {
      return readServedCertificate(source, this.#clock.now())
    } catch (thrown) {
      if (source.optional !== true) throw thrown
      if (filesOf(source).every((file) => lookAt(file) !== '-'))
        this.#onNotice(`ALARM: ${source.label}: ${lineOf(thrown)}`)
      return undefined
    }
  }

  #readAgain(slot: Slot): boolean {
    try {
      slot.current = readServedCertificate(slot.source, this.#clock.now())
      this.#onNotice(
        `${slot.source.label}: a new certificate is in force, valid to ${slot.current.leaf.validTo}`,
      )
      return true
    } catch (thrown) {
      this.#onNotice(`ALARM: ${slot.source.label}: ${lineOf(thrown)}; the old certificate stays in force`)
      return false
    }
  }

  #index(): void {
    const exact = new Map<string, ServedCertificate>()
    const wildcards = new Map<string, ServedCertificate>()
    for (const { current } of this.#slots) {
      for (const name of current?.names ?? []) {
        const [into, key] = name.startsWith('*.') ? [wildcards, name.slice(2)] : [exact, name]
        // The first that names it wins, so that the order in the configuration decides.
        if (current && !into.has(key)) into.set(key, current)
      }
    }
    this.#exact = exact
    this.#wildcards = wildcards
    this.#fallback = this.#slots.find(({ current }) => current)?.current
    for (const listener of this.#listeners) listener()
  }
}

function filesOf({ certificate, key, pkcs12 }: CertificateFiles): string[] {
  return [certificate, key, pkcs12].filter((file) => file !== undefined)
}

/** What the files look like from outside. Follows links, which is how Kubernetes and certbot swap them. */
function fingerprintOf(source: CertificateFiles): string {
  return filesOf(source).map(lookAt).join(' ')
}

function lookAt(file: string): string {
  const stats = statSync(file, { throwIfNoEntry: false, bigint: true })
  return stats ? `${stats.ino}:${stats.size}:${stats.mtimeNs}` : '-'
}

function lineOf(thrown: unknown): string {
  return thrown instanceof RingwallError ? thrown.line : describeError(thrown)
}

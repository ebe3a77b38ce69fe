import { X509Certificate } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import type { Clock, RandomBytes } from '../core/clock.ts'
import { describeError } from '../core/errors.ts'
import { z } from '../core/schema.ts'
import { accountKey, acmeAuthorities, type AcmeAuthority } from './acme-account.ts'
import { ChallengeFolder } from './acme-challenges.ts'
import { askRenewalWindow, orderCertificate } from './acme-order.ts'
import { backoffMs, momentIn, ownRenewalMs } from './acme-schedule.ts'
import { hostNamesOf } from './certificate.ts'
import type { CertificateSource } from './certificate-store.ts'
import { LeaderFile } from './leader-file.ts'
import type { TlsConfig } from './tls-config.ts'

/** What is remembered of a certificate between runs. */
const stateSchema = z.object({
  /** The directory of the authority that gave it. */
  authority: z.string().optional(),
  renewAtMs: z.number().optional(),
  askAgainMs: z.number().optional(),
  failures: z.number().int().default(0),
  notBeforeMs: z.number().default(0),
})
type State = z.infer<typeof stateSchema>

/** How an attempt went. */
export interface AcmeOutcome {
  readonly name: string
  readonly ok: boolean
  readonly detail: string
}

/** What it needs beside its part of the configuration. */
export interface AcmeOptions {
  /** Where accounts, certificates and open challenges are. */
  readonly directory: string
  readonly clock: Clock
  readonly random: RandomBytes
  readonly onNotice: (line: string) => void
  readonly onOutcome?: (outcome: AcmeOutcome) => void
  readonly tickMs?: number
}

const TICK_MS = 20_000
const CLOSE_MS = 500

/** Where the certificates are once they are there, for the store of the server. */
export function acmeSources(config: TlsConfig['acme'], directory: string): readonly CertificateSource[] {
  return Object.keys(config?.certificates ?? {}).map((name) => {
    const file = certificateFile(directory, name)
    return { label: `security.tls.acme.certificates.${name}`, certificate: file, key: file, optional: true }
  })
}

function certificateFile(directory: string, name: string): string {
  return join(directory, 'certificates', `${name}.pem`)
}

/** The folder of open challenges. */
export function acmeChallenges(directory: string): ChallengeFolder {
  return new ChallengeFolder(join(directory, 'challenges'))
}

/**
 * Gets certificates and renews them (RFC 8555, RFC 9773): each authority in its order until one gives, the moment from the
 * authority's renewal information where it has some. Failures are followed by longer and longer pauses. Of several processes
 * that share the folder one does it; the others pick the files up.
 */
export class Acme {
  readonly #options: AcmeOptions
  readonly #challenges: ChallengeFolder
  readonly #leader: LeaderFile
  #config: TlsConfig['acme']
  #timer: NodeJS.Timeout | undefined
  #running: Promise<void> | undefined
  #closed = false

  constructor(config: TlsConfig['acme'], options: AcmeOptions) {
    this.#config = config
    this.#options = options
    this.#challenges = acmeChallenges(options.directory)
    const token = Buffer.from(options.random(8)).toString('hex')
    this.#leader = new LeaderFile(join(options.directory, 'leader'), token)
  }

  /** Begins to look after the certificates. The port of the challenge must be open by now. */
  start(): void {
    this.#timer ??= setInterval(() => void this.tick(), this.#options.tickMs ?? TICK_MS).unref()
    void this.tick()
  }

  use(config: TlsConfig['acme']): void {
    this.#config = config
  }

  /** Does what is due, if this process leads. Never rejects. */
  async tick(): Promise<void> {
    this.#running ??= this.#tick()
      .catch((thrown: unknown) => this.#options.onNotice(`ALARM: ACME: ${describeError(thrown)}`))
      .finally(() => (this.#running = undefined))
    await this.#running
  }

  /** Gets a certificate now, whether it is due or not. */
  async renew(name: string): Promise<AcmeOutcome> {
    return this.#order(name, this.#config?.certificates[name] ?? [])
  }

  async close(): Promise<void> {
    this.#closed = true
    clearInterval(this.#timer)
    // An order that is under way is left to itself: what it has not written yet is ordered again.
    await Promise.race([this.#running, new Promise((resolve) => setTimeout(resolve, CLOSE_MS))])
    this.#leader.release()
  }

  async #tick(): Promise<void> {
    const certificates = Object.entries(this.#config?.certificates ?? {})
    if (certificates.length === 0 || !(await this.#leader.claim())) return
    this.#challenges.sweep(this.#options.clock.now())
    for (const [name, hosts] of certificates) {
      if (this.#closed || !(await this.#leader.claim())) return
      if (await this.#isDue(name, hosts)) await this.#order(name, hosts)
    }
  }

  async #isDue(name: string, hosts: readonly string[]): Promise<boolean> {
    const now = this.#options.clock.now()
    const state = this.#readState(name)
    if (state.notBeforeMs > now) return false
    const pem = this.#readPem(name)
    if (pem === undefined) return true
    const certificate = new X509Certificate(pem)
    const named = new Set(hostNamesOf(certificate))
    if (named.size !== hosts.length || !hosts.every((host) => named.has(host))) return true
    let { renewAtMs } = state
    if (state.askAgainMs === undefined || state.askAgainMs <= now) {
      renewAtMs = await this.#askWhen(name, pem, certificate, state)
    }
    return (renewAtMs ?? 0) <= now
  }

  /** What the authority suggests, else our own rule. A moment that was chosen stays while the window still holds it. */
  async #askWhen(name: string, pem: string, certificate: X509Certificate, state: State): Promise<number> {
    const { clock, random } = this.#options
    const now = clock.now()
    const life = [certificate.validFromDate.getTime(), certificate.validToDate.getTime()] as const
    const authority = this.#authorities().find((one) => one.directory === state.authority)
    try {
      const window = authority && (await askRenewalWindow(authority, pem, now))
      if (window) {
        const chosen = state.renewAtMs
        const holds = chosen !== undefined && chosen >= window.startMs && chosen <= window.endMs
        const renewAtMs = holds ? chosen : momentIn(window, random)
        this.#writeState(name, { ...state, renewAtMs, askAgainMs: window.askAgainMs })
        return renewAtMs
      }
    } catch (thrown) {
      this.#options.onNotice(`${name}: no renewal information: ${describeError(thrown)}`)
    }
    const renewAtMs = state.renewAtMs ?? ownRenewalMs(life[0], life[1], random)
    this.#writeState(name, { ...state, renewAtMs, askAgainMs: now + ASK_AGAIN_MS })
    return renewAtMs
  }

  async #order(name: string, hosts: readonly string[]): Promise<AcmeOutcome> {
    const config = this.#config
    const state = this.#readState(name)
    const failures: string[] = []
    if (!config || hosts.length === 0) return { name, ok: false, detail: 'it is not configured' }
    for (const authority of this.#authorities()) {
      try {
        const pem = await orderCertificate({
          authority,
          accountKey: accountKey(this.#options.directory, authority),
          email: config.email,
          names: hosts,
          challenge: config.challenge,
          challenges: this.#challenges,
          keyOf: config.keep_key ? this.#readPem(name) : undefined,
          replaces: authority.directory === state.authority ? this.#readPem(name) : undefined,
        })
        this.#writePem(name, pem)
        this.#writeState(name, { authority: authority.directory, failures: 0, notBeforeMs: 0 })
        return this.#told({ name, ok: true, detail: `from ${authority.label}` })
      } catch (thrown) {
        failures.push(`${authority.label}: ${describeError(thrown)}`)
      }
    }
    const count = state.failures + 1
    const notBeforeMs = this.#options.clock.now() + backoffMs(count, this.#options.random)
    this.#writeState(name, { ...state, failures: count, notBeforeMs })
    return this.#told({ name, ok: false, detail: failures.join('; ') })
  }

  #told(outcome: AcmeOutcome): AcmeOutcome {
    const { name, ok, detail } = outcome
    this.#options.onNotice(
      ok ? `${name}: a new certificate ${detail}` : `ALARM: ${name}: no certificate: ${detail}`,
    )
    this.#options.onOutcome?.(outcome)
    return outcome
  }

  #authorities(): readonly AcmeAuthority[] {
    return this.#config ? acmeAuthorities(this.#config) : []
  }

  #readPem(name: string): string | undefined {
    try {
      return readFileSync(certificateFile(this.#options.directory, name), 'utf8')
    } catch {
      return undefined
    }
  }

  #writePem(name: string, pem: string): void {
    this.#write(certificateFile(this.#options.directory, name), pem)
  }

  #readState(name: string): State {
    try {
      return stateSchema.parse(JSON.parse(readFileSync(this.#stateFile(name), 'utf8')))
    } catch {
      return stateSchema.parse({})
    }
  }

  #writeState(name: string, state: State): void {
    this.#write(this.#stateFile(name), JSON.stringify(state))
  }

  #stateFile(name: string): string {
    return join(this.#options.directory, 'certificates', `${name}.json`)
  }

  #write(file: string, text: string): void {
    mkdirSync(join(this.#options.directory, 'certificates'), { recursive: true, mode: 0o700 })
    const part = `${file}.${process.pid}.part`
    rmSync(part, { force: true })
    writeFileSync(part, text, { mode: 0o600, flag: 'wx' })
    renameSync(part, file)
  }
}

const ASK_AGAIN_MS = 6 * 3_600_000

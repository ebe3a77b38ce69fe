import { createHash } from 'node:crypto'
import { request } from 'node:http'

import type { Clock } from '../core/clock.ts'
import { describeError } from '../core/errors.ts'
import type { ServedCertificate } from './certificate.ts'
import { mustStaple, ocspResponder, readCertificateFields } from './certificate-fields.ts'
import type { CertificateStore } from './certificate-store.ts'
import { ocspRequest, readOcspResponse } from './ocsp.ts'

interface Staple {
  readonly answer: Buffer
  readonly nextUpdateMs: number
}

interface Task {
  readonly label: string
  readonly certificate: ServedCertificate
  readonly responder: string
  readonly mustStaple: boolean
  staple: Staple | undefined
  dueMs: number
  failures: number
}

const TICK_MS = 30_000
const FIRST_RETRY_MS = 60_000
const MAX_RETRY_MS = 3_600_000
const TIMEOUT_MS = 10_000
const MAX_ANSWER_BYTES = 64 * 1024

/**
 * Answers of OCSP responders, stapled to handshakes (RFC 6066 8). Each certificate that names a responder has one, asked for
 * again half-way to its end; where none is named nothing is asked. No handshake waits for a responder, and an answer that
 * cannot be checked or that says `revoked` is not stapled.
 */
export class OcspStapler {
  readonly #store: CertificateStore
  readonly #clock: Clock
  readonly #onNotice: (line: string) => void
  readonly #timer: NodeJS.Timeout
  readonly #tasks = new Map<string, Task>()
  readonly #forget: () => void
  readonly #isOn: () => boolean
  #running: Promise<void> | undefined

  constructor(
    store: CertificateStore,
    options: {
      readonly clock: Clock
      readonly onNotice: (line: string) => void
      readonly tickMs?: number
      /** Where it says no, nobody is asked. */
      readonly isOn?: () => boolean
    },
  ) {
    this.#store = store
    this.#clock = options.clock
    this.#onNotice = options.onNotice
    this.#isOn = options.isOn ?? (() => true)
    this.#forget = store.onChange(() => void this.refresh())
    this.#timer = setInterval(() => void this.refresh(), options.tickMs ?? TICK_MS).unref()
  }

  /** The answer for a certificate, by its SHA-256 in hex, while it counts. */
  find(fingerprint: string): Buffer | undefined {
    const staple = this.#tasks.get(fingerprint)?.staple
    return staple && staple.nextUpdateMs > this.#clock.now() ? staple.answer : undefined
  }

  /** Asks for what is due. */
  async refresh(): Promise<void> {
    if (!this.#isOn()) return
    this.#running ??= this.#refresh().finally(() => (this.#running = undefined))
    await this.#running
  }

  close(): void {
    clearInterval(this.#timer)
    this.#forget()
  }

  async #refresh(): Promise<void> {
    const seen = new Set<string>()
    for (const { label, certificate } of this.#store.list()) {
      const fingerprint = createHash('sha256').update(certificate.leaf.raw).digest('hex')
      const fields = readCertificateFields(certificate.leaf.raw)
      const responder = ocspResponder(fields)
      if (responder === undefined || !certificate.issuer) continue
      seen.add(fingerprint)
      if (!this.#tasks.has(fingerprint))
        this.#tasks.set(fingerprint, {
          label,
          certificate,
          responder,
          mustStaple: mustStaple(fields),
          staple: undefined,
          dueMs: 0,
          failures: 0,
        })
    }
    for (const [fingerprint, task] of this.#tasks) {
      if (!seen.has(fingerprint)) this.#tasks.delete(fingerprint)
      else if (task.dueMs <= this.#clock.now()) await this.#ask(task)
    }
  }

  async #ask(task: Task): Promise<void> {
    const { leaf, issuer } = task.certificate
    if (!issuer) return
    const now = this.#clock.now()
    try {
      const answer = await post(task.responder, ocspRequest(leaf, issuer))
      const reading = readOcspResponse(answer, leaf, issuer, now)
      if (!reading.ok) return this.#failed(task, reading.reason)
      if (reading.status !== 'good') {
        task.staple = undefined
        return this.#failed(task, `the certificate is ${reading.status}`)
      }
      task.staple = { answer, nextUpdateMs: reading.nextUpdateMs }
      task.failures = 0
      const half = (Math.max(reading.thisUpdateMs, now) + reading.nextUpdateMs) / 2
      task.dueMs = Math.max(now + FIRST_RETRY_MS, Math.min(half, reading.nextUpdateMs - FIRST_RETRY_MS))
    } catch (thrown) {
      this.#failed(task, describeError(thrown))
    }
  }

  #failed(task: Task, reason: string): void {
    task.failures++
    task.dueMs =
      this.#clock.now() + Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(task.failures - 1, 10))
    const isNeeded = task.mustStaple && task.staple === undefined
    // An alarm the first time, and each time where clients will not come without.
    if (task.failures === 1 || isNeeded)
      this.#onNotice(
        `ALARM: ${task.label}: no OCSP answer from ${task.responder}: ${reason}${isNeeded ? '; the certificate asks for one (must-staple), so clients will refuse it' : ''}`,
      )
  }
}

/** RFC 6960 A.1. Redirects are not followed, and answers are bounded. */
function post(url: string, body: Uint8Array): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const req = request(
      url,
      {
        method: 'POST',
        headers: { 'Content-Type': 'application/ocsp-request', 'Content-Length': body.length },
        signal: AbortSignal.timeout(TIMEOUT_MS),
        agent: false,
      },
      (res) => {
        const chunks: Buffer[] = []
        let size = 0
        res.on('data', (chunk: Buffer) => {
          size += chunk.length
          if (size > MAX_ANSWER_BYTES) req.destroy(new Error('the answer is too large'))
          else chunks.push(chunk)
        })
        res.on('end', () =>
          res.statusCode === 200
            ? resolve(Buffer.concat(chunks))
            : reject(new Error(`the responder answers ${res.statusCode}`)),
        )
        res.on('error', reject)
      },
    )
    req.on('error', reject)
    req.end(body)
  })
}

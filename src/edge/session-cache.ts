import type { Clock } from '../core/clock.ts'

interface Entry {
  readonly data: Buffer
  readonly expiresMs: number
}

/** A session is about 200 bytes; one that is larger holds a client's certificate, and such are not resumed. */
const MAX_SESSION_BYTES = 1024

/**
 * Sessions of TLS that may be resumed, in this process alone: the guide's session cache. Ids are 32 random bytes that
 * OpenSSL made; with tickets off nothing but the id leaves (RFC 5246 F.1.4, RFC 8446 4.6.1). Bounded in number and age;
 * the oldest makes room.
 */
export class SessionCache {
  readonly #entries = new Map<string, Entry>()
  readonly #maxEntries: number
  readonly #maxAgeMs: number
  readonly #clock: Clock

  constructor(options: { readonly maxEntries: number; readonly maxAgeMs: number; readonly clock: Clock }) {
    this.#maxEntries = options.maxEntries
    this.#maxAgeMs = options.maxAgeMs
    this.#clock = options.clock
  }

  put(id: string, data: Buffer): void {
    if (this.#maxEntries === 0 || data.length > MAX_SESSION_BYTES) return
    this.#entries.delete(id)
    this.#entries.set(id, { data, expiresMs: this.#clock.now() + this.#maxAgeMs })
    while (this.#entries.size > this.#maxEntries) {
      const [oldest] = this.#entries.keys()
      this.#entries.delete(oldest as string)
    }
  }

  /** What was kept under this id. An id of TLS 1.3 is for one use (RFC 8446 C.4): `take` it. */
  find(id: string, take = false): Buffer | undefined {
    const entry = this.#entries.get(id)
    if (!entry) return undefined
    const isOld = entry.expiresMs <= this.#clock.now()
    if (isOld || take) this.#entries.delete(id)
    return isOld ? undefined : entry.data
  }

  get size(): number {
    return this.#entries.size
  }
}

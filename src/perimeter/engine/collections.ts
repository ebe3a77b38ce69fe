/** Entries kept at most, and values in each; the least recently used goes first. */
const MAX_ENTRIES = 50_000
const MAX_VALUES = 200

interface Stored {
  readonly values: Map<string, string | number>
  /** When a value ends, by its key. */
  readonly expiries: Map<string, number>
  untilMs: number
}

/**
 * GLOBAL, IP, SESSION, USER and RESOURCE: values that outlive an exchange, until they have not been used for
 * `SecCollectionTimeout` or their `expirevar` has come. In this process's memory, bounded.
 */
export class Collections {
  readonly #stored = new Map<string, Stored>()
  readonly #timeoutMs: number

  constructor(timeoutSeconds: number) {
    this.#timeoutMs = timeoutSeconds * 1000
  }

  /** The values under a key, made where there are none. */
  open(name: string, key: string, nowMs: number): Map<string, string | number> {
    const id = `${name}\n${key}`
    let found = this.#stored.get(id)
    if (found && found.untilMs <= nowMs) found = undefined
    found ??= { values: new Map(), expiries: new Map(), untilMs: 0 }
    found.untilMs = nowMs + this.#timeoutMs
    this.#stored.delete(id)
    this.#stored.set(id, found)
    for (const [value, untilMs] of found.expiries) {
      if (untilMs > nowMs) continue
      found.values.delete(value)
      found.expiries.delete(value)
    }
    while (found.values.size > MAX_VALUES) found.values.delete(found.values.keys().next().value as string)
    if (this.#stored.size > MAX_ENTRIES) this.#stored.delete(this.#stored.keys().next().value as string)
    return found.values
  }

  /** `expirevar`. */
  expire(name: string, key: string, value: string, untilMs: number): void {
    this.#stored.get(`${name}\n${key}`)?.expiries.set(value, untilMs)
  }

  get size(): number {
    return this.#stored.size
  }
}

import { StreamFault } from './core/fault.ts'
import type { RequestBody } from './core/exchange.ts'

/** Where the bytes come from; asked for only when a wall or the application wants them. */
export type BodySource = () => AsyncIterator<Uint8Array>

const NOTHING = new Uint8Array(0)

/**
 * A request's body that is tapped, not slurped: walls see its first bytes, the application gets all of it, and
 * nothing is read off the socket before somebody asks.
 */
export class StreamedBody implements RequestBody {
  readonly declaredBytes: number | undefined
  maxBytes = Number.MAX_SAFE_INTEGER
  maxPauseMs = 30_000
  receivedBytes = 0
  readonly #source: BodySource
  #iterator: AsyncIterator<Uint8Array> | undefined
  #tapped: Uint8Array[] = []
  #tappedBytes = 0
  #ended: boolean
  #taken = false

  constructor(declaredBytes: number | undefined, source: BodySource) {
    this.declaredBytes = declaredBytes
    this.#source = source
    this.#ended = declaredBytes === 0
  }

  get ended(): boolean {
    return this.#ended
  }

  get whole(): Uint8Array | undefined {
    return this.#ended && !this.#taken ? joinBytes(this.#tapped) : undefined
  }

  async tap(limit: number): Promise<{ readonly bytes: Uint8Array; readonly complete: boolean }> {
    // One byte more than wanted, to know whether there is more.
    while (!this.#ended && this.#tappedBytes <= limit) {
      const chunk = await this.#read()
      if (chunk === undefined) break
      this.#tapped.push(chunk)
      this.#tappedBytes += chunk.length
    }
    const bytes = joinBytes(this.#tapped)
    this.#tapped = bytes.length === 0 ? [] : [bytes]
    const complete = this.#ended && bytes.length <= limit
    return { bytes: bytes.length > limit ? bytes.subarray(0, limit) : bytes, complete }
  }

  replace(bytes: Uint8Array): void {
    if (!this.#ended || this.#taken) throw new Error('only a body that was seen whole can be replaced')
    this.#tapped = [bytes]
    this.#tappedBytes = bytes.length
  }

  async *stream(): AsyncGenerator<Uint8Array> {
    if (this.#taken) throw new Error('a request body can be taken once')
    this.#taken = true
    const tapped = this.#tapped
    this.#tapped = []
    yield* tapped
    while (!this.#ended) {
      const chunk = await this.#read()
      if (chunk === undefined) return
      yield chunk
    }
  }

  async #read(): Promise<Uint8Array | undefined> {
    this.#iterator ??= this.#source()
    const next = await this.#nextInTime(this.#iterator)
    if (next.done === true) {
      this.#ended = true
      return undefined
    }
    this.receivedBytes += next.value.length
    // INVARIANT: no byte beyond maxBytes is handed on, whatever length was declared.
    if (this.receivedBytes > this.maxBytes) {
      throw new StreamFault('gateway.body-too-large', `more than ${this.maxBytes} bytes arrived`)
    }
    return next.value
  }

  async #nextInTime(iterator: AsyncIterator<Uint8Array>): Promise<IteratorResult<Uint8Array>> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => {
        reject(new StreamFault('gateway.body-too-slow', `nothing arrived for ${this.maxPauseMs} ms`))
      }, this.maxPauseMs)
    })
    try {
      return await Promise.race([iterator.next(), late])
    } finally {
      clearTimeout(timer)
    }
  }
}

function joinBytes(chunks: readonly Uint8Array[]): Uint8Array {
  if (chunks.length === 0) return NOTHING
  return chunks.length === 1 ? (chunks[0] as Uint8Array) : Buffer.concat(chunks)
}

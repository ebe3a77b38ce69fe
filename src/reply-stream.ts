/** What can be told to wait. */
export interface Source {
  pause(): void
  resume(): void
  abort(reason: Error): void
}

const MAX_QUEUED_BYTES = 64 * 1024

/**
 * The body of a reply as it arrives: pushed by the connection to the application, pulled by the client's. Holds at most
 * about 64 KB; then the application waits (backpressure).
 */
export class ReplyStream implements AsyncIterable<Uint8Array>, AsyncIterator<Uint8Array> {
  readonly #source: Source
  #queue: Uint8Array[] = []
  #queuedBytes = 0
  #paused = false
  #ended = false
  #error: Error | undefined
  #waiting:
    | { resolve: (result: IteratorResult<Uint8Array>) => void; reject: (error: Error) => void }
    | undefined

  constructor(source: Source) {
    this.#source = source
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    return this
  }

  push(chunk: Uint8Array): void {
    const waiting = this.#waiting
    if (waiting) {
      this.#waiting = undefined
      waiting.resolve({ done: false, value: chunk })
      return
    }
    this.#queue.push(chunk)
    this.#queuedBytes += chunk.length
    if (this.#queuedBytes >= MAX_QUEUED_BYTES && !this.#paused) {
      this.#paused = true
      this.#source.pause()
    }
  }

  end(): void {
    this.#ended = true
    this.#waiting?.resolve({ done: true, value: undefined })
    this.#waiting = undefined
  }

  fail(error: Error): void {
    this.#error = error
    this.#waiting?.reject(error)
    this.#waiting = undefined
  }

  next(): Promise<IteratorResult<Uint8Array>> {
    const chunk = this.#queue.shift()
    if (chunk) {
      this.#queuedBytes -= chunk.length
      if (this.#paused && this.#queuedBytes < MAX_QUEUED_BYTES / 2) {
        this.#paused = false
        this.#source.resume()
      }
      return Promise.resolve({ done: false, value: chunk })
    }
    if (this.#error) return Promise.reject(this.#error)
    if (this.#ended) return Promise.resolve({ done: true, value: undefined })
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject }
    })
  }

  /** The reader stops early: the application is told. */
  return(): Promise<IteratorResult<Uint8Array>> {
    if (!this.#ended && !this.#error) this.#source.abort(new Error('the reader stopped'))
    this.#ended = true
    this.#queue = []
    return Promise.resolve({ done: true, value: undefined })
  }
}

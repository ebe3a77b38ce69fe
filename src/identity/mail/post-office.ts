import { describeError } from '../../core/errors.ts'
import type { MailQueueRow } from '../../store/index.ts'
import type { MailQueue } from './queue.ts'
import type { Letter, Transport } from './transport.ts'

const AT_ONCE = 20
const EVERY_MS = 1000

/** Brings away what waits in the queue, in the background, a few at a time. */
export class PostOffice {
  readonly #queue: MailQueue
  readonly #transport: Transport
  readonly #write: (row: MailQueueRow) => Promise<Letter | undefined>
  readonly #onNotice: (line: string) => void
  #timer: NodeJS.Timeout | undefined
  #underWay: Promise<number> | undefined

  constructor(options: {
    readonly queue: MailQueue
    readonly transport: Transport
    /** The letter for a line of the queue, or undefined when there is nothing to say. */
    readonly write: (row: MailQueueRow) => Promise<Letter | undefined>
    readonly onNotice: (line: string) => void
  }) {
    this.#queue = options.queue
    this.#transport = options.transport
    this.#write = options.write
    this.#onNotice = options.onNotice
  }

  /** Where mails go. */
  get destination(): string {
    return this.#transport.name
  }

  /** Begins to look every second. */
  start(): void {
    this.#timer ??= setInterval(() => {
      this.flush().catch((error: unknown) => this.#onNotice(`mail: ${describeError(error)}`))
    }, EVERY_MS).unref()
  }

  /** Sends what is due now; gives how many went. One at a time: a call while another runs waits for that one. */
  flush(): Promise<number> {
    this.#underWay ??= this.#sendDue().finally(() => (this.#underWay = undefined))
    return this.#underWay
  }

  async close(): Promise<void> {
    clearInterval(this.#timer)
    await this.#underWay?.catch(() => undefined)
    this.#transport.close()
  }

  async #sendDue(): Promise<number> {
    let sent = 0
    for (const row of await this.#queue.claim(AT_ONCE)) {
      try {
        const letter = await this.#write(row)
        if (letter) {
          await this.#transport.send(letter)
          sent++
        }
        await this.#queue.done(row)
      } catch (thrown) {
        const isKept = await this.#queue.retry(row)
        // The text of a mail server can repeat addresses; the kind and the reason in short are enough.
        this.#onNotice(
          `mail of kind ${row.kind} could not be sent${isKept ? ' and is tried again' : ' and is given up'}: ${describeError(thrown).slice(0, 200)}`,
        )
      }
    }
    return sent
  }
}

import { mkdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { dirname } from 'node:path'

/** A leader that has not shown itself for so long is gone. */
const STALE_MS = 60_000
/** How long one waits to see whether another took over at the same moment. */
const SETTLE_MS = 500
const HEARTBEAT_MS = 15_000

/** One leader among the processes that share a folder. Who leads says so again and again; whoever is silent is replaced. */
export class LeaderFile {
  readonly #file: string
  readonly #me: string
  #heartbeat: NodeJS.Timeout | undefined

  constructor(file: string, token: string) {
    this.#file = file
    this.#me = `${hostname()} ${process.pid} ${token}`
  }

  /** Whether this process leads, now that it has asked. */
  async claim(): Promise<boolean> {
    if (this.#beat()) return true
    const stats = statSync(this.#file, { throwIfNoEntry: false })
    if (stats && Date.now() - stats.mtimeMs < STALE_MS) return false
    mkdirSync(dirname(this.#file), { recursive: true, mode: 0o700 })
    const part = `${this.#file}.${process.pid}.part`
    writeFileSync(part, this.#me, { mode: 0o600 })
    renameSync(part, this.#file)
    // Two may have renamed one after the other: the last one leads.
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS))
    // An order may take minutes, and who leads must go on saying so.
    this.#heartbeat ??= setInterval(() => this.#beat(), HEARTBEAT_MS).unref()
    return this.#beat()
  }

  /** Lets another lead at once. */
  release(): void {
    clearInterval(this.#heartbeat)
    if (this.#holder() === this.#me) rmSync(this.#file, { force: true })
  }

  #beat(): boolean {
    if (this.#holder() !== this.#me) return false
    utimesSync(this.#file, new Date(), new Date())
    return true
  }

  #holder(): string | undefined {
    try {
      return readFileSync(this.#file, 'utf8')
    } catch {
      return undefined
    }
  }
}

import type { Clock } from '../core/clock.ts'
import { describeError, RingwallError } from '../core/errors.ts'
import { AddressList, type ListProblem, ListParsing, type ParsedList } from './address-list.ts'

/** Where a list comes from. The reader opens files and sockets; the schedule only says when. */
export interface ListSource {
  readonly name: string
  /** The whole list as it is now. The signal ends when it takes too long or the schedule is closed. */
  readonly read: (signal: AbortSignal) => Promise<Uint8Array>
  readonly everySeconds: number
}

/** What became of one update. */
export type ListReport =
  | {
      readonly kind: 'updated'
      readonly name: string
      readonly atMs: number
      readonly networks: number
      readonly badLines: number
      readonly problems: readonly ListProblem[]
    }
  /** The list is as it was before, and `message` says why. */
  | {
      readonly kind: 'kept'
      readonly name: string
      readonly atMs: number
      readonly message: string
      readonly problems: readonly ListProblem[]
    }

/** How the lists stand, for operators. */
export interface ListState {
  readonly name: string
  /** Networks as they were written. */
  readonly networks: number
  /** When the content was last replaced; undefined before the first time. */
  readonly updatedAtMs: number | undefined
  /** Failed updates since then. */
  readonly failures: number
}

/** What a schedule is made of. */
export interface ListScheduleOptions {
  readonly sources: readonly ListSource[]
  readonly clock: Clock
  /** A number in [0, 1), which spreads the updates of many servers. */
  readonly random: () => number
  readonly onReport: (report: ListReport) => void
  /** Longest time for one reading; a minute unless told. */
  readonly readSeconds?: number
}

const LINES_AT_ONCE = 20_000
const LEAST_KEPT_SHARE = 0.1
/** A slip or two of the pen do not make a list worthless; a web page in its place does. */
const BAD_LINES_BORNE = 10
const MOST_BAD_SHARE = 0.1
const JITTER_SHARE = 0.1
const RETRY_SECONDS = 60
const LONGEST_TIMER_MS = 2 ** 31 - 1

interface Entry {
  readonly source: ListSource
  readonly list: AddressList
  networks: number
  updatedAtMs: number | undefined
  failures: number
  timer: NodeJS.Timeout | undefined
  reading: Promise<void> | undefined
}

/** Keeps lists fresh. An update that fails or makes no sense changes nothing and is reported. */
export class ListSchedule {
  readonly #options: ListScheduleOptions
  readonly #entries: readonly Entry[]
  readonly #closing = new AbortController()

  constructor(options: ListScheduleOptions) {
    const names = new Set<string>()
    for (const { name, everySeconds } of options.sources) {
      if (names.has(name))
        throw new RingwallError(
          'perimeter.list-twice',
          `two lists are called \`${name}\`; give each its own name`,
        )
      if (!(everySeconds > 0))
        throw new RingwallError(
          'perimeter.list-interval',
          `the list \`${name}\` needs a positive number of seconds`,
        )
      names.add(name)
    }
    this.#options = options
    this.#entries = options.sources.map((source) => ({
      source,
      list: new AddressList(source.name),
      networks: 0,
      updatedAtMs: undefined,
      failures: 0,
      timer: undefined,
      reading: undefined,
    }))
  }

  /** Reads every list once and sets the timers. Resolves when each has been tried, whatever came of it. */
  async start(): Promise<void> {
    await Promise.all(this.#entries.map((entry) => this.#update(entry)))
  }

  /** Reads one list now, or waits for the reading under way. */
  async refresh(name: string): Promise<void> {
    const entry = this.#entries.find((entry) => entry.source.name === name)
    if (!entry) throw new RingwallError('perimeter.list-unknown', `there is no list called \`${name}\``)
    await this.#update(entry)
  }

  /** The list of this name; it stays the same object while its content changes. */
  list(name: string): AddressList | undefined {
    return this.#entries.find((entry) => entry.source.name === name)?.list
  }

  /** The first list, in the order of the sources, that holds the address. */
  find(ip: string): { readonly list: string; readonly network: string } | undefined {
    for (const { list } of this.#entries) {
      const network = list.find(ip)
      if (network !== undefined) return { list: list.name, network }
    }
    return undefined
  }

  state(): ListState[] {
    return this.#entries.map(({ source, networks, updatedAtMs, failures }) => ({
      name: source.name,
      networks,
      updatedAtMs,
      failures,
    }))
  }

  /** Stops the timers and ends readings under way; nothing is reported from then on. The lists keep answering. */
  close(): void {
    this.#closing.abort()
    for (const entry of this.#entries) clearTimeout(entry.timer)
  }

  #update(entry: Entry): Promise<void> {
    entry.reading ??= this.#readAndSwap(entry).finally(() => {
      entry.reading = undefined
      this.#setTimer(entry)
    })
    return entry.reading
  }

  async #readAndSwap(entry: Entry): Promise<void> {
    if (this.#closing.signal.aborted) return
    let bytes: Uint8Array
    try {
      bytes = await this.#read(entry.source)
    } catch (error) {
      this.#keep(entry, `it could not be read: ${describeError(error)}`)
      return
    }
    const parsing = new ListParsing(bytes, entry.source.name)
    while (!parsing.read(LINES_AT_ONCE)) await new Promise((resolve) => setImmediate(resolve))
    if (this.#closing.signal.aborted) return
    const parsed = parsing.result()
    const fault = updateFault(parsed, entry.networks)
    if (parsed.kind === 'refused' || fault !== undefined) {
      this.#keep(entry, fault ?? 'it is refused', parsed)
      return
    }
    const { networks, badLines, problems } = parsed
    const atMs = this.#options.clock.now()
    entry.list.swap(parsed.table)
    entry.networks = networks
    entry.updatedAtMs = atMs
    entry.failures = 0
    this.#report({ kind: 'updated', name: entry.source.name, atMs, networks, badLines, problems })
  }

  /** A reader that ignores its signal is not waited for. */
  async #read(source: ListSource): Promise<Uint8Array> {
    const ending = new AbortController()
    const seconds = this.#options.readSeconds ?? 60
    const { signal } = ending
    const timer = setTimeout(
      () => ending.abort(new Error(`no answer within ${seconds} s`)),
      seconds * 1000,
    ).unref()
    const close = (): void => ending.abort(new Error('the schedule is closed'))
    this.#closing.signal.addEventListener('abort', close)
    try {
      return await Promise.race([
        source.read(signal),
        new Promise<never>((_, reject) =>
          signal.addEventListener('abort', () => reject(signal.reason as Error)),
        ),
      ])
    } finally {
      clearTimeout(timer)
      this.#closing.signal.removeEventListener('abort', close)
    }
  }

  #keep(entry: Entry, message: string, parsed?: ParsedList): void {
    entry.failures++
    const problems =
      parsed === undefined ? [] : parsed.kind === 'refused' ? [parsed.problem] : parsed.problems
    this.#report({
      kind: 'kept',
      name: entry.source.name,
      atMs: this.#options.clock.now(),
      message,
      problems,
    })
  }

  #report(report: ListReport): void {
    if (this.#closing.signal.aborted) return
    this.#options.onReport(report)
  }

  /** After a failure sooner: in a minute, then two, four, but never later than usual. */
  #setTimer(entry: Entry): void {
    if (this.#closing.signal.aborted) return
    clearTimeout(entry.timer)
    const { everySeconds } = entry.source
    const seconds =
      entry.failures === 0
        ? everySeconds
        : Math.min(everySeconds, RETRY_SECONDS * 2 ** Math.min(entry.failures - 1, 20))
    const delayMs = Math.min(seconds * 1000 * (1 + JITTER_SHARE * this.#options.random()), LONGEST_TIMER_MS)
    entry.timer = setTimeout(() => void this.#update(entry), delayMs).unref()
  }
}

/** Why an update is not believed; undefined if it is. */
function updateFault(parsed: ParsedList, networksBefore: number): string | undefined {
  if (parsed.kind === 'refused') return parsed.problem.message
  const { networks, badLines } = parsed
  const borne = networks === 0 ? 0 : Math.max(BAD_LINES_BORNE, MOST_BAD_SHARE * (networks + badLines))
  if (badLines > borne)
    return `${badLines} of its lines are no addresses, so it is hardly a list (${networks} are)`
  if (networks < LEAST_KEPT_SHARE * networksBefore)
    return `it shrinks from ${networksBefore} networks to ${networks}, by more than 90 %`
  return undefined
}

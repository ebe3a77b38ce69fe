import { hkdfSync } from 'node:crypto'
import { Resolver } from 'node:dns/promises'
import { readFile } from 'node:fs/promises'

import { request } from 'undici'

import type { Clock, RandomBytes } from './core/clock.ts'
import { describeError, RingwallError } from './core/errors.ts'
import type { Keys } from './core/keys.ts'
import {
  BotWatch,
  CHALLENGE_RULES,
  type Geography,
  type ListReport,
  ListSchedule,
  type NameResolver,
  openChallenge,
  type PerimeterConfig,
  type Visitors,
} from './perimeter/index.ts'

/** What visitors are told apart with. */
export interface VisitorParts {
  readonly keys: Keys
  readonly clock: Clock
  readonly random: RandomBytes
  readonly onNotice: (line: string) => void
}

const READ_SECONDS = 15
const MAX_LIST_BYTES = 64 * 1024 * 1024

/**
 * Address lists, bots and challenges. They outlive a reload: a list whose configuration stays the same is not read again, and
 * what was looked up or handed out still counts.
 */
export class VisitorBook {
  readonly #parts: VisitorParts
  readonly #challenge: NonNullable<Visitors['challenge']>
  /** By their configuration; more than one only while a reload is under way. */
  readonly #lists = new Map<string, ListSchedule>()
  #bots: { readonly key: readonly unknown[]; readonly watch: BotWatch } | undefined

  constructor(parts: VisitorParts) {
    this.#parts = parts
    const secret = Buffer.from(parts.keys.current('cookie').material.reveal(), 'base64url')
    const key = new Uint8Array(hkdfSync('sha256', secret, '', 'ringwall challenge', 32))
    this.#challenge = openChallenge({ key, rules: CHALLENGE_RULES }, parts.random)
  }

  /**
   * Reads the lists of a configuration that are not read yet, beside those in force. Resolves when each was tried. Throws
   * RingwallError for a file that cannot be read: it would deny nobody. An address that does not answer is told, and asked again.
   */
  async prepare({ lists }: PerimeterConfig): Promise<void> {
    const key = JSON.stringify(lists)
    if (lists.length === 0 || this.#lists.has(key)) return
    const schedule = new ListSchedule({
      sources: lists.map(({ name, source, every }) => ({
        name,
        everySeconds: every / 1000,
        read: (signal) => readList(source, signal),
      })),
      clock: this.#parts.clock,
      random: () => (this.#parts.random(1)[0] as number) / 256,
      onReport: (report) => this.#parts.onNotice(noticeOf(report)),
      readSeconds: READ_SECONDS,
    })
    await schedule.start()
    const unread = schedule.state().find(({ name, updatedAtMs }) => {
      const isFile = lists.some((list) => list.name === name && !isAddress(list.source))
      return isFile && updatedAtMs === undefined
    })
    if (unread) {
      schedule.close()
      const source = lists.find(({ name }) => name === unread.name)?.source
      throw new RingwallError(
        'perimeter.list-unreadable',
        `the address list \`${unread.name}\` cannot be read from ${source}; mend the file, or take it out of \`lists\``,
      )
    }
    this.#lists.set(key, schedule)
  }

  /** From now on only the lists of this configuration are kept fresh. */
  settle({ lists }: PerimeterConfig): void {
    const kept = JSON.stringify(lists)
    for (const [key, schedule] of this.#lists) {
      if (key === kept) continue
      schedule.close()
      this.#lists.delete(key)
    }
  }

  /** What a configuration uses of them. */
  of({ bots, challenge, lists }: PerimeterConfig, geography: Geography | undefined): Visitors {
    const key = [geography, bots.verify]
    if (!this.#bots || key.some((part, i) => part !== this.#bots?.key[i])) {
      const { clock } = this.#parts
      const asn = geography && ((ip: string) => geography.asn(ip))
      this.#bots = {
        key,
        watch: new BotWatch({ resolver: resolver(bots.verify), clock, ...(asn && { asn }) }),
      }
    }
    const schedule = this.#lists.get(JSON.stringify(lists))
    // INVARIANT: a deny list that was not read lets nobody in unnoticed.
    if (lists.length > 0 && !schedule) throw new Error('address lists are used before they are prepared')
    return {
      lists: schedule,
      bots: bots.enabled ? this.#bots.watch : undefined,
      challenge: challenge.enabled ? this.#challenge : undefined,
    }
  }

  close(): void {
    for (const schedule of this.#lists.values()) schedule.close()
  }
}

function isAddress(source: string): boolean {
  return source.startsWith('https://')
}

function resolver(isOn: boolean): NameResolver {
  if (isOn) return new Resolver({ timeout: 2000, tries: 2 })
  const never = (): Promise<never> => Promise.reject(new Error('look-ups are off (`bots.verify`)'))
  return { reverse: never, resolve4: never, resolve6: never }
}

function noticeOf(report: ListReport): string {
  if (report.kind === 'kept') return `address list \`${report.name}\` stays as it was: ${report.message}`
  const bad = report.badLines > 0 ? `, ${report.badLines} lines are no address` : ''
  return `address list \`${report.name}\`: ${report.networks} networks${bad}`
}

/** A file, or what an https URL answers; redirects are not followed, so that the list stays where it was named. */
async function readList(source: string, signal: AbortSignal): Promise<Uint8Array> {
  if (!isAddress(source)) {
    try {
      return await readFile(source, { signal })
    } catch (cause) {
      throw new RingwallError('perimeter.list-unreadable', `${source}: ${describeError(cause)}`, { cause })
    }
  }
  const { statusCode, body } = await request(source, { signal, headersTimeout: 10_000 })
  if (statusCode !== 200) {
    await body.dump()
    throw new RingwallError('perimeter.list-unreadable', `${source} answers ${statusCode}`)
  }
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of body as AsyncIterable<Uint8Array>) {
    size += chunk.length
    if (size > MAX_LIST_BYTES)
      throw new RingwallError('perimeter.list-unreadable', `${source} is larger than ${MAX_LIST_BYTES} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

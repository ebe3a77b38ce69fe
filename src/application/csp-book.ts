import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'

import { describeError } from '../core/errors.ts'
import { z } from '../core/schema.ts'
import type { CspReport } from './csp-report.ts'
import type { ScriptSource } from './html-injector.ts'

/** How often something was seen, and when. */
export interface Sighting {
  readonly times: number
  readonly firstMs: number
  readonly lastMs: number
}

/** A script or a style that pages hold. */
export type SeenSource = ScriptSource & Sighting

/** What browsers say that they kept from happening, by directive and by what was blocked. Anybody can send such reports. */
export interface SeenViolation extends Sighting {
  readonly directive: string
  /** Scheme, host and port, or a word such as `inline`. */
  readonly blocked: string
  /** Path of a page on which it happened. */
  readonly page: string
}

/** What is known of the pages of one origin. */
export interface CspOrigin {
  readonly sources: readonly SeenSource[]
  readonly violations: readonly SeenViolation[]
  /** Reports and sources that were not counted, since there were too many. */
  readonly uncounted: number
}

/** What is known, by origin. */
export type CspSnapshot = Readonly<Record<string, CspOrigin>>

const MAX_ORIGINS = 64
const MAX_SOURCES = 1000
const MAX_VIOLATIONS = 500
const MAX_TEXT = 512
/** Reports that are counted in a second, of all origins; more are dropped. */
const MAX_REPORTS_PER_SECOND = 100
const FLUSH_MS = 5000

const sighting = { times: z.number().int().min(1), firstMs: z.number(), lastMs: z.number() }
const snapshotSchema = z.record(
  z.string(),
  z.object({
    sources: z
      .array(z.object({ kind: z.enum(['script', 'style']), source: z.string().max(MAX_TEXT), ...sighting }))
      .max(MAX_SOURCES),
    violations: z
      .array(
        z.object({
          directive: z.string().max(40),
          blocked: z.string().max(MAX_TEXT),
          page: z.string().max(MAX_TEXT),
          ...sighting,
        }),
      )
      .max(MAX_VIOLATIONS),
    uncounted: z.number().int().min(0),
  }),
)

interface Pages {
  readonly sources: Map<string, SeenSource>
  readonly violations: Map<string, SeenViolation>
  uncounted: number
}

/** What a book is given. */
export interface CspBookOptions {
  /** Where it is kept; nowhere if not given. */
  readonly file?: string
  readonly now: () => number
  readonly onNotice?: (line: string) => void
}

/**
 * What pages hold and what browsers report of them, by origin, kept in a file. It proposes and never decides: what an attacker gets into
 * a page is seen as well, so only what a person puts on the list of the known gets a nonce. Everything in it is bounded.
 */
export class CspBook {
  readonly #options: CspBookOptions
  /** What is not in the file yet. */
  #fresh = new Map<string, Pages>()
  #timer: NodeJS.Timeout | undefined
  #writing: Promise<void> = Promise.resolve()
  #second = 0
  #reportsInSecond = 0

  constructor(options: CspBookOptions) {
    this.#options = options
  }

  /** Counts a script or a style of a page. */
  see(origin: string, { kind, source }: ScriptSource): void {
    const pages = this.#pagesOf(origin)
    if (!pages) return
    if (source.length > MAX_TEXT) pages.uncounted++
    else count(pages, 'sources', `${kind} ${source}`, { kind, source }, this.#options.now())
    this.#flushSoon()
  }

  /** Counts reports that came to an origin. Those of pages of other origins are nobody's business here. */
  report(origin: string, reports: readonly CspReport[]): void {
    const now = this.#options.now()
    for (const { rawDocumentUrl, rawBlocked, directive } of reports) {
      const page = URL.parse(rawDocumentUrl)
      const blocked = blockedOf(rawBlocked)
      if (page?.origin !== origin || blocked === undefined) continue
      const pages = this.#pagesOf(origin)
      if (!pages) return
      const second = Math.floor(now / 1000)
      if (second !== this.#second) [this.#second, this.#reportsInSecond] = [second, 0]
      if (++this.#reportsInSecond > MAX_REPORTS_PER_SECOND) pages.uncounted++
      else
        count(
          pages,
          'violations',
          `${directive} ${blocked}`,
          { directive, blocked, page: page.pathname.slice(0, MAX_TEXT) },
          now,
        )
    }
    this.#flushSoon()
  }

  /** All that is known, in the file and not yet. */
  async snapshot(): Promise<CspSnapshot> {
    return merged(await this.#read(), this.#fresh)
  }

  /** Writes what is new into the file. Gateways that share it add to it one after the other. */
  flush(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#writing = this.#writing.then(() => this.#flush())
    return this.#writing
  }

  /** Writes what is left. */
  async close(): Promise<void> {
    await this.flush()
  }

  async #flush(): Promise<void> {
    const { file, onNotice } = this.#options
    if (file === undefined || this.#fresh.size === 0) return
    const fresh = this.#fresh
    try {
      const text = JSON.stringify(merged(await this.#read(), fresh))
      this.#fresh = new Map()
      await mkdir(dirname(file), { recursive: true, mode: 0o700 })
      await writeFile(`${file}.new`, text, { mode: 0o600 })
      await rename(`${file}.new`, file)
    } catch (thrown) {
      // A part of what was learned is lost; nothing is refused or let through for that.
      onNotice?.(`what was learned of scripts could not be written: ${describeError(thrown)}`)
    }
  }

  async #read(): Promise<CspSnapshot> {
    const { file } = this.#options
    return file === undefined ? {} : ((await readCspBook(file)) ?? {})
  }

  #flushSoon(): void {
    if (this.#options.file === undefined) return
    this.#timer ??= setTimeout(() => void this.flush(), FLUSH_MS).unref()
  }

  #pagesOf(origin: string): Pages | undefined {
    const known = this.#fresh.get(origin)
    // INVARIANT: bounded, since the name of the host is the client's word.
    if (known || this.#fresh.size >= MAX_ORIGINS || origin.length > MAX_TEXT) return known
    const pages: Pages = { sources: new Map(), violations: new Map(), uncounted: 0 }
    this.#fresh.set(origin, pages)
    return pages
  }
}

/** What a file holds; undefined where there is none, or none of ours. */
export async function readCspBook(file: string): Promise<CspSnapshot | undefined> {
  try {
    const parsed = snapshotSchema.safeParse(JSON.parse(await readFile(file, 'utf8')))
    return parsed.success ? parsed.data : undefined
  } catch {
    return undefined
  }
}

/** An address is kept as its origin: what stands behind it may be somebody's. */
function blockedOf(rawBlocked: string): string | undefined {
  if (/^[a-z-]{0,32}$/.test(rawBlocked)) return rawBlocked === '' ? 'inline' : rawBlocked
  const url = URL.parse(rawBlocked)
  if (!url || rawBlocked.length > 4096) return undefined
  return url.origin === 'null' ? url.protocol.slice(0, 40) : url.origin.slice(0, MAX_TEXT)
}

function count<K extends 'sources' | 'violations'>(
  pages: Pages,
  list: K,
  key: string,
  what: Omit<CspOrigin[K][number], keyof Sighting>,
  now: number,
): void {
  const entries = pages[list] as Map<string, CspOrigin[K][number]>
  const known = entries.get(key)
  const most = list === 'sources' ? MAX_SOURCES : MAX_VIOLATIONS
  if (!known && entries.size >= most) {
    pages.uncounted++
    return
  }
  entries.set(key, {
    ...what,
    times: (known?.times ?? 0) + 1,
    firstMs: known?.firstMs ?? now,
    lastMs: now,
  } as CspOrigin[K][number])
}

function merged(snapshot: CspSnapshot, fresh: ReadonlyMap<string, Pages>): CspSnapshot {
  const origins: Record<string, CspOrigin> = { ...snapshot }
  for (const [origin, pages] of fresh) {
    const known = Object.hasOwn(origins, origin) ? origins[origin] : undefined
    if (!known && Object.keys(origins).length >= MAX_ORIGINS) continue
    const sources = joined(known?.sources ?? [], pages.sources, ({ kind, source }) => `${kind} ${source}`)
    const violations = joined(
      known?.violations ?? [],
      pages.violations,
      ({ directive, blocked }) => `${directive} ${blocked}`,
    )
    const kept = { sources: mostSeen(sources, MAX_SOURCES), violations: mostSeen(violations, MAX_VIOLATIONS) }
    const dropped =
      sources.length - kept.sources.length + violations.length - kept.violations.length + pages.uncounted
    origins[origin] = { ...kept, uncounted: (known?.uncounted ?? 0) + dropped }
  }
  return origins
}

function joined<T extends Sighting>(
  known: readonly T[],
  fresh: ReadonlyMap<string, T>,
  keyOf: (one: T) => string,
): readonly T[] {
  const all = new Map(known.map((one) => [keyOf(one), one]))
  for (const [key, one] of fresh) {
    const before = all.get(key)
    all.set(key, before ? { ...one, times: before.times + one.times, firstMs: before.firstMs } : one)
  }
  return [...all.values()]
}

/** What is seen often stays; texts that are other ones on every page do not wash it away. */
function mostSeen<T extends Sighting>(all: readonly T[], most: number): readonly T[] {
  const sorted = all.toSorted((a, b) => b.times - a.times || b.lastMs - a.lastMs)
  return sorted.slice(0, most)
}

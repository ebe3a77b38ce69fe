import type { Clock } from '../core/clock.ts'
import { describeError } from '../core/errors.ts'
import { formatIp, parseIp } from '../core/ip.ts'

/** The part of `node:dns/promises` that is needed; a parameter, since this room opens no sockets. */
export interface NameResolver {
  reverse(ip: string): Promise<readonly string[]>
  resolve4(name: string): Promise<readonly string[]>
  resolve6(name: string): Promise<readonly string[]>
}

/** The names that an address really has, or that this is not known (yet) and why. */
export type NameAnswer =
  | { readonly kind: 'names'; readonly names: readonly string[] }
  | { readonly kind: 'unknown'; readonly why: string }

/** What look-ups are made of. */
export interface NameLookUpOptions {
  readonly resolver: NameResolver
  readonly clock: Clock
  /** Names that are worth a look-up of their addresses; others are left out. */
  readonly isRelevant: (name: string) => boolean
  /** Longest wait of a request for an answer; 500 ms unless told. */
  readonly timeoutMs?: number
  /** How long an answer is kept; a day unless told. */
  readonly keptSeconds?: number
  /** How long it is kept that there was no answer; a minute unless told. */
  readonly failureKeptSeconds?: number
  /** Most addresses kept; 10,000 unless told. The one not asked for longest goes first. */
  readonly maxAddresses?: number
  /** Most look-ups under way at once; 32 unless told. Beyond, addresses stay unknown. */
  readonly maxLookUps?: number
}

const MAX_NAMES = 16
const MAX_RELEVANT_NAMES = 4
const MAX_ADDRESSES = 64
const MAX_NAME_LENGTH = 253
const GIVE_UP_MS = 30_000
const TOO_LATE: NameAnswer = { kind: 'unknown', why: 'no answer from the name servers in time' }
const TOO_MANY: NameAnswer = { kind: 'unknown', why: 'too many look-ups under way' }
const NO_ADDRESS: NameAnswer = { kind: 'unknown', why: 'not an address' }

/**
 * Forward-confirmed reverse DNS (RFC 8501 4): the names of an address that lead back to it. Anybody can name his own addresses
 * as he likes, but not make a foreign name lead to them.
 */
export class NameLookUps {
  readonly #options: Required<NameLookUpOptions>
  readonly #kept = new Map<string, { readonly answer: NameAnswer; readonly untilMs: number }>()
  readonly #open = new Map<string, Promise<NameAnswer>>()

  constructor(options: NameLookUpOptions) {
    this.#options = {
      timeoutMs: 500,
      keptSeconds: 86_400,
      failureKeptSeconds: 60,
      maxAddresses: 10_000,
      maxLookUps: 32,
      ...options,
    }
  }

  /** Addresses whose answer is kept. */
  get size(): number {
    return this.#kept.size
  }

  /** At once where the answer is kept, otherwise after the timeout at the latest. Never rejects. */
  find(ip: string): NameAnswer | Promise<NameAnswer> {
    const address = parseIp(ip)
    if (!address) return NO_ADDRESS
    const key = formatIp(address)
    const kept = this.#kept.get(key)
    if (kept) {
      this.#kept.delete(key)
      if (kept.untilMs > this.#options.clock.now()) {
        this.#kept.set(key, kept)
        return kept.answer
      }
    }
    const open = this.#open.get(key)
    if (open) return open
    if (this.#open.size >= this.#options.maxLookUps) return TOO_MANY
    const answer = orAfter(GIVE_UP_MS, this.#lookUp(key, address.bits)).then((answer) =>
      this.#keep(key, answer),
    )
    const inTime = orAfter(this.#options.timeoutMs, answer)
    this.#open.set(key, inTime)
    return inTime
  }

  #keep(key: string, answer: NameAnswer): NameAnswer {
    const { clock, failureKeptSeconds, keptSeconds, maxAddresses } = this.#options
    const seconds = answer.kind === 'names' ? keptSeconds : failureKeptSeconds
    this.#open.delete(key)
    this.#kept.set(key, { answer, untilMs: clock.now() + seconds * 1000 })
    if (this.#kept.size > maxAddresses) this.#kept.delete(this.#kept.keys().next().value as string)
    return answer
  }

  async #lookUp(ip: string, bits: 32 | 128): Promise<NameAnswer> {
    const { isRelevant, resolver } = this.#options
    const pointers = await listOrFailure(() => resolver.reverse(ip))
    if (typeof pointers === 'string') return { kind: 'unknown', why: pointers }
    const names = pointers.slice(0, MAX_NAMES).map(plainName).filter(isRelevant).slice(0, MAX_RELEVANT_NAMES)
    const confirmed: string[] = []
    let failure: string | undefined
    for (const name of names) {
      const addresses = await listOrFailure(() =>
        bits === 32 ? resolver.resolve4(name) : resolver.resolve6(name),
      )
      if (typeof addresses === 'string') failure = addresses
      else if (addresses.slice(0, MAX_ADDRESSES).some((address) => isSame(address, ip))) confirmed.push(name)
    }
    if (confirmed.length === 0 && failure !== undefined) return { kind: 'unknown', why: failure }
    return { kind: 'names', names: confirmed }
  }
}

/** The answer; an empty list where the name servers say that there is nothing; or what went wrong. */
async function listOrFailure(ask: () => Promise<readonly string[]>): Promise<readonly string[] | string> {
  try {
    return await ask()
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'failure'
    return code === 'ENOTFOUND' || code === 'ENODATA' ? [] : `the name servers answered ${code}`
  }
}

function orAfter(ms: number, answer: Promise<NameAnswer>): Promise<NameAnswer> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(TOO_LATE), ms).unref()
    const settle = (found: NameAnswer): void => {
      clearTimeout(timer)
      resolve(found)
    }
    answer.then(settle, (error: unknown) =>
      settle({ kind: 'unknown', why: `the look-up failed: ${describeError(error)}` }),
    )
  })
}

/** Lower case and without the root's dot; empty where it is no name at all. */
function plainName(name: string): string {
  if (name.length > MAX_NAME_LENGTH + 1) return ''
  return (name.endsWith('.') ? name.slice(0, -1) : name).toLowerCase()
}

function isSame(address: string, ip: string): boolean {
  const parsed = parseIp(address)
  return parsed !== undefined && formatIp(parsed) === ip
}

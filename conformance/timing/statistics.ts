/** How two samples of times differ. */
export interface Difference {
  /** Welch's t of all samples. */
  readonly t: number
  /** Welch's t without what is slower than nine tenths of both together: pauses of the machine hide small differences. */
  readonly cropped: number
  readonly medianA: number
  readonly medianB: number
}

/** Welch's t-test, as dudect uses it (Reparaz, Balasch, Verbauwhede 2017): beyond 4.5 the two are told apart. */
export function welch(a: readonly number[], b: readonly number[]): Difference {
  const all = [...a, ...b].sort((x, y) => x - y)
  const limit = all[Math.floor(all.length * 0.9)] ?? Number.POSITIVE_INFINITY
  const crop = (some: readonly number[]): readonly number[] => some.filter((time) => time <= limit)
  return { t: tOf(a, b), cropped: tOf(crop(a), crop(b)), medianA: median(a), medianB: median(b) }
}

function tOf(a: readonly number[], b: readonly number[]): number {
  const [one, other] = [moments(a), moments(b)]
  const spread = Math.sqrt(one.variance / a.length + other.variance / b.length)
  return spread === 0 ? 0 : (one.mean - other.mean) / spread
}

function moments(some: readonly number[]): { readonly mean: number; readonly variance: number } {
  const mean = some.reduce((sum, time) => sum + time, 0) / some.length
  const variance = some.reduce((sum, time) => sum + (time - mean) ** 2, 0) / (some.length - 1)
  return { mean, variance }
}

function median(some: readonly number[]): number {
  return some.toSorted((x, y) => x - y)[Math.floor(some.length / 2)] ?? 0
}

const OF_THE_MOMENT = new Set(['ringwall-id', 'date', 'ratelimit'])

/** Nonces and the tokens of cookies. */
const RANDOM = /('nonce-|__Host-ringwall-ceremony=)[\w+/=-]{20,}/g

/** Status, fields and length of an answer, without what differs each time. */
export function shapeOf(status: number, headers: Headers, text: string): string {
  const fields = [...headers]
    .filter(([name]) => !OF_THE_MOMENT.has(name))
    .map((field) => field.join(': ').replaceAll(RANDOM, '$1'))
  return [status, ...fields, text.length].join('\n')
}

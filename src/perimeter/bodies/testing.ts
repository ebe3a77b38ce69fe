/** A whole number from 0 to below `limit`, the same sequence for the same seed. */
export type Random = (limit: number) => number

/** Random numbers for tests that can be repeated (xorshift, Marsaglia 2003). */
export function randomNumbers(seed: number): Random {
  let state = seed * 0x9e3779b1 || 1
  return (limit) => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % limit
  }
}

/** One of a list. */
export function pick<T>(random: Random, list: readonly T[]): T {
  return list[random(list.length)] as T
}

const BITS = [
  '"',
  '\\',
  '{',
  '}',
  '[',
  ']',
  '<',
  '>',
  '&',
  ';',
  ':',
  ',',
  '-',
  '--b',
  '\r\n',
  '\n',
  '\0',
  '\xff',
  '=',
  '%',
  ' ',
]

/** A byte string with up to four places cut, doubled, swapped or filled with what means something to a reader. */
export function damage(random: Random, body: string): string {
  let damaged = body
  for (let times = random(4) + 1; times > 0; times--) {
    const at = random(damaged.length + 1)
    const end = at + random(8)
    const kind = random(4)
    const filling =
      kind === 0
        ? ''
        : kind === 1
          ? pick(random, BITS)
          : kind === 2
            ? String.fromCharCode(random(256))
            : undefined
    damaged =
      damaged.slice(0, at) +
      (filling ?? damaged.slice(at, end).repeat(2)) +
      damaged.slice(random(2) === 0 ? at : end)
  }
  return damaged
}
